"""What a store needs of the event codec; `omrs_schemas.codec.EventCodec` is it."""

from typing import Any, Protocol

Bean = dict[str, Any]


class PayloadCodec(Protocol):
    """Both raise CodecError on bytes that are not an InstanceEvent of a known schema."""

    def decode(self, data: bytes) -> Bean:
        """The whole event bean."""
        ...

    def decode_record(self, data: bytes) -> Bean:
        """The Avro record, without conversion: what indexes are made from."""
        ...
