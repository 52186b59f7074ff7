"""Encodings of events: Avro single-object, Confluent framing, Egeria JSON."""
