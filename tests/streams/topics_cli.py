"""`omrs topics` as the tests call it, and a log for it to show."""

import json
from dataclasses import dataclass
from typing import Any

from topic_records import TYPES, World, entity, event, record
from typer.testing import CliRunner

from omrs_schemas.errors import OmrsError
from omrs_streams.cli.topics import app


def omrs(*args: str, stdin: str = "", code: int = 0) -> list[dict[str, Any]]:
    """The JSON lines of `omrs topics …`; errors of ours are raised."""
    return [json.loads(line) for line in text(*args, stdin=stdin, code=code).splitlines()]


def text(*args: str, stdin: str = "", code: int = 0) -> str:
    result = CliRunner().invoke(app, list(args), input=stdin)
    if isinstance(result.exception, OmrsError):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


def complaints(*args: str, stdin: str) -> list[str]:
    """What `omrs topics produce` says of bad lines; it must end with 1."""
    result = CliRunner().invoke(app, ["produce", *args], input=stdin)
    if isinstance(result.exception, OmrsError):
        raise result.exception
    assert result.exit_code == 1, result.output
    return result.stderr.splitlines()


def lines_of(*events: Any) -> str:
    """As `omrs topics produce` reads them."""
    return "".join(json.dumps(each) + "\n" for each in events)


@dataclass(frozen=True)
class Mixed:
    """A log with files, a folder, an update, a classification and a copy. `guids`: by name; written by no test."""

    log: str
    guids: dict[str, str]


def mixed_log(world: World) -> Mixed:
    """Fill the log of the world's server."""
    file, other, folder, copy = (
        entity("DataFile", "one", "home"),
        entity("CSVFile", "two", "home"),
        entity("FileFolder", "folder", "home"),
        entity("DataFile", "theirs", "elsewhere"),
    )
    classification = {
        "class": "Classification",
        "headerVersion": 1,
        "type": TYPES.instance_type(TYPES.require(name="Confidentiality")),
        "instanceProvenanceType": "LOCAL_COHORT",
        "metadataCollectionId": "home",
        "status": "ACTIVE",
        "createTime": 5,
        "version": 1,
        "name": "Confidentiality",
        "classificationOrigin": "ASSIGNED",
    }
    classified = {**file, "classifications": [classification]}
    world.send(
        world.log,
        *(record(event("NEW", each)) for each in (file, other, folder)),
        record(event("UPDATED", {**file, "version": 2}, originalEntity=file)),
        record(event("CLASSIFIED", classified, classification=classification)),
        record(event("NEW", copy), origin="copy"),
    )
    guids = {"file": file["guid"], "other": other["guid"], "folder": folder["guid"], "copy": copy["guid"]}
    return Mixed(world.log, guids)
