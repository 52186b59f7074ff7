"""Members that start at the same moment before their Kafka is there find each other, with nobody's help (Egeria's open
defect 6353). A few rounds here; `python -m bench.storm` runs a hundred."""

import pytest

from bench.storm import Encoding, Round, print_rounds, storm

pytestmark = [pytest.mark.kafka, pytest.mark.faults]

ROUNDS = 2


@pytest.mark.parametrize("encoding", ["avro", "egeria-json"])
def test_a_late_broker_and_simultaneous_starts(capsys: pytest.CaptureFixture[str], encoding: Encoding) -> None:
    found = storm(ROUNDS, late=5.0, parallel=ROUNDS, encoding=encoding)
    assert [one.number for one in found] == list(range(1, ROUNDS + 1))
    assert all(one.complete is not None for one in found), found
    print_rounds(found, 3)
    assert f"{ROUNDS} of {ROUNDS}" in capsys.readouterr().out


def test_a_round_that_is_not_complete_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_rounds([Round(1, 2.0, 5.0, 7.5), Round(2, 12.0, 15.0, None)], 3)
    said = capsys.readouterr().out
    assert "1 of 2" in said and "0 of 1" in said and "2.5 s" in said
