"""The daemon process: configuration, connector handlers, timers, event wake-ups."""
