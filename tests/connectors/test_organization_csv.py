"""People and teams from CSV files, at the test kit's server."""

from pathlib import Path

import pytest
from organization_held import Held

from omrs_connectors.builtin.organization.csv_source import CSVOrganizationConnector
from omrs_connectors.kit import ConnectorKit, Trial

HEAD = "Nr,Name,given_names,surname,job_title,email,phone,user_id,manager\n"
PEOPLE = """\
1,Erin Overview,Erin,Overview,Information architect,erin@example.org;eo@example.org,+1 555,erinoverview,
2,Peter Profile,Peter,Profile,Steward,peter@example.org,,peterprofile,1
3,Tanya Tidie,Tanya,Tidie,Records,,,,1
"""
TEAMS = "Nr,Name,description,parent,leaders,members\na,Governance,All of it,,1,\nb,Stewards,,a,2,2;3\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_text(HEAD + PEOPLE)
    (tmp_path / "teams.csv").write_text(TEAMS)
    return tmp_path


def trial_of(kit: ConnectorKit, folder: Path) -> tuple[Trial, Held]:
    options = {"columns": {"id": "Nr", "name": "Name"}, "watch": False}
    trial = kit.trial(CSVOrganizationConnector, endpoint={"networkAddress": str(folder)}, options=options)
    return trial, Held(kit.client, f"Organization::{folder}")


def test_the_files_are_catalogued_and_followed(kit: ConnectorKit, folder: Path) -> None:
    trial, held = trial_of(kit, folder)
    trial.refresh()
    assert set(held.people()) == {"Erin Overview", "Peter Profile", "Tanya Tidie"}
    assert held.contacts("Erin Overview") == {"erin@example.org", "eo@example.org", "+1 555"}
    assert held.teams() == {
        "Governance": ({"Erin Overview"}, set()),
        "Stewards": ({"Peter Profile"}, {"Peter Profile", "Tanya Tidie"}),
        "Reports of Erin Overview": ({"Erin Overview"}, {"Peter Profile", "Tanya Tidie"}),
    }
    assert held.parents() == {"Stewards": "Governance"}
    assert not trial.refresh().changed

    tanya = held.people()["Tanya Tidie"]
    (folder / "people.csv").write_text(HEAD + PEOPLE.replace("Tanya Tidie", "Tanya Tidy").replace("2,Peter", "4,Paul"))
    report = trial.refresh()
    assert held.people()["Tanya Tidy"] == tanya
    assert set(held.people()) == {"Erin Overview", "Paul Profile", "Tanya Tidy"}
    assert report.counts()["deleted"] > 0
    assert not trial.refresh().changed


def test_lines_that_cannot_be_used_are_told(kit: ConnectorKit, folder: Path) -> None:
    (folder / "people.csv").write_text(HEAD + PEOPLE + ",Nobody,,,,,,,\n")
    trial, held = trial_of(kit, folder)
    report = trial.refresh()
    assert len(held.people()) == 3
    assert any("line 5: no id" in text for text in report.to_dict()["messages"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEAD + "1,Erin,too,few\n", "not as many fields"),
        ("Nr;Name\n", "no column"),
        (HEAD + PEOPLE + "1,Erin again,,,,,,,\n", "same id: 1"),
        ("", "no column"),
    ],
)
def test_files_that_are_not_whole_change_nothing(kit: ConnectorKit, folder: Path, content: str, said: str) -> None:
    trial, held = trial_of(kit, folder)
    trial.refresh()
    before = kit.snapshot()
    (folder / "people.csv").write_text(content)
    trial.refresh(check=False)
    assert said in (trial.failure or "")
    assert kit.snapshot() == before
    (folder / "people.csv").unlink()
    trial.restart()
    trial.refresh(check=False)
    assert "cannot be read" in (trial.failure or "")
    assert kit.snapshot() == before and len(held.people()) == 3
