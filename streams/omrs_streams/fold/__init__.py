"""Pure folding of server log records into state: no I/O, no clock, no configuration."""
