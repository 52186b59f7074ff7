"""Pages over any members: put together they are the whole, in order, each instance once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_members import MemoryMember, Together, term

GUIDS = [f"{number:02}" for number in range(12)]
HOMES = ("local", "b", "c")


@st.composite
def members(draw: st.DrawFn) -> list[MemoryMember]:
    """Each instance at its home, and old copies of it anywhere."""
    held: dict[str, list[dict[str, object]]] = {home: [] for home in HOMES}
    for guid in draw(st.lists(st.sampled_from(GUIDS), unique=True)):
        home = draw(st.sampled_from(HOMES))
        for member in HOMES:
            if member == home:
                held[member].append(term(guid, home, 5))
            elif draw(st.booleans()):
                held[member].append(term(guid, home, draw(st.integers(1, 5))))
    return [MemoryMember(name, *draw(st.permutations(beans))) for name, beans in held.items()]


@pytest.mark.parametrize("order", [None, "ANY", "GUID"])
@settings(deadline=None, max_examples=20)
@given(together=members(), size=st.integers(1, 5), hidden=st.sets(st.sampled_from(GUIDS), max_size=6))
def test_pages_are_parts_of_one_order(
    order: str | None, together: list[MemoryMember], size: int, hidden: set[str]
) -> None:
    federation = Together(*together, hidden=sorted(hidden))
    body = {} if order is None else {"sequencingOrder": order}
    whole = federation("findEntities", body=body).result
    assert [bean["guid"] for bean in whole] == sorted({guid for each in together for guid in each.held} - hidden)
    assert all(bean["version"] == 5 for bean in whole), "the home is believed"
    pages = []
    while page := federation("findEntities", body={**body, "offset": len(pages), "pageSize": size}).result:
        assert len(page) == size or len(pages) + len(page) == len(whole), "only the last is shorter"
        pages += page
    assert pages == whole
