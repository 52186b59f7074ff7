"""People and teams of a real directory (slapd): first and further refreshes, renames, deletions, outages."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from connector_passes import Passes, changes
from ldap3 import MODIFY_DELETE, MODIFY_REPLACE, Connection, Server
from organization_held import Held

from omrs_connectors.builtin.organization.ldap_source import LDAPOrganizationConnector
from omrs_schemas.errors import DeletionRefusedError, RepositoryError
from omrs_streams.client import MetadataClient
from slapd import ADMIN, PASSWORD, SUFFIX, LdapServer, ldap_server
from workers import Running

pytestmark = pytest.mark.kafka

PEOPLE = f"ou=people,{SUFFIX}"
GROUPS = f"ou=groups,{SUFFIX}"
NAMES = ("Tom Tally", "Erin Overview", "Peter Profile", "Tessa Tube", "Zach Now")


def dn(name: str) -> str:
    return f"uid={name.split()[0].lower()},{PEOPLE}"


class Directory:
    """The server and a connection that may change it."""

    def __init__(self, server: LdapServer) -> None:
        self.server = server

    @contextmanager
    def change(self) -> Iterator[Connection]:
        server = Server(self.server.url, get_info="NO_INFO")
        connection = Connection(server, ADMIN, PASSWORD, raise_exceptions=True)
        connection.open()
        opened = connection.socket  # ldap3's own `with` leaves it open
        try:
            connection.bind()
            yield connection
            connection.unbind()
        finally:
            opened.close()

    def fill(self) -> None:
        with self.change() as connection:
            connection.add(SUFFIX, ["dcObject", "organization"], {"o": "Coco"})
            for unit in (PEOPLE, GROUPS):
                connection.add(unit, "organizationalUnit")
            for name in NAMES:
                self.add(connection, name)
            connection.modify(dn("Tom Tally"), {"mail": [(MODIFY_REPLACE, ["tom@example.org", "t@example.org"])]})
            connection.modify(dn("Tessa Tube"), {"manager": [(MODIFY_REPLACE, [dn("Erin Overview").upper()])]})
            members = {"member": [dn("Erin Overview"), dn("Peter Profile")], "owner": dn("Erin Overview")}
            connection.add(f"cn=metadata,{GROUPS}", "groupOfNames", members)

    def add(self, connection: Connection, name: str) -> None:
        given, surname = name.split()
        person = {"cn": name, "givenName": given, "sn": surname, "mail": f"{given.lower()}@example.org"}
        connection.add(dn(name), "inetOrgPerson", person)


@pytest.fixture
def directory() -> Iterator[Directory]:
    with ldap_server() as server:
        found = Directory(server)
        found.fill()
        yield found


def passes(directory: Directory, server: Running, **options: object) -> Passes:
    connection = {
        "class": "Connection",
        "connectorType": {"connectorProviderClassName": "organization-ldap"},
        "endpoint": {"networkAddress": directory.server.url},
        "userId": ADMIN,
        "clearPassword": PASSWORD,
        "configurationProperties": {"baseDn": SUFFIX, **options},
    }
    return Passes(LDAPOrganizationConnector, server, {"connection": connection})


def test_a_directory_is_kept_in_step(directory: Directory, metadata_server: Running, client: MetadataClient) -> None:
    life = passes(directory, metadata_server)
    held = Held(client, f"Organization::{directory.server.url}")
    assert changes(life.refresh())[0] > 0
    assert set(held.people()) == set(NAMES)
    assert held.contacts("Tom Tally") == {"tom@example.org", "t@example.org"}
    assert held.teams() == {
        "people": (set(), set(NAMES)),
        "groups": (set(), set()),
        "metadata": ({"Erin Overview"}, {"Erin Overview", "Peter Profile"}),
        "Reports of Erin Overview": ({"Erin Overview"}, {"Tessa Tube"}),
    }
    assert held.parents() == {"metadata": "groups"}
    assert held.user("Tom Tally") == ("tom", dn("Tom Tally"))
    assert changes(life.refresh()) == (0, 0, 0)

    tom = held.people()["Tom Tally"]
    with (
        directory.change() as connection
    ):  # renamed, married, moved to another unit, out of a group, one more, one gone
        connection.modify_dn(dn("Tom Tally"), "uid=thomas", new_superior=GROUPS)
        connection.modify(f"uid=thomas,{GROUPS}", {"cn": [(MODIFY_REPLACE, ["Thomas Tilly"])]})
        connection.modify(f"cn=metadata,{GROUPS}", {"member": [(MODIFY_DELETE, [dn("Peter Profile")])]})
        connection.delete(dn("Zach Now"))
        directory.add(connection, "Sally Counter")
    report = life.refresh()
    assert set(held.people()) == {"Thomas Tilly", "Erin Overview", "Peter Profile", "Tessa Tube", "Sally Counter"}
    assert held.people()["Thomas Tilly"] == tom
    assert held.teams()["metadata"] == ({"Erin Overview"}, {"Erin Overview"})
    assert held.teams()["groups"][1] == {"Thomas Tilly"}
    assert tom in report.guids("updated")
    assert changes(life.refresh()) == (0, 0, 0)
    life.end()


def test_a_directory_that_is_away_changes_nothing(
    directory: Directory, metadata_server: Running, client: MetadataClient
) -> None:
    life = passes(directory, metadata_server)
    held = Held(client, f"Organization::{directory.server.url}")
    life.refresh()
    directory.server.stop()
    with pytest.raises(RepositoryError, match="cannot be read"):
        life.refresh()
    assert set(held.people()) == set(NAMES)
    directory.server.start()
    assert changes(life.refresh()) == (0, 0, 0)
    with directory.change() as connection:
        for name in NAMES:
            connection.delete(dn(name))
    with pytest.raises(DeletionRefusedError, match="would delete 5 of 5 people"):
        life.refresh()
    assert set(held.people()) == set(NAMES)
    meant = passes(directory, metadata_server, maxDeletedShare=1)
    meant.refresh()
    assert held.people() == {}
    for one in (life, meant):
        one.end()


def test_a_wrong_password_and_a_wrong_base_are_told(directory: Directory, metadata_server: Running) -> None:
    wrong = passes(directory, metadata_server, baseDn="dc=elsewhere")
    with pytest.raises(RepositoryError, match="noSuchObject"):
        wrong.refresh()
    wrong = passes(directory, metadata_server, bindDn=f"cn=nobody,{SUFFIX}")
    with pytest.raises(RepositoryError, match="invalidCredentials") as told:
        wrong.refresh()
    assert PASSWORD not in str(told.value)
