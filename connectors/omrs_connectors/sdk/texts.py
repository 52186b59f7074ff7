"""Values of a `map<string,object>`: metadata servers keep plain ones only, so lists and mappings are kept as JSON."""

from typing import Any

import orjson


def as_text(value: Any) -> Any:
    """A value that such a map can hold."""
    return orjson.dumps(value).decode() if isinstance(value, dict | list | tuple) else value


def from_text(value: Any) -> Any:
    """The value that `as_text` made text of; any other text stays what it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value
