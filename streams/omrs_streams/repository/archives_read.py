"""From the bytes of an archive to its checked parts, each with its JSON pointer.

Nothing is dropped in silence: what cannot be used stands in `Archive.problems`. A file that is no archive at all (no
JSON, no properties, another class) raises ArchiveError.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from omrs_schemas.errors import ArchiveError, OmrsError
from omrs_schemas.model.base import Bean as Model
from omrs_schemas.model.instances import Classification, EntityDetail, EntityProxy, Relationship
from omrs_schemas.model.primitives import exact_decimal
from omrs_schemas.typedefs.check import check_attribute_typedef, check_typedef
from omrs_schemas.typedefs.patch import check_patch
from omrs_streams.repository.archives_report import Entry, locate, pointer

JsonBean = dict[str, Any]

ARCHIVE_TYPES = ("CONTENT_PACK", "METADATA_EXPORT", "REPOSITORY_BACKUP")
CURRENT_HEADER_VERSION = 1
"""Instances with a later header come from a later release; its meaning is not known here."""


@dataclass(frozen=True, slots=True)
class Located:
    """A bean and where it stands in the file."""

    pointer: str
    bean: JsonBean

    @property
    def guid(self) -> str:
        return str(self.bean["guid"])


@dataclass(frozen=True, slots=True)
class Archive:
    """The usable parts of an archive and the problems of the others.

    Instances are in canonical bean form. `classifications` are extensions: `classification` + `entityToClassify`.
    """

    properties: Mapping[str, Any]
    attribute_typedefs: tuple[Located, ...] = ()
    typedefs: tuple[Located, ...] = ()
    patches: tuple[Located, ...] = ()
    entities: tuple[Located, ...] = ()
    relationships: tuple[Located, ...] = ()
    classifications: tuple[Located, ...] = ()
    problems: tuple[Entry, ...] = ()

    @property
    def guid(self) -> str:
        return str(self.properties["archiveGUID"])

    @property
    def name(self) -> str:
        return str(self.properties.get("archiveName") or self.guid)

    @property
    def type(self) -> str:
        return str(self.properties["archiveType"])


def read_archive(source: bytes | Path) -> Archive:
    """The archive in `source`.

    Raises ArchiveError, with `line` and `column` among its parameters where the text is not JSON.
    """
    data = source if isinstance(source, bytes) else _read(source)
    return _Reader(data).archive()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise ArchiveError(
            f"{path} cannot be read: {fault.strerror}", help="Give the path of an .omarchive file.", path=str(path)
        ) from fault


class _Reader:
    """Collects parts and problems of one archive."""

    def __init__(self, data: bytes) -> None:
        self.problems: list[Entry] = []
        self._twice: dict[int, tuple[object, list[str]]] = {}
        self.root = self._parse(data)

    def _parse(self, data: bytes) -> Any:
        try:
            text = data.decode("utf-8-sig")
            return json.loads(text, object_pairs_hook=self._object, parse_float=exact_decimal)
        except UnicodeDecodeError as fault:
            line = data.count(b"\n", 0, fault.start) + 1
            column = fault.start - data.rfind(b"\n", 0, fault.start)
            raise _broken("not UTF-8", line, column) from fault
        except json.JSONDecodeError as fault:
            raise _broken(fault.msg, fault.lineno, fault.colno) from fault
        except RecursionError as fault:
            raise ArchiveError("the archive is nested too deeply to be one") from fault

    def _object(self, pairs: list[tuple[str, Any]]) -> JsonBean:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            self._twice[id(found)] = (found, sorted({name for name in names if names.count(name) > 1}))
        return found

    def archive(self) -> Archive:
        root = self.root
        if not isinstance(root, dict) or root.get("class", "OpenMetadataArchive") != "OpenMetadataArchive":
            _refuse("", "the file is not an OpenMetadataArchive", "The root must be an object of that class.")
        properties = _properties(root.get("archiveProperties"))
        for where, names in self._repeated("", root):
            self._problem(None, where, f"the names {', '.join(names)} appear more than once in this object")
        type_store = self._store("archiveTypeStore")
        store = self._store("archiveInstanceStore")
        if not type_store and not store:
            self.problems.append(Entry("warning", None, "", "the archive holds neither types nor instances"))
        attribute_typedefs = self._types(type_store, "attributeTypeDefs", check_attribute_typedef)
        typedefs = self._types(type_store, "newTypeDefs", check_typedef)
        patches = self._types(type_store, "typeDefPatches", check_patch)
        instances = self._once(
            [
                *self._instances(store, "entities", EntityDetail),
                *self._instances(store, "relationships", Relationship),
            ]
        )
        return Archive(
            properties=properties,
            attribute_typedefs=self._once(attribute_typedefs),
            typedefs=self._once(typedefs),
            patches=tuple(patches),
            entities=tuple(each for each in instances if each.bean["class"] == "EntityDetail"),
            relationships=tuple(each for each in instances if each.bean["class"] == "Relationship"),
            classifications=tuple(self._extensions(store)),
            problems=tuple(self.problems),
        )

    def _problem(self, guid: object, where: str, message: str) -> None:
        self.problems.append(Entry("error", guid if isinstance(guid, str) else None, where, message))

    def _repeated(self, where: str, node: Any) -> Iterator[tuple[str, list[str]]]:
        if not self._twice:
            return
        if isinstance(node, dict):
            if id(node) in self._twice:
                yield where, self._twice[id(node)][1]
            for name, value in node.items():
                yield from self._repeated(where + pointer(name), value)
        elif isinstance(node, list):
            for index, value in enumerate(node):
                yield from self._repeated(where + pointer(index), value)

    def _store(self, name: str) -> JsonBean:
        store = self.root.get(name)
        if store is None or isinstance(store, dict):
            return store or {}
        self._problem(None, pointer(name), f"must be an object, it is {_kind(store)}")
        return {}

    def _list(self, store: JsonBean, parent: str, name: str) -> Iterator[Located]:
        """The objects of a list; anything else in its place is a problem."""
        found = store.get(name)
        if found is not None and not isinstance(found, list):
            self._problem(None, pointer(parent, name), f"must be a list, it is {_kind(found)}")
            return
        for index, bean in enumerate(found or ()):
            where = pointer(parent, name, index)
            if isinstance(bean, dict):
                yield Located(where, bean)
            else:
                self._problem(None, where, f"must be an object, it is {_kind(bean)}")

    def _types(self, store: JsonBean, name: str, check: Callable[[object], JsonBean]) -> list[Located]:
        found = []
        for each in self._list(store, "archiveTypeStore", name):
            try:
                check(each.bean)
            except OmrsError as fault:
                self._problem(each.bean.get("guid") or each.bean.get("typeDefGUID"), each.pointer, fault.message)
            else:
                found.append(each)
        return found

    def _instances(self, store: JsonBean, name: str, model: type[Model]) -> list[Located]:
        found = []
        for each in self._list(store, "archiveInstanceStore", name):
            bean = self._checked(each, model, each.bean.get("guid"))
            if bean is not None and self._sound(each.pointer, bean):
                found.append(Located(each.pointer, bean))
        return found

    def _extensions(self, store: JsonBean) -> Iterator[Located]:
        seen: dict[tuple[str, str], str] = {}
        for each in self._list(store, "archiveInstanceStore", "classifications"):
            raw_entity, raw = each.bean.get("entityToClassify"), each.bean.get("classification")
            if not isinstance(raw_entity, dict) or not isinstance(raw, dict):
                self._problem(None, each.pointer, "needs the objects classification and entityToClassify")
                continue
            guid = raw_entity.get("guid")
            entity = self._checked(Located(f"{each.pointer}/entityToClassify", raw_entity), EntityProxy, guid)
            classification = self._checked(Located(f"{each.pointer}/classification", raw), Classification, guid)
            if entity is None or classification is None:
                continue
            if not self._sound(f"{each.pointer}/entityToClassify", entity):
                continue
            if not self._typed(f"{each.pointer}/classification", guid, classification):
                continue
            key = (str(guid), str(classification["name"]))
            if key in seen:
                self._problem(guid, each.pointer, f"classifies the entity as {key[1]} again, after {seen[key]}")
                continue
            seen[key] = each.pointer
            yield Located(each.pointer, {"classification": classification, "entityToClassify": entity})

    def _checked(self, each: Located, model: type[Model], guid: object) -> JsonBean | None:
        try:
            return model.model_validate(each.bean).to_bean()
        except ValidationError as fault:
            for error in fault.errors(include_url=False, include_context=False, include_input=False):
                self._problem(guid, locate(each.pointer, each.bean, error["loc"]), error["msg"])
            return None

    def _sound(self, where: str, bean: JsonBean) -> bool:
        """An instance can be stored: guid, types, header versions, and both ends of a relationship."""
        guid = bean.get("guid")
        if not guid:
            self._problem(None, where, "has no guid")
            return False
        if not _storable(guid):
            self._problem(guid, f"{where}/guid", "holds a character that no log can keep: NUL, or half of a pair")
            return False
        good = self._typed(where, guid, bean)
        for index, classification in enumerate(bean.get("classifications") or ()):
            good = self._typed(f"{where}/classifications/{index}", guid, classification) and good
        if bean["class"] == "Relationship":
            for end in ("entityOneProxy", "entityTwoProxy"):
                if end not in bean:
                    self._problem(guid, f"{where}/{end}", "is missing: a relationship has two ends")
                    good = False
                elif not self._sound(f"{where}/{end}", bean[end]):
                    good = False
        return good

    def _typed(self, where: str, guid: object, bean: JsonBean) -> bool:
        kind = bean.get("type") or {}
        if not kind.get("typeDefGUID") or not kind.get("typeDefName"):
            self._problem(guid, f"{where}/type", "must name the type by typeDefGUID and typeDefName")
            return False
        if bean.get("headerVersion", 0) > CURRENT_HEADER_VERSION:
            self._problem(guid, f"{where}/headerVersion", f"is {bean['headerVersion']}, from a later release")
            return False
        if bean.get("version", 0) < 0:
            self._problem(guid, f"{where}/version", "is negative")
            return False
        return True

    def _once(self, found: Sequence[Located]) -> tuple[Located, ...]:
        """Each guid once; the first stays, and every further one is a problem that says where the first is."""
        first: dict[str, Located] = {}
        for each in found:
            known = first.setdefault(each.guid, each)
            if known is not each:
                same = "the same content" if known.bean == each.bean else "other content"
                self._problem(each.guid, each.pointer, f"has the guid of {known.pointer}, with {same}")
        return tuple(first.values())


def _properties(found: Any) -> Mapping[str, Any]:
    where = "/archiveProperties"
    if not isinstance(found, dict):
        _refuse(where, "the archive has no archiveProperties", "They name the archive: archiveGUID, archiveType, …")
    if not isinstance(found.get("archiveGUID"), str) or not found["archiveGUID"]:
        _refuse(
            f"{where}/archiveGUID", "the archive has no archiveGUID", "It is the home of what a content pack holds."
        )
    if found.get("archiveType") not in ARCHIVE_TYPES:
        _refuse(
            f"{where}/archiveType",
            f"the archive type is {found.get('archiveType')!r}",
            f"Use one of {', '.join(ARCHIVE_TYPES)}.",
        )
    created = found.get("creationDate")
    if created is not None and (not isinstance(created, int) or isinstance(created, bool)):
        _refuse(f"{where}/creationDate", f"the creation date is {created!r}", "Give epoch milliseconds.")
    return found


def _refuse(where: str, message: str, help: str) -> NoReturn:
    raise ArchiveError(f"{message} ({where or '/'})", help=help, pointer=where)


def _broken(what: str, line: int, column: int) -> ArchiveError:
    return ArchiveError(
        f"the archive is not JSON: {what} at line {line}, column {column}",
        help="The file is damaged or cut short; get it again.",
        line=line,
        column=column,
    )


def _storable(guid: str) -> bool:
    try:
        return b"\0" not in guid.encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can write and UTF-8 cannot
        return False


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")
