"""`LDAPOrganizationConnector`: an organization in an LDAP directory (RFC 4511; people as RFC 2798's inetOrgPerson)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

from ldap3 import SUBTREE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException
from ldap3.utils.dn import safe_dn
from pydantic import Field

from omrs_connectors.builtin.organization.connector import OrganizationConnector, OrganizationOptions
from omrs_connectors.builtin.organization.people import Organization, Person, Team
from omrs_connectors.sdk import ConnectorOptions
from omrs_schemas.errors import ConfigurationError, RepositoryError

PAGE = 500  # entries of an answer: servers refuse more than 1,000 or so (RFC 2696)
ANSWER_S = 30  # seconds, whole ones: ldap3 hands them to the socket as they are

Entry = dict[str, Any]

_PEOPLE = (
    *("cn", "displayName", "givenName", "sn", "title", "employeeNumber", "employeeType", "preferredLanguage"),
    *("mail", "telephoneNumber", "mobile", "uid", "manager"),
)
_TEAMS = ["cn", "ou", "description", "member", "uniqueMember", "owner", "objectClass"]


class LDAPOrganizationOptions(OrganizationOptions):
    """Where in the directory people and teams are, and how to bind."""

    base_dn: str = Field(description="the entry below which everything is looked for")
    bind_dn: str = Field("", description="who binds; empty: the connection's userId, else anonymous")
    password_secret: str = Field("clearPassword", description="name of the secret that is the password")
    people_filter: str = Field("(objectClass=inetOrgPerson)", description="which entries are people")
    teams_filter: str = Field(
        "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=organizationalUnit))",
        description="which entries are teams: groups with their members and owners, units with who is directly below",
    )
    id_attribute: str = Field(
        "entryUUID", description="what stays when an entry is renamed (Active Directory: objectGUID)"
    )
    start_tls: bool = Field(False, description="StartTLS on an ldap:// address")
    ca_file: str = Field("", description="certificates (PEM) that are trusted; empty: the system's")


class LDAPOrganizationConnector(OrganizationConnector):
    """`endpoint.networkAddress` is the server's URL (`ldap://` or `ldaps://`).

    A directory that does not answer, refuses the bind, or gives only a part of what was asked for (a size limit) fails
    the refresh, and nothing is changed. Entries keep their elements by `idAttribute`: renamed and moved ones too.
    """

    Options: ClassVar[type[ConnectorOptions] | None] = LDAPOrganizationOptions
    options: LDAPOrganizationOptions

    def initialize(self) -> None:
        address = self.context.network_address
        if not address.startswith(("ldap://", "ldaps://")):
            raise ConfigurationError(
                f"connector {self.context.connector_name}: {address!r} is no address of an LDAP server",
                help="set endpoint.networkAddress to ldap://host:port or ldaps://host:port",
            )
        self._bind_dn = self.options.bind_dn or self.context.config.connection.user_id or ""

    def read(self) -> Organization:
        try:
            with self._bound() as connection:
                people = list(self._entries(connection, self.options.people_filter, _PEOPLE))
                teams = list(self._entries(connection, self.options.teams_filter, _TEAMS))
        except LDAPException as error:
            raise RepositoryError(
                f"the directory at {self.context.network_address} cannot be read: {error}",
                help="is it running, are bindDn, its password and baseDn right?",
            ) from error
        return self._organization(people, teams)

    @contextmanager
    def _bound(self) -> Iterator[Connection]:
        password = self.context.secret(self.options.password_secret) if self._bind_dn else None
        tls = Tls(ca_certs_file=self.options.ca_file) if self.options.ca_file else None
        # A new one each time: ldap3 takes an address that did not answer for bad for a while.
        server = Server(self.context.network_address, tls=tls, connect_timeout=ANSWER_S, get_info="NO_INFO")
        connection = Connection(
            server,
            user=self._bind_dn or None,
            password=password,
            read_only=True,
            raise_exceptions=True,
            receive_timeout=ANSWER_S,
        )
        try:
            connection.open()
            if self.options.start_tls:
                connection.start_tls()
            connection.bind()
            yield connection
        finally:
            opened = connection.socket  # ldap3 forgets it open when the server ends the session
            with suppress(LDAPException):
                connection.unbind()
            if opened is not None:
                opened.close()

    def _entries(self, connection: Connection, chosen: str, attributes: Sequence[str]) -> Iterator[Entry]:
        """Attributes by name, each a list of texts; `dn` and `id` among them."""
        identifier = self.options.id_attribute
        found = connection.extend.standard.paged_search(
            self.options.base_dn,
            chosen,
            search_scope=SUBTREE,
            attributes=[*attributes, identifier],
            paged_size=PAGE,
            generator=True,
        )
        for entry in found:
            if entry.get("type") == "searchResEntry":
                values = {name: _texts(value) for name, value in entry["raw_attributes"].items()}
                yield {**values, "dn": [_dn(entry["dn"])], "id": values.get(identifier) or []}

    def _organization(self, people: list[Entry], teams: list[Entry]) -> Organization:
        left_out = [
            f"{_first(each, 'dn')}: no {self.options.id_attribute}" for each in (*people, *teams) if not each["id"]
        ]
        people, teams = ([each for each in entries if each["id"]] for entries in (people, teams))
        ids = {_first(each, "dn"): _first(each, "id") for each in people}
        units = {_first(each, "dn"): _first(each, "id") for each in teams}
        below: dict[str, list[str]] = {}
        for dn, identifier in ids.items():
            below.setdefault(_above(dn), []).append(identifier)
        return Organization(
            tuple(self._person(each, ids) for each in people),
            tuple(self._team(each, ids, units, below) for each in teams),
            tuple(left_out),
        )

    def _person(self, entry: Entry, ids: dict[str, str]) -> Person:
        manager = _first(entry, "manager")
        return Person(
            _first(entry, "id"),
            _first(entry, "displayName") or _first(entry, "cn"),
            given_names=_first(entry, "givenName") or None,
            surname=_first(entry, "sn") or None,
            job_title=_first(entry, "title") or None,
            employee_number=_first(entry, "employeeNumber") or None,
            employee_type=_first(entry, "employeeType") or None,
            preferred_language=_first(entry, "preferredLanguage") or None,
            emails=tuple(entry.get("mail", ())),
            phones=(*entry.get("telephoneNumber", ()), *entry.get("mobile", ())),
            user_id=_first(entry, "uid") or None,
            distinguished_name=_first(entry, "dn"),
            manager=ids.get(_dn(manager)) if manager else None,
        )

    def _team(self, entry: Entry, ids: dict[str, str], units: dict[str, str], below: dict[str, list[str]]) -> Team:
        dn = _first(entry, "dn")
        named = [_dn(each) for each in (*entry.get("member", ()), *entry.get("uniqueMember", ()))]
        unit = "organizationalunit" in {each.lower() for each in entry.get("objectClass", ())}
        members = below.get(dn, []) if unit else [ids[each] for each in named if each in ids]
        return Team(
            _first(entry, "id"),
            _first(entry, "cn") or _first(entry, "ou"),
            _first(entry, "description") or None,
            units.get(_above(dn)),
            tuple(ids[owner] for owner in map(_dn, entry.get("owner", ())) if owner in ids),
            tuple(members),
        )


def _texts(values: Any) -> list[str]:
    """Values of an attribute; bytes that are no text (objectGUID) as hexadecimal digits."""
    found = []
    for value in values if isinstance(values, list) else [values]:
        try:
            found.append(value.decode() if isinstance(value, bytes) else str(value))
        except UnicodeDecodeError:
            found.append(value.hex())
    return found


def _first(entry: Entry, name: str) -> str:
    values = entry.get(name) or [""]
    return str(values[0])


def _dn(text: str) -> str:
    """Distinguished names that mean the same are written the same here."""
    return str(safe_dn(text)).lower()


def _above(dn: str) -> str:
    """The name of the entry above. A comma may stand in a value, escaped."""
    escaped = False
    for index, letter in enumerate(dn):
        if letter == "," and not escaped:
            return dn[index + 1 :]
        escaped = letter == "\\" and not escaped
    return ""
