"""Small types, the TypeDef events about them, and a member in memory that receives such events."""

from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_schemas.typedefs import TypeSystem
from omrs_streams.cohort import type_beans as beans
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.cohort.type_events import TypeReceipt, TypeReceiver, asks_use, receive
from omrs_streams.cohort.type_fold import TypeFold, record_key

Bean = dict[str, Any]

BUILTIN = TypeSystem.builtin()
STRING = BUILTIN.attribute_typedef_by_name("string") or {}
OURS, THEIRS = "collection-ours", "collection-theirs"
US = {"metadataCollectionId": OURS, "serverName": "us"}
THEM = {"metadataCollectionId": THEIRS, "serverName": "them"}
NOW = 1_750_000_000_000


def entity(name: str, above: str | None = None, **more: Any) -> Bean:
    bean: Bean = {
        "class": "EntityDef",
        "headerVersion": 1,
        "guid": f"guid-{name}",
        "name": name,
        "version": 1,
        "versionName": "1.0",
        "category": "ENTITY_DEF",
        **more,
    }
    return bean if above is None else {**bean, "superType": {"guid": f"guid-{above}", "name": above}}


def enum(name: str, **more: Any) -> Bean:
    return {
        "class": "EnumDef",
        "headerVersion": 1,
        "guid": f"guid-{name}",
        "name": name,
        "version": 1,
        "versionName": "1.0",
        "category": "ENUM_DEF",
        "elementDefs": [{"headerVersion": 1, "ordinal": 0, "value": "first"}],
        **more,
    }


def patch(name: str, version: int, **more: Any) -> Bean:
    return {
        "headerVersion": 1,
        "typeDefGUID": f"guid-{name}",
        "typeDefName": name,
        "applyToVersion": version,
        "updateToVersion": version + 1,
        "newVersionName": f"{version + 1}.0",
        "updatedBy": "them",
        "updateTime": NOW,
        "description": f"version {version + 1}",
        **more,
    }


def attribute(name: str, kind: Bean = STRING) -> Bean:
    return {
        "headerVersion": 1,
        "attributeName": name,
        "attributeType": kind,
        "attributeCardinality": "AT_MOST_ONE",
        "valuesMinCount": 0,
        "valuesMaxCount": 1,
        "unique": False,
        "indexable": True,
    }


def new(typedef: Bean) -> Bean:
    return beans.type_event(typedef, THEM, NOW)


def patched(update: Bean) -> Bean:
    return beans.patch_event(update, THEM, NOW)


def deleted(typedef: Bean) -> Bean:
    return beans.deleted_event(typedef, THEM, NOW)


def renamed(typedef: Bean, name: str) -> Bean:
    after = {**typedef, "guid": f"guid-{name}", "name": name, "version": typedef["version"] + 1}
    return beans.reidentified_event(typedef, after, THEM, NOW)


class Member:
    """A member without I/O: what `receive` decides is done at once."""

    def __init__(
        self,
        types: TypeSystem | None = None,
        repository: str = "native",
        mapped: tuple[str, ...] = (),
        rule: str = "ALL",
        used: tuple[str, ...] = (),
        release: tuple[str, ...] = (),
    ) -> None:
        self.fold = TypeFold(types or TypeSystem())
        self.repository = repository
        self.mapped = mapped
        self.rule = rule
        self.used = used
        self.release = release
        self.answered: set[Any] = set()
        self.kept: dict[str, Bean] = {}

    @property
    def types(self) -> TypeSystem:
        return self.fold.types

    def take(self, event: Bean) -> TypeReceipt:
        me = TypeReceiver(
            OURS if self.repository != "none" else None,
            US if self.repository != "none" else {"serverName": "us"},
            "cohort",
            self.repository,
            ExchangeRule(self.rule),
            lambda guid, name: self.repository == "native" or name in self.mapped,
            self.answered,
            lambda guid: guid in self.release,
        )
        version = self.types.version
        receipt = receive(event, self.fold, me, NOW, used=asks_use(event, self.fold) in self.used)
        assert self.types.version == version, "receive only reads"
        for record in receipt.records:
            self.kept.pop(record_key(record), None)
            self.kept[record_key(record)] = record
            assert not self.fold.apply(record), receipt
        if receipt.conflict is not None:
            self.answered.add(receipt.conflict)
        for sent in receipt.sends:
            EventCodec(self.types).encode(sent)
        return receipt

    def all(self, *events: Bean) -> list[TypeReceipt]:
        return [self.take(event) for event in events]

    def state(self) -> tuple[dict[str, Bean], dict[str, Bean]]:
        types = self.types.typedefs(), self.types.attribute_typedefs()
        definitions, kinds = ({each["guid"]: each for each in found} for found in types)
        return definitions, kinds


def ids(receipt: TypeReceipt) -> list[str]:
    return [message_id for message_id, _ in receipt.audits]
