"""What a good connector does, as checks to call from a test. Each raises AssertionError that says what went wrong.

They are about behaviour that every connector owes its users; what it catalogues is the business of its own tests.
"""

from collections.abc import Callable

from omrs_connectors.kit.kit import ConnectorKit
from omrs_connectors.kit.trial import Trial
from omrs_connectors.runtime.status import ConnectorStatus
from omrs_connectors.sdk import ActivityReport, PermittedSynchronization

Make = Callable[[ConnectorKit], Trial]
"""Makes the trial of a connector at a kit's server."""

DEATHS = 12  # places where a first sync is killed: the first, the last and some between


def check_repeatable(trial: Trial) -> ActivityReport:
    """A second refresh changes nothing, and nothing is written behind the report's back. The first one's report."""
    first = trial.refresh()
    before = trial.world.position()
    second = trial.refresh()
    assert not second.changed, f"a refresh of an unchanged source changed metadata: {_changes(second)}"
    records, _ = trial.world.events(before)
    kinds = sorted({record.headers.get("kind", b"").decode() for record in records})
    assert not records, f"a refresh of an unchanged source wrote what its report does not tell: {', '.join(kinds)}"
    return first


def check_report_is_complete(trial: Trial) -> ActivityReport:
    """A refresh reports what it changes: every entity and relationship that it made, changed or deleted, and no other.

    Relationships that the server deletes together with an entity need not be named.
    """
    trial.start()
    before = trial.world.position()
    report = trial.refresh()
    records, _ = trial.world.events(before)
    told = {guid for kind in ("created", "updated", "deleted") for guid in report.guids(kind)}
    changed = {(record.key or b"").decode() for record in records if "cause" not in record.headers}
    assert changed <= told, f"changed and not reported: {sorted(changed - told)}"
    everything = {(record.key or b"").decode() for record in records}
    assert told <= everything, f"reported and not changed: {sorted(told - everything)}"
    return report


def check_empty_source(trial: Trial, empty: Callable[[], object]) -> ActivityReport:
    """When the source suddenly holds nothing (`empty` makes it so), nothing is deleted, and people are told."""
    trial.refresh()
    empty()
    report = trial.refresh(check=False)
    deleted = report.counts()["deleted"]
    assert deleted == 0, f"an empty source deleted {deleted} elements"
    told = report.messages or trial.failure or trial.status is ConnectorStatus.FAILED
    assert told, "an empty source was taken without a word: no message in the report, no failure"
    return report


def check_source_down(trial: Trial, down: Callable[[], object], up: Callable[[], object]) -> None:
    """While the source cannot be reached nothing is changed and the connector says so; after a restart it goes on where
    it was."""
    trial.refresh()
    before = trial.world.position()
    down()
    report = trial.refresh(check=False)
    assert not report.changed, f"a source that is down changed metadata: {_changes(report)}"
    told = report.messages or trial.failure
    assert told, "a source that is down was taken without a word: no message in the report, no failure"
    up()
    trial.restart()
    after = trial.refresh()
    assert not after.changed, f"the same source, back again, changed metadata: {_changes(after)}"
    records, _ = trial.world.events(before)
    assert not records, f"{len(records)} changes were made while the source was away"


def check_killed_in_the_middle(kit: ConnectorKit, make: Make, *, deaths: int = DEATHS) -> int:
    """Wherever a first sync is killed, the next life completes it: no gap, nothing twice. The number of changes of a
    first sync.

    At a new server for each death; `make` makes the same trial at each.
    """
    whole = kit.fresh()
    trial = make(whole)
    trial.refresh()
    writes = trial.writes
    wanted = whole.snapshot()
    assert writes, "the first refresh changed nothing: there is nothing to be killed in"
    places = sorted({round(place * (writes - 1) / max(1, deaths - 1)) for place in range(deaths)})
    for place in places:
        other = kit.fresh()
        trial = make(other).die_after(writes=place)
        trial.refresh(check=False)
        assert trial.died, f"the connector made {trial.writes} changes this time, not {writes}: its order is not fixed"
        trial.restart()
        trial.refresh()
        difference = wanted.difference(other.snapshot())
        assert not difference, f"killed after {place} of {writes} changes, then refreshed:\n" + "\n".join(difference)
        again = trial.refresh()
        assert not again.changed, f"killed after {place} changes, the third life still changed {_changes(again)}"
        other.close()
    whole.close()
    return writes


def check_direction(kit: ConnectorKit, make: Callable[[ConnectorKit, PermittedSynchronization], Trial]) -> None:
    """A connector that may only write to the third party (TO_THIRD_PARTY) changes no open metadata."""
    other = kit.fresh()
    trial = make(other, PermittedSynchronization.TO_THIRD_PARTY)
    before = other.snapshot()
    trial.refresh(check=False)
    difference = before.difference(other.snapshot())
    assert not difference, "open metadata was changed against the permitted direction:\n" + "\n".join(difference)
    other.close()


def check_keeps_secret(trial: Trial, secret: str, *texts: str) -> None:
    """A secret stands in no report, message or failure, and in nothing that the server holds; nor in `texts` (what was
    logged, for example)."""
    trial.refresh(check=False)
    shown = {
        "the configuration": repr(trial.config),
        "the connection as it is shown": str(trial.config.connection.redacted()),
        "the failure": trial.failure or "",
        "a message": str(trial.messages),
        "a report": str([report.to_dict() for report in trial.reports]),
        "the metadata": str([dict(entity) for entity in trial.world.client.iter_entities()]),
        "a text": "\n".join(texts),
    }
    for place, text in shown.items():
        assert secret not in text, f"a secret stands in {place}"


def _changes(report: ActivityReport) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in report.counts().items() if count)
