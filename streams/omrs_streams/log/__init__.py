"""Topics, log records, producers, batch consumers, dead letters and the embedded Kafka."""
