"""What two real Egeria 4.2 servers answered, call by call, two servers of ours answer too.

Every difference stands, with its reason, in a table of docs/egeria-cohort.md, which is what these tests compare with.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import yaml
from e2e_samples import members
from recorded_replay import Bean, Replay, difference, outcome

from omrs_schemas.model import responses
from omrs_schemas.model.dates import iso_dates
from omrs_streams.log.embedded import Endpoint
from recorded import Exchange, exchanges
from shared_data import require_shared
from workers import PATIENT, eventually, fleet, unique

pytestmark = pytest.mark.kafka

PAGE = Path(__file__).resolve().parents[2] / "docs" / "egeria-cohort.md"
COLLECTIONS = {
    "cocoMDS1": "11111111-1111-4111-8111-111111111111",
    "cocoMDS2": "22222222-2222-4222-8222-222222222222",
}
NUMBERS = range(78)


def unrecorded() -> dict[int, list[Exchange]]:
    """What else was done at the recorded servers, by the number of the call that it preceded: an earlier run had added
    the types of calls 71 and 73, and calls 59 and 61 show a relationship with the external entity of call 25."""
    calls = exchanges()
    ends = {"entityTwoGUID": calls[25].response["entity"]["guid"]}
    synonym = replace(calls[69], path="/instances/relationship", body=calls[69].body | ends, response={})
    return {0: [calls[71], calls[73]], 48: [synonym]}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the page's table. `calls`: empty for a difference that any call may have."""

    calls: frozenset[int]
    egeria: frozenset[str]
    ours: frozenset[str]


def rows() -> Iterator[Row]:
    """The table whose first column is `Calls`."""
    lines = iter(PAGE.read_text(encoding="utf-8").splitlines())
    for line in lines:
        if line.startswith("| Calls |"):
            break
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            return
        calls, egeria, ours, why = (cell.strip() for cell in line.strip("|").split("|"))
        assert why, line
        yield Row(frozenset(_numbers(calls)), *(frozenset(re.findall(r"`([^`]+)`", cell)) for cell in (egeria, ours)))


def _numbers(cell: str) -> Iterator[int]:
    for part in () if cell == "any" else cell.split(", "):
        first, _, last = part.partition("–")
        yield from range(int(first), int(last or first) + 1)


ROWS = tuple(rows())
ANYWHERE = [row for row in ROWS if not row.calls]


@pytest.fixture(scope="module")
def answers(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Bean]]:
    """Our answer to each of the recorded calls, made in their order."""
    calls, root = exchanges(), tmp_path_factory.mktemp("recorded")
    types = require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")
    with fleet(root, kafka.bootstrap_servers) as ours:
        cohort, running = unique("recorded"), {}
        for name, collection in COLLECTIONS.items():
            config = root / f"{name}.yaml"
            settings = {"metadata_collection_id": collection, "types": str(types), "cohorts": [cohort]}
            config.write_text(yaml.safe_dump(settings) + PATIENT)
            running[name] = ours.spawn(unique(name), config=config)
        for each in running.values():
            ours.await_url(each).wait_ready()
        for each in running.values():
            known = partial(members, each, cohort)
            eventually(lambda known=known: known() >= set(COLLECTIONS.values()), "the servers know each other")
        rest = {name: each.rest("garygeeke") for name, each in running.items()}
        replay = Replay(rest, {name: each.server for name, each in running.items()})
        found, before = {}, unrecorded()
        for number in NUMBERS:
            for other in before.get(number, ()):
                assert replay.make(other)["relatedHTTPCode"] == 200
            found[number] = replay.make(calls[number])
        yield found
        for each in running.values():
            assert "failed unexpectedly" not in each.log_text()


def found(number: int, answers: dict[int, Bean]) -> tuple[frozenset[str], frozenset[str]]:
    """How our answer differs, without what any answer may differ in."""
    theirs, ours = difference(outcome(exchanges()[number].response), outcome(answers[number]))
    return (
        frozenset(each for each in theirs if not any(_last(each) in row.egeria for row in ANYWHERE)),
        frozenset(each for each in ours if not any(_last(each) in row.ours for row in ANYWHERE)),
    )


def _last(path: str) -> str:
    return path.rpartition("/")[2]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_outcome_is_that_of_egeria_but_for_what_the_page_says(number: int, answers: dict[int, Bean]) -> None:
    listed = [(row.egeria, row.ours) for row in ROWS if number in row.calls]
    assert len(listed) <= 1, "one row says all about a call"
    assert found(number, answers) == (listed[0] if listed else (frozenset(), frozenset())), answers[number]


def test_what_the_page_says_of_any_call_is_seen(answers: dict[int, Bean]) -> None:
    seen = [difference(outcome(exchanges()[number].response), outcome(answers[number])) for number in NUMBERS]
    theirs, ours = ({_last(path) for pair in seen for path in pair[side]} for side in (0, 1))
    for row in ANYWHERE:
        assert row.egeria <= theirs, row
        assert row.ours <= ours, row


def test_every_answer_of_ours_goes_through_the_beans_without_loss(answers: dict[int, Bean]) -> None:
    for number, answer in answers.items():
        model: type[responses.OMRSAPIResponse] = getattr(responses, answer["class"])
        assert iso_dates(model.model_validate(answer).to_bean()) == answer, number


def test_every_recorded_call_is_made() -> None:
    assert [exchange.number for exchange in exchanges()] == list(NUMBERS)
