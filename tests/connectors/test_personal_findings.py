"""What a classification says once findings are joined: the same whatever order they come in, and idempotent."""

from hypothesis import given
from hypothesis import strategies as st

from omrs_connectors.builtin.personal_data.findings import MAX_ITEMS, RESTRICTED, SENSITIVE, SOURCE, items_of, merged

LEVEL = "confidentialityLevel"
NAMES = st.text(min_size=1, max_size=12)
KINDS = st.sampled_from(["email address", "iban kind", "national identifier", "person's name"])
FOUND = st.dictionaries(NAMES, KINDS, min_size=1, max_size=8)


@given(FOUND)
def test_the_same_findings_again_change_nothing(found: dict[str, str]) -> None:
    first = merged({}, found, LEVEL)
    assert first is not None
    assert merged(first, found, LEVEL) is None


@given(FOUND, FOUND)
def test_order_does_not_matter(one: dict[str, str], two: dict[str, str]) -> None:
    def join(first: dict[str, str], second: dict[str, str]) -> dict[str, object] | None:
        start = merged({}, first, LEVEL) or {}
        return merged(start, second, LEVEL) or start

    assert join(one, two) == join(two, one)


def test_more_findings_than_fit_settle() -> None:
    properties: dict[str, object] = {}
    found = {f"email{number:03}": "email address" for number in range(MAX_ITEMS * 2)}
    for name, kind in found.items():
        properties = merged(properties, {name: kind}, LEVEL) or properties
    assert len(items_of(str(properties["notes"]))) == MAX_ITEMS
    assert merged(properties, found, LEVEL) is None


def test_identifiers_are_restricted_and_a_level_is_never_lowered() -> None:
    sensitive = merged({}, {"email": "email address"}, LEVEL)
    assert sensitive is not None
    assert (sensitive[LEVEL], sensitive["source"]) == (SENSITIVE, SOURCE)
    restricted = merged(sensitive, {"ssn": "national identifier"}, LEVEL)
    assert restricted is not None
    assert restricted[LEVEL] == RESTRICTED
    assert merged({**restricted, "notes": None}, {"email": "email address"}, LEVEL)[LEVEL] == RESTRICTED
