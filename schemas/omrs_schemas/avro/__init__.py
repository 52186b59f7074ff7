"""The Avro schemas (.avsc) of registry, TypeDef and instance events and of audit records: generated from the models, reviewed as files."""
