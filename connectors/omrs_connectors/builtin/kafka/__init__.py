"""Topics of a Kafka cluster, and the subjects of its schema registry."""
