"""The contract: Avro schemas, pydantic models, codecs and TypeDefs of open metadata events.

Imports nothing of ours; a producer or consumer of events needs only this package.
"""
