"""Which side follows which, what is read of tags, and the SQL that comes of it."""

import pytest

from omrs_connectors.builtin.postgres_catalog.comments import join, split
from omrs_connectors.builtin.security_sync.decision import Action, decide
from omrs_connectors.builtin.security_sync.objects import MARK, SecuredObject
from omrs_connectors.builtin.security_sync.statements import Change, statements
from omrs_connectors.builtin.security_sync.tags import NOTHING, Tags, spelled_out
from omrs_connectors.sdk import PermittedSynchronization

A, B = Tags.of(labels=["a"]), Tags.of(labels=["b"])
TO, FROM, BOTH = (
    PermittedSynchronization.TO_THIRD_PARTY,
    PermittedSynchronization.FROM_THIRD_PARTY,
    PermittedSynchronization.BOTH_DIRECTIONS,
)


@pytest.mark.parametrize(
    ("direction", "metadata", "database", "agreed", "expected"),
    [
        (TO, None, A, None, Action.NONE),  # never looked after
        (TO, A, NOTHING, None, Action.TO_DATABASE),
        (TO, A, A, None, Action.AGREE),
        (TO, A, A, A, Action.NONE),
        (TO, A, B, A, Action.TO_DATABASE),  # somebody changed the database: it follows all the same
        (TO, None, A, A, Action.TO_DATABASE),  # tags were taken away
        (TO, None, NOTHING, A, Action.AGREE),
        (FROM, None, A, None, Action.TO_METADATA),
        (FROM, None, NOTHING, None, Action.NONE),
        (FROM, A, B, None, Action.TO_METADATA),
        (FROM, A, NOTHING, None, Action.TO_METADATA),
        (FROM, A, A, None, Action.NONE),
        (BOTH, None, NOTHING, None, Action.NONE),
        (BOTH, None, A, None, Action.TO_METADATA),
        (BOTH, A, NOTHING, None, Action.TO_DATABASE),
        (BOTH, A, A, None, Action.AGREE),
        (BOTH, A, A, A, Action.NONE),
        (BOTH, B, A, A, Action.TO_DATABASE),  # metadata changed
        (BOTH, A, B, A, Action.TO_METADATA),  # the database changed
        (BOTH, None, A, A, Action.TO_DATABASE),  # taken away in metadata
        (BOTH, A, NOTHING, A, Action.TO_METADATA),  # taken away in the database
    ],
)
def test_who_follows_whom(
    direction: PermittedSynchronization, metadata: Tags | None, database: Tags, agreed: Tags | None, expected: Action
) -> None:
    digest = None if agreed is None else agreed.digest
    for winner in ("metadata", "database"):
        assert decide(direction, winner, metadata, database, digest, ours=True) is expected


def test_where_both_changed_the_winner_is_configured() -> None:
    for agreed in (Tags.of(labels=["c"]).digest, None):
        assert decide(BOTH, "metadata", A, B, agreed, ours=True) is Action.TO_DATABASE
        assert decide(BOTH, "database", A, B, agreed, ours=True) is Action.TO_METADATA


def test_tags_of_others_are_left_alone() -> None:
    for database in (NOTHING, B):
        assert decide(FROM, "metadata", A, database, None, ours=False) is Action.NONE


def test_tags_as_metadata_has_them_in_either_release() -> None:
    tags = Tags.of(["secret"], {"reason": "law"}, [("analyst", "SELECT"), ("analyst", "INSERT")])
    six = {"securityLabels": ["secret"], "securityProperties": {"reason": "law", "access:analyst": "INSERT, SELECT"}}
    four = {
        "securityLabels": ["secret"],
        "securityProperties": {"reason": "law"},
        "accessGroups": {"analyst": "INSERT, SELECT"},
    }
    assert (tags.to_metadata(access_groups=False), tags.to_metadata(access_groups=True)) == (six, four)
    assert Tags.from_metadata(six) == Tags.from_metadata(four) == tags
    assert Tags.from_metadata({"accessGroups": {"analyst": ["select", "insert"]}}).access == tags.access
    assert not NOTHING and not NOTHING.to_metadata(access_groups=False)
    assert spelled_out({("r", "ALL")}, frozenset({"SELECT", "UPDATE"})) == {("r", "SELECT"), ("r", "UPDATE")}


def test_notes_in_comments() -> None:
    assert split(None) == (None, {}) and join(None, {}) is None
    notes = {MARK: {"agreed": "1"}, "omrs-virtualizer": {"of": "x"}}
    for text in (None, "who buys", "two\nlines", "omrs-security: no note"):
        assert split(join(text, notes)) == (text, notes)
    assert split("omrs-security: {no json}") == ("omrs-security: {no json}", {})


def thing(column: str | None = None, kind: str = "r", **found: object) -> SecuredObject:
    return SecuredObject("k", 'sch"ema', "ta;ble", column, kind, "it's", {}, Tags.of(**found))


def sql_of(*changes: Change) -> list[str]:
    return [statement.as_string(None) for statement in statements(changes)]


def test_every_identifier_is_quoted() -> None:
    said = sql_of(Change(thing('co"l'), Tags.of(access=[('ro"le; drop', "SELECT"), ("PUBLIC", "UPDATE")])))
    assert said[:2] == [
        'grant UPDATE ("co""l") on table "sch""ema"."ta;ble" to public',
        'grant SELECT ("co""l") on table "sch""ema"."ta;ble" to "ro""le; drop"',
    ]
    assert said[2].startswith('comment on column "sch""ema"."ta;ble"."co""l" is \'it\'\'s\nomrs-security: {"agreed"')
    assert sql_of(Change(thing(kind="m", labels=["x"]), NOTHING)) == []
    with pytest.raises(AssertionError):
        sql_of(Change(thing(), Tags.of(access=[("r", "SELECT; drop table x")])))


def test_what_is_taken_on_a_table_is_given_back_on_its_columns() -> None:
    read = [("r", "SELECT")]
    table = Change(thing(access=read), NOTHING, marked=False)
    column = Change(thing("c", access=read), Tags.of(access=read), marked=False)
    assert sql_of(column, table) == [
        'revoke SELECT on table "sch""ema"."ta;ble" from "r"',
        'grant SELECT ("c") on table "sch""ema"."ta;ble" to "r"',
    ]
    assert sql_of(column) == []
