"""The bytes of index values are ordered as the values are, and lead back to them."""

import math

from hypothesis import given
from hypothesis import strategies as st

from omrs_streams.store.encoding import MAX_TEXT, decode, encode, encode_prefix

integers = st.integers(-(1 << 63), (1 << 63) - 1)
reals = st.floats(allow_nan=False)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@given(st.one_of(st.tuples(integers, integers), st.tuples(reals, reals), st.tuples(texts, texts)))
def test_order_is_kept(pair: tuple[int, int] | tuple[float, float] | tuple[str, str]) -> None:
    one, other = pair
    left, right = encode(one), encode(other)
    assert left is not None
    assert right is not None
    if one == other:
        assert left == right
    else:
        assert (left < right) == (one < other)


@given(st.one_of(integers, reals, texts, st.booleans()), texts)
def test_decoding_gives_the_value_back(value: int | float | str, tail: str) -> None:
    data = encode(value)
    assert data is not None
    term, end = decode(data + tail.encode())
    assert (term.value, type(term.value), end) == (value, type(value), len(data))


@given(texts, texts)
def test_a_string_begins_with_the_bytes_of_its_beginning(start: str, rest: str) -> None:
    whole = encode(start + rest)
    assert whole is not None
    assert whole.startswith(encode_prefix(start))


@given(st.integers(240, 260), st.sampled_from("aä€😀"))
def test_cutting_keeps_whole_characters(length: int, character: str) -> None:
    data = encode(character * length)
    assert data is not None
    term, _ = decode(data)
    assert isinstance(term.value, str)
    assert set(term.value) == {character}
    size = len(term.value.encode())
    assert size <= MAX_TEXT
    assert term.cut == (size > MAX_TEXT - 4)
    assert term.cut or len(term.value) == length


def test_what_is_no_number_sorts_behind_all_numbers() -> None:
    nan, infinity = encode(math.nan), encode(math.inf)
    assert nan is not None
    assert infinity is not None
    assert nan > infinity


def test_integers_beyond_64_bits_have_no_form() -> None:
    assert encode(1 << 63) is None
