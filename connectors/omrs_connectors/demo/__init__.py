"""`omrs demo`: everything at once, on one machine, with processes that end when the demo does."""
