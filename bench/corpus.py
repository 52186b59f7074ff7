"""Synthetic instance events of about 1.2 KB that look like a catalogue: terms, tables, columns, files, databases.

Events come in cycles of 20: 15 new entities, 3 new relationships between them, 2 updates (one of an entity of the
same cycle, one of an old one). Each is one of some thousand events that were encoded once, in which guids and serial
numbers of fixed width are replaced: every value decodes, and a million of them cost seconds.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import Any, Final

from bench import words
from bench.words import BORN, numbers, properties, sentence
from omrs_schemas.codec import EventCodec
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.record import Headers, LogRecord
from omrs_streams.repository.changes import new_classification, proxy_of
from omrs_streams.repository.events import instance_event, log_record

CYCLE: Final = 20
ENTITIES: Final = 15
"""Entities in a cycle: slots 0-14; relationships are slots 15-17, updates 18 and 19."""
UPDATES: Final = 18
RECENT: Final = 3
"""The entity of each cycle that is updated within it; the other update is of the entity numbered as the cycle."""

TYPES: Final = (
    *("GlossaryTerm",) * 5,
    *("RelationalTable",) * 2,
    *("RelationalColumn",) * 5,
    *("CSVFile",) * 2,
    "Database",
)
TERM, TABLE, COLUMN = 0, 5, 7
RELATIONSHIPS: Final = (
    ("Synonym", TERM, TERM),
    ("NestedSchemaAttribute", TABLE, COLUMN),
    ("SemanticAssignment", COLUMN, TERM),
)

HOME: Final = "b37c4e5e-0d7b-4c53-9a44-be7c40a10001"
"""The metadata collection that the events come from."""

VARIANTS: Final = 100
SERIAL: Final = "~~~~~~~~~"
"""Stands for an entity's number, nine digits."""
GUIDS: Final = tuple(f"@{n}@@@@@@-@@@@-@@@@-@@@@-@@@@@@@@@@@@" for n in range(3))
"""Stand for the guid of the instance, of a relationship's first and second end."""
END_SERIALS: Final = ("<<<<<<<<<", ">>>>>>>>>")

Event = tuple[bytes, bytes, Headers]
"""key, value, headers"""


@dataclass(frozen=True, slots=True)
class Template:
    """An encoded event and the header fields of its record; `text` are an entity's properties with the serial open."""

    record: LogRecord
    text: dict[str, str]


@dataclass(frozen=True, slots=True)
class Form:
    """A template as one topic takes it: its headers, and where in them event id and checksum stand."""

    value: bytes
    headers: Headers
    ids: tuple[int, ...]
    checksum: int

    @classmethod
    def of(cls, template: Template, server: str, extra: Headers) -> "Form":
        headers = template.record.headers(server, extra)
        names = [name for name, _ in headers]
        return cls(
            template.record.value or b"",
            headers,
            tuple(names.index(name) for name in ("event-id", "ce_id")),
            names.index("omrs-crc"),
        )

    def event(self, index: int, guid: bytes, replaced: tuple[tuple[bytes, bytes], ...]) -> Event:
        value = self.value.replace(_GUID, guid)
        for open_text, filled in replaced:
            value = value.replace(open_text, filled)
        headers = self.headers.copy()
        event_id = b"%012d-bench-4000-8000-000000000000" % index
        for position in self.ids:
            headers[position] = (headers[position][0], event_id)
        headers[self.checksum] = ("omrs-crc", b"%08x" % zlib.crc32(value))
        return guid, value, headers


_GUID, _END1, _END2 = (text.encode() for text in GUIDS)
_SERIAL, _SERIAL1, _SERIAL2 = (text.encode() for text in (SERIAL, *END_SERIALS))


def guid_of(ordinal: int, kind: str = "e") -> str:
    """The guid of the entity (or `r`: relationship) with this number: random to look at, always the same."""
    h = blake2b(f"{kind}{ordinal}".encode(), digest_size=16).hexdigest()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def variant_of(ordinal: int) -> int:
    return (ordinal * 2_654_435_761 >> 12) % VARIANTS


def entities_in(events: int) -> int:
    """How many entities the first `events` events create."""
    cycles, rest = divmod(events, CYCLE)
    return cycles * ENTITIES + min(rest, ENTITIES)


class Corpus:
    """The events of one metadata collection; the same every time."""

    def __init__(self, home: str = HOME) -> None:
        self.home = home
        self.types = TypeSystem.builtin()
        self._codec = EventCodec(self.types)
        self._new = [[self._entity(slot, variant, 1) for variant in range(VARIANTS)] for slot in range(ENTITIES)]
        self._second = [[self._entity(slot, variant, 2) for variant in range(VARIANTS)] for slot in range(ENTITIES)]
        self._third = [[self._entity(slot, variant, 3) for variant in range(VARIANTS)] for slot in range(ENTITIES)]
        self._links = [[self._relationship(kind, variant) for variant in range(VARIANTS)] for kind in range(3)]

    def events(self, first: int, end: int, server: str, *, originator: bool = False) -> Iterator[Event]:
        """Events `first` to `end` (exclusive) as the log of `server` or, with `originator`, a cohort topic has them."""
        extra = [("originator", self.home.encode())] if originator else []
        new, second, third, links = (
            [[Form.of(template, server, extra) for template in row] for row in table]
            for table in (self._new, self._second, self._third, self._links)
        )
        for index in range(first, end):
            cycle, slot = divmod(index, CYCLE)
            if ENTITIES <= slot < UPDATES:
                yield self._link(links, slot - ENTITIES, cycle, index)
                continue
            if slot < ENTITIES:
                ordinal, table = cycle * ENTITIES + slot, new
            elif slot == UPDATES:
                ordinal, table = cycle * ENTITIES + RECENT, second
            else:
                ordinal, table = cycle, third if cycle % ENTITIES == RECENT else second
            form = table[ordinal % ENTITIES][variant_of(ordinal)]
            yield form.event(index, guid_of(ordinal).encode(), ((_SERIAL, b"%09d" % ordinal),))

    def texts(self, ordinal: int) -> dict[str, str]:
        """The text properties of an entity as it was created."""
        serial = f"{ordinal:09d}"
        template = self._new[ordinal % ENTITIES][variant_of(ordinal)]
        return {name: value.replace(SERIAL, serial) for name, value in template.text.items()}

    def _link(self, links: list[list[Form]], kind: int, cycle: int, index: int) -> Event:
        _, slot1, slot2 = RELATIONSHIPS[kind]
        one, two = cycle * ENTITIES + slot1, (cycle if kind == 1 else cycle // 2) * ENTITIES + slot2 + (kind == 0)
        replaced = (
            (_END1, guid_of(one).encode()),
            (_END2, guid_of(two).encode()),
            (_SERIAL1, b"%09d" % one),
            (_SERIAL2, b"%09d" % two),
        )
        return links[kind][cycle % VARIANTS].event(index, guid_of(cycle * 3 + kind, "r").encode(), replaced)

    # ---- templates -------------------------------------------------------------------------------------------------

    def _header(self, type_name: str, guid: str, variant: int, version: int) -> dict[str, Any]:
        header: dict[str, Any] = {
            "headerVersion": 1,
            "type": self.types.instance_type(self.types.require(name=type_name)),
            "instanceProvenanceType": "LOCAL_COHORT",
            "metadataCollectionId": self.home,
            "metadataCollectionName": "benchCatalog",
            "createdBy": "erinoverview",
            "createTime": BORN + variant * 60_000,
            "version": version,
            "status": "ACTIVE",
        }
        if guid:
            header["guid"] = guid
        if version > 1:
            header.update(updatedBy="peterprofile", updateTime=BORN + 10_000_000_000, maintainedBy=["peterprofile"])
        return header

    def _bean(
        self, slot: int, variant: int, version: int, guid: str, serial: str
    ) -> tuple[dict[str, Any], dict[str, str]]:
        type_name = TYPES[slot]
        texts = properties(type_name, Random(slot * VARIANTS + variant), serial)
        values = {**texts, **numbers(type_name, variant)}
        if version > 1:
            values["description"] = f"Revised in version {version}. {texts['description']}"
        bean = {
            "class": "EntityDetail",
            **self._header(type_name, guid, variant, version),
            "properties": to_properties(self.types, type_name, values),
            "classifications": [
                self._classification(name, variant) for name in ("Confidentiality", "Ownership")[: 1 + variant % 2]
            ],
        }
        return bean, texts

    def _classification(self, name: str, variant: int) -> dict[str, Any]:
        values: dict[str, Any] = (
            {"confidentialityLevel": variant % 5, "confidence": 80 + variant % 20}
            if name == "Confidentiality"
            else {
                "owner": f"team-{words.DOMAINS[variant % 10]}",
                "ownerTypeName": "Team",
                "ownerPropertyName": "qualifiedName",
            }
        )
        return new_classification(name, self._header(name, "", variant, 1), to_properties(self.types, name, values))

    def _entity(self, slot: int, variant: int, version: int) -> Template:
        bean, texts = self._bean(slot, variant, version, GUIDS[0], SERIAL)
        return Template(self._record("NEW" if version == 1 else "UPDATED", bean), texts)

    def _relationship(self, kind: int, variant: int) -> Template:
        name, slot1, slot2 = RELATIONSHIPS[kind]
        ends = [
            proxy_of(self.types, {**self._bean(slot, variant, 1, guid, serial)[0], "classifications": []})
            for slot, guid, serial in zip((slot1, slot2), GUIDS[1:], END_SERIALS, strict=True)
        ]
        for end in ends:
            del end["classifications"]
        attributes = self.types.attributes(name)
        values: dict[str, Any] = {
            "description": sentence(Random(variant), 9),
            "position": variant,
            "confidence": variant,
        }
        bean = {
            "class": "Relationship",
            **self._header(name, GUIDS[0], variant, 1),
            "properties": to_properties(self.types, name, {n: v for n, v in values.items() if n in attributes}),
            "entityOneProxy": ends[0],
            "entityTwoProxy": ends[1],
        }
        return Template(self._record("NEW", bean), {})

    def _record(self, kind: str, bean: dict[str, Any]) -> LogRecord:
        originator = {"metadataCollectionId": self.home, "serverName": "bench", "organizationName": "bench"}
        event = instance_event(kind, bean, originator, BORN)
        return log_record(event, self._codec.encode, 1, event_id="", origin="home")
