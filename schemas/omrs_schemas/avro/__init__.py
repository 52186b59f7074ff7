"""The Avro schemas (.avsc) of registry, TypeDef and instance events: generated from the models, reviewed as files."""
