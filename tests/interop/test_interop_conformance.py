"""Egeria's own conformance suite tries everything on a server of ours and finds nothing wrong (docs/conformance.md)."""

import json
import os
from contextlib import closing
from pathlib import Path

import pytest
from cohort_of_three import Founder
from conformance_server import Bean, ConformanceServer
from type_cut import cut

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.embedded import Endpoint
from peer import create_topics, running
from workers import eventually, unique

# A type with a subtype; one in which every attribute has a type of its own; relationships of any two entities, without
# which the suite's graph cannot grow; classifications with properties and for all entities.
SAMPLE = "ControlledGlossaryTerm,GlossaryCategory,TermAnchor,TermCategorization,ResourceList,Confidentiality,Anchors"
TYPES = os.environ.get("OMRS_CONFORMANCE_TYPES", SAMPLE)
RESULTS = int(os.environ.get("OMRS_CONFORMANCE_RESULTS", "4"))
WITHIN = float(os.environ.get("OMRS_CONFORMANCE_SECONDS", "900"))
REPORT = os.environ.get("OMRS_CONFORMANCE_REPORT")

# What release 4.2 has no tests for (OMRS conformance § 2).
UNTESTED = {
    "Dynamic types",
    "Store classifications independently of entity",
    "External instances",
    "Restore metadata from a backup",
}


@pytest.mark.interop
@pytest.mark.kafka
@pytest.mark.timeout(WITHIN + 900)  # it may have to build Egeria and the suite
def test_the_conformance_suite(
    built: Path, founder: Founder, types: TypeSystem, kafka: Endpoint, tmp_path: Path
) -> None:
    names = [each["name"] for each in types.typedefs()] if TYPES == "all" else TYPES.split(",")
    archive = tmp_path / "types.omarchive"
    archive.write_text(json.dumps(cut(types, names)))
    cohort = unique("suite")
    create_topics(kafka.bootstrap_servers, cohort)
    ours = Founder(tmp_path, founder.fleet, archive, types).ours(unique("Tested"), cohort)
    suite = ConformanceServer(
        tmp_path,
        unique("Suite"),
        kafka.bootstrap_servers,
        cohort,
        types,
        archive=archive,
        under_test=ours.server,
        results=RESULTS,
    )
    with running(suite), closing(suite):
        suite.spawn()
        ours.start()
        suite.wait()
        eventually(suite.finished, "the suite is through", within=WITHIN, every=1)
        summary, failed = suite.summary(), suite.failed()
    if REPORT:
        for name, report in (("summary", summary), ("failed", failed)):
            (Path(REPORT) / f"{name}.json").write_text(json.dumps(report, indent=1))
    print(table(summary))
    assert [(each["testCaseId"], each.get("unsuccessfulAssertions")) for each in failed] == []
    found = {each["name"]: each["conformanceStatus"] for each in summary["profileSummaries"]}
    assert found == {name: "UNKNOWN_STATUS" if name in UNTESTED else "CONFORMANT_FULL_SUPPORT" for name in found}
    assert len(found) == 20


def table(summary: Bean) -> str:
    """Markdown: each profile, what the suite says of it, and of which of its requirements it says nothing."""
    lines = ["| Profile | The suite says | Requirements it has no test for |", "| --- | --- | --- |"]
    for profile in summary["profileSummaries"]:
        parts = profile.get("requirementSummary") or ()
        untested = ", ".join(each["name"] for each in parts if each["conformanceStatus"] == "UNKNOWN_STATUS")
        lines.append(f"| {profile['name']} | {spoken(profile['conformanceStatus'])} | {untested or '–'} |")
    return "\n".join(lines)


def spoken(status: str) -> str:
    return status.removesuffix("_STATUS").replace("_", " ").capitalize()
