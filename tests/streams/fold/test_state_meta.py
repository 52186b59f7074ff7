"""The packed form keeps every field, whatever text guids and ids are made of."""

from hypothesis import given
from hypothesis import strategies as st

from omrs_streams.fold.meta import StateMeta

numbers = st.integers(-(1 << 63), (1 << 63) - 1)
counts = st.integers(0, (1 << 32) - 1)
texts = st.text(max_size=40)
metas = st.builds(
    StateMeta,
    counts,
    counts,
    counts,
    numbers,
    numbers,
    numbers,
    numbers,
    numbers,
    st.integers(0, 31),
    texts,
    texts,
    texts,
    texts,
)


@given(metas)
def test_unpack_is_the_inverse_of_pack(meta: StateMeta) -> None:
    assert StateMeta.unpack(meta.pack()) == meta


@given(metas)
def test_flags_are_told_apart(meta: StateMeta) -> None:
    told = (meta.deleted, meta.tombstone, meta.proxy, meta.relationship, meta.has_overlay)
    assert meta.flags == sum(1 << bit for bit, flag in enumerate(told) if flag)
