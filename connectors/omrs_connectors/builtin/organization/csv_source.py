"""`CSVOrganizationConnector`: an organization in two CSV files, as personnel systems export it."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from omrs_connectors.builtin.files.watch import FolderWatch
from omrs_connectors.builtin.organization.connector import OrganizationConnector, OrganizationOptions
from omrs_connectors.builtin.organization.people import Organization, Person, Team
from omrs_connectors.sdk import ConnectorOptions
from omrs_schemas.errors import CodecError, ConfigurationError, RepositoryError

PEOPLE_COLUMNS = (
    "id",
    "name",
    "given_names",
    "surname",
    "job_title",
    "employee_number",
    "employee_type",
    "preferred_language",
    "email",
    "phone",
    "user_id",
    "manager",
)
TEAM_COLUMNS = ("id", "name", "description", "parent", "leaders", "members")


class CSVOrganizationOptions(OrganizationOptions):
    """Which files, and how they are written."""

    people_file: str = Field("people.csv", description="in the folder: one line for each person")
    teams_file: str = Field("teams.csv", description="in the folder: one line for each team; may be missing")
    delimiter: str = Field(",", min_length=1, max_length=1, description="between two fields")
    list_delimiter: str = Field(";", min_length=1, max_length=1, description="between several values of one field")
    encoding: str = Field("utf-8-sig", description="of the files")
    columns: dict[str, str] = Field(default_factory=dict, description="our name of a column: the one in the files")
    watch: bool = Field(True, description="a change of the files wakes a refresh")


class CSVOrganizationConnector(OrganizationConnector):
    """`endpoint.networkAddress` is the folder. A file that is missing or cannot be read fails the refresh, and nothing
    is changed; a line without an id or a name is left out and told."""

    Options: ClassVar[type[ConnectorOptions] | None] = CSVOrganizationOptions
    options: CSVOrganizationOptions
    _watch: FolderWatch | None = None

    def initialize(self) -> None:
        if not self.context.network_address:
            raise ConfigurationError(
                f"connector {self.context.connector_name} has no folder", help="set endpoint.networkAddress"
            )
        unknown = sorted(set(self.options.columns) - {*PEOPLE_COLUMNS, *TEAM_COLUMNS})
        if unknown:
            raise ConfigurationError(
                f"columns: there is no column {', '.join(unknown)}",
                help=f"there are: {', '.join(dict.fromkeys([*PEOPLE_COLUMNS, *TEAM_COLUMNS]))}",
            )
        self._folder = Path(self.context.network_address)
        self._watch = FolderWatch(self.context.request_refresh)

    def refresh(self) -> None:
        if self._watch is not None and self.options.watch and self._folder.is_dir():
            self._watch.watch([self._folder])
        super().refresh()

    def disconnect(self) -> None:
        if self._watch is not None:
            self._watch.close()

    def read(self) -> Organization:
        left_out: list[str] = []
        people = [self._person(line) for line in self._lines(self.options.people_file, ("id", "name"), left_out)]
        teams_file = self._folder / self.options.teams_file
        teams = []
        if teams_file.exists():
            teams = [self._team(line) for line in self._lines(self.options.teams_file, ("id", "name"), left_out)]
        return Organization(tuple(people), tuple(teams), tuple(left_out))

    def _person(self, line: dict[str, str]) -> Person:
        return Person(
            line["id"],
            line["name"],
            **{name: line.get(name) for name in PEOPLE_COLUMNS[2:8]},
            emails=self._several(line.get("email")),
            phones=self._several(line.get("phone")),
            user_id=line.get("user_id"),
            manager=line.get("manager"),
        )

    def _team(self, line: dict[str, str]) -> Team:
        leaders, members = (self._several(line.get(name)) for name in ("leaders", "members"))
        return Team(line["id"], line["name"], line.get("description"), line.get("parent"), leaders, members)

    def _several(self, text: str | None) -> tuple[str, ...]:
        return tuple(each.strip() for each in (text or "").split(self.options.list_delimiter) if each.strip())

    def _lines(self, name: str, needed: tuple[str, ...], left_out: list[str]) -> Iterator[dict[str, str]]:
        """Lines by our names of their columns, without empty fields. RepositoryError, CodecError."""
        path = self._folder / name
        try:
            with path.open(encoding=self.options.encoding, newline="") as file:
                reader = csv.DictReader(file, delimiter=self.options.delimiter, strict=True)
                theirs = {each: self.options.columns.get(each, each) for each in (*PEOPLE_COLUMNS, *TEAM_COLUMNS)}
                missing = [theirs[each] for each in needed if theirs[each] not in (reader.fieldnames or ())]
                if missing:
                    raise CodecError(f"{path} has no column {', '.join(missing)}", help="see the option `columns`")
                for number, row in enumerate(reader, 2):
                    if None in row or None in row.values():
                        raise CodecError(f"{path}, line {number}: not as many fields as the first line has")
                    line = {ours: row[column].strip() for ours, column in theirs.items() if row.get(column, "").strip()}
                    absent = [each for each in needed if each not in line]
                    if absent:
                        left_out.append(f"{name}, line {number}: no {' and no '.join(absent)}")
                    else:
                        yield line
        except OSError as error:
            raise RepositoryError(f"{path} cannot be read: {error.strerror}", path=str(path)) from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise CodecError(f"{path} is no CSV file in {self.options.encoding}: {error}", path=str(path)) from error
