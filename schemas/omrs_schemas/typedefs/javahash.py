"""The order in which a Java `HashMap` hands out its values.

A patched type's attributes come out of a peer in this order, and peers compare attribute lists in order (OMRS types
§ 5, the order trap), so a patch applied here has to end in the same order.
Compared with Java 17 on thousands of name lists. Not imitated: a bucket of nine keys or more in a table of 64 or more
becomes a tree there, with one key moved to its front; that takes names made to collide.
"""

from collections.abc import Iterable

_FIRST_CAPACITY = 16
_LOAD_FACTOR = 0.75
_CROWDED = 8  # a bucket that grows beyond this doubles the table while that is still small …
_SMALL_TABLE = 64  # … which is below this capacity


def string_hash(text: str) -> int:
    """`String.hashCode()` as an unsigned 32-bit number; it runs over UTF-16 code units."""
    units = text.encode("utf-16-be", "surrogatepass")
    value = 0
    for index in range(0, len(units), 2):
        value = (31 * value + (units[index] << 8 | units[index + 1])) & 0xFFFFFFFF
    return value


def hash_map_order(keys: Iterable[str]) -> list[str]:
    """Distinct `keys`, put one after the other into a new HashMap, in the order of its iteration."""
    spread = {key: (value := string_hash(key)) ^ (value >> 16) for key in keys}
    capacity = _FIRST_CAPACITY
    buckets: dict[int, list[str]] = {}
    for count, (key, value) in enumerate(spread.items(), start=1):
        bucket = buckets.setdefault(value & (capacity - 1), [])
        bucket.append(key)
        if len(bucket) > _CROWDED and capacity < _SMALL_TABLE:
            capacity, buckets = _doubled(capacity, buckets, spread)
        if count > capacity * _LOAD_FACTOR:
            capacity, buckets = _doubled(capacity, buckets, spread)
    return [key for slot in sorted(buckets) for key in buckets[slot]]


def _doubled(capacity: int, buckets: dict[int, list[str]], spread: dict[str, int]) -> tuple[int, dict[int, list[str]]]:
    """Each bucket splits in two and keeps its order in both halves."""
    capacity *= 2
    split: dict[int, list[str]] = {}
    for slot in sorted(buckets):
        for key in buckets[slot]:
            split.setdefault(spread[key] & (capacity - 1), []).append(key)
    return capacity, split
