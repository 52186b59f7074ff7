"""The Avro schemas (.avsc) of registry, TypeDef and instance events and of audit records.

Generated from the models, reviewed as files.
"""
