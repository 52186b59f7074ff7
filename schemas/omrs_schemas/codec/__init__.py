"""Encodings of events: Avro single-object, Confluent framing, Egeria JSON."""

from omrs_schemas.codec.avro import FINGERPRINTS, EventCodec, fingerprint

__all__ = ["FINGERPRINTS", "EventCodec", "fingerprint"]
