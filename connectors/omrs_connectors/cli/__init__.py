"""Sub-commands that plug into `omrs`: daemon and demo."""
