"""What a connector author subclasses and is handed: connector, context, listener."""
