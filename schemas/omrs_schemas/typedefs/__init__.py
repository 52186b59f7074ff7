"""The built-in open metadata types and the in-memory type system."""
