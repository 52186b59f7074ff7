"""The types a server knows, in memory: names and guids, super types, inherited attributes, patches.

Pure: no I/O (but the package data behind `builtin`), no clock. Beans that go in and come out are shared, never copied:
treat them as immutable; every change here replaces a bean by a new one. Rule sources: OMRS types § 3-5.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from omrs_schemas.codes import Code
from omrs_schemas.errors import (
    PatchError,
    TypeDefConflictError,
    TypeDefError,
    TypeDefInUseError,
    TypeDefKnownError,
    TypeDefNotKnownError,
)
from omrs_schemas.typedefs import links
from omrs_schemas.typedefs.attributes import AttributeSpec, attribute_spec
from omrs_schemas.typedefs.builtin import builtin_archive
from omrs_schemas.typedefs.check import check_attribute_typedef, check_typedef
from omrs_schemas.typedefs.constants import DEFAULT_STATUSES
from omrs_schemas.typedefs.former import Former
from omrs_schemas.typedefs.patch import check_patch, describe, patched

Bean = dict[str, Any]


class TypeSystem:
    """Every TypeDef and AttributeTypeDef known in one place, with what follows from them.

    That is cached until the next change. `version` counts the changes: a cache outside is valid while it stays.
    """

    def __init__(self) -> None:
        self.version = 0
        self._by_guid: dict[str, Bean] = {}
        self._by_name: dict[str, Bean] = {}
        self._attribute_by_guid: dict[str, Bean] = {}
        self._attribute_by_name: dict[str, Bean] = {}
        self._former = Former()
        self._former_attribute = Former()
        self._forget_derived()

    @classmethod
    def builtin(cls) -> "TypeSystem":
        """The open metadata types of release 6.1, patches applied; each call gives an independent copy."""
        return _builtin().copy()

    @classmethod
    def from_archive(cls, archive: Mapping[str, Any]) -> "TypeSystem":
        """The types of an `OpenMetadataArchive` bean and nothing else; errors as in `load_gallery`."""
        system = cls()
        system.load_archive(archive)
        return system

    def copy(self) -> "TypeSystem":
        """An independent system with the same types; costs a few dictionary copies, the beans are shared."""
        other = type(self)()
        other._take(self)
        return other

    def _take(self, other: "TypeSystem") -> None:
        self.version = other.version
        self._by_guid, self._by_name = dict(other._by_guid), dict(other._by_name)
        self._attribute_by_guid = dict(other._attribute_by_guid)
        self._attribute_by_name = dict(other._attribute_by_name)
        self._former, self._former_attribute = other._former.copy(), other._former_attribute.copy()
        self._forget_derived()

    # Changing

    def load_archive(self, archive: Mapping[str, Any]) -> None:
        """Add the `archiveTypeStore` of an archive; absent lists count as empty. Errors as in `load_gallery`."""
        store = archive.get("archiveTypeStore") or {}
        fields = ("attributeTypeDefs", "newTypeDefs", "typeDefPatches")
        self.load_gallery(*(store.get(field) or [] for field in fields))

    def load_gallery(
        self, attribute_typedefs: Iterable[Bean], typedefs: Iterable[Bean], patches: Iterable[Bean] = ()
    ) -> None:
        """Add many, in any order of dependence; what is known and equal by the verify rules is passed over.

        All or nothing: on an error this system is as before. Errors: those of `add_attribute_typedef`, `add_typedef`,
        `verify_…` and `apply_patch`; a link that nothing resolves is an `InvalidTypeDefError` naming both types.
        """
        work = self.copy()
        for bean in attribute_typedefs:
            if not work.verify_attribute_typedef(bean):
                work.add_attribute_typedef(bean)
        for bean in links.by_dependence([check_typedef(bean) for bean in typedefs]):
            if not work._carried(bean) and not work.verify_typedef(bean):
                work.add_typedef(bean)
        for patch in patches:
            work.apply_patch(patch)
        if work.version != self.version:
            self._take(work)

    def _carried(self, bean: Bean) -> bool:
        """Is this the base of a type that a patch has moved on here? Loading it again changes nothing."""
        known = self.typedef_by_name(bean["name"])
        return (
            known is not None
            and self.typedef(bean["guid"]) is known
            and known.get("version", 0) > bean.get("version", 0)
        )

    def add_attribute_typedef(self, bean: Bean) -> None:
        """Errors: `InvalidTypeDefError`, `TypeDefKnownError` ATTRIBUTE_TYPEDEF_ALREADY_DEFINED (name or guid taken)."""
        kind = check_attribute_typedef(bean)
        taken = self.attribute_typedef_by_name(kind["name"]) or self.attribute_typedef(kind["guid"])
        if taken is not None:
            raise _known("AttributeTypeDef", kind, taken, Code.ATTRIBUTE_TYPEDEF_ALREADY_DEFINED)
        self._attribute_by_name[kind["name"]] = self._attribute_by_guid[kind["guid"]] = kind
        self._changed()

    def add_typedef(self, bean: Bean) -> None:
        """The new type is known from here on.

        Errors: `InvalidTypeDefError` (also: super type or end unknown), `TypeDefKnownError` TYPEDEF_ALREADY_DEFINED.
        """
        typedef = check_typedef(bean)
        taken = self.typedef_by_name(typedef["name"]) or self.typedef(typedef["guid"])
        if taken is not None:
            raise _known("TypeDef", typedef, taken, Code.TYPEDEF_ALREADY_DEFINED)
        links.check_links(self, typedef)
        self._put(typedef)

    def apply_patch(self, patch: Bean) -> Bean:
        """The TypeDef after the patch (unchanged if it was applied before).

        Errors: `InvalidParameterError` NULL_TYPEDEF_PATCH, `TypeDefNotKnownError`, `PatchError` (OMRS types § 5),
        `InvalidTypeDefError` when the result could not have been added (super type unknown or in a circle, …).
        """
        checked = check_patch(patch)
        before = self.typedef(str(checked.get("typeDefGUID")))
        name = checked.get("typeDefName")
        if before is None or (name is not None and self.typedef_by_name(name) is not before):
            raise TypeDefNotKnownError(
                f"The patch is for {describe(checked)}, which is not known here",
                help="Add the type first; guid and name must both be its own.",
                guid=checked.get("typeDefGUID"),
            )
        after = patched(before, checked)
        if after is not before:
            check_typedef(after)
            links.check_links(self, after)
            return self._put(after)
        return after

    def replace_typedef(self, bean: Bean) -> Bean:
        """Take a later definition of a known type in place of ours: what a patch elsewhere has made of it.

        Errors: `TypeDefNotKnownError`, `InvalidTypeDefError`, `TypeDefConflictError` when guid and name are not one
        type's, `PatchError` when the version does not go up.
        """
        typedef = check_typedef(bean)
        known = self.require(guid=typedef["guid"])
        if known["name"] != typedef["name"]:
            raise TypeDefConflictError(
                f"Type {typedef['name']} ({typedef['guid']}) is known here as {known['name']}",
                help="One of the two must be given another guid.",
                guid=typedef["guid"],
            )
        if typedef.get("version", 0) <= known.get("version", 0):
            raise PatchError(
                f"Type {known['name']} is at version {known.get('version')}, the new one at {typedef.get('version')}",
                code=Code.INVALID_PATCH_VERSION,
                help="Send a definition with a higher version.",
                guid=typedef["guid"],
            )
        links.check_links(self, typedef)
        return self._put(typedef)

    def remove_typedef(self, guid: str, name: str) -> Bean:
        """Forget a type; whether instances use it is for the caller to know.

        Errors: `TypeDefNotKnownError`, `TypeDefError`; `TypeDefInUseError` when another type is built on it.
        """
        typedef = self.require(guid=guid, name=name)
        users = [
            other["name"]
            for other in self._by_name.values()
            if typedef["name"] in links.names(other) and other is not typedef
        ]
        if users:
            raise TypeDefInUseError(
                f"Type {name} ({guid}) is used by {len(users)} other types, for example {users[0]}",
                help="Remove those first.",
                guid=guid,
                users=users,
            )
        del self._by_guid[typedef["guid"]], self._by_name[typedef["name"]]
        self._former.removed(typedef["guid"])
        self._changed()
        return typedef

    def remove_attribute_typedef(self, guid: str, name: str) -> Bean:
        """Forget an attribute type. Errors: `TypeDefNotKnownError`; `TypeDefInUseError` while an attribute has it."""
        kind = self.require_attribute_typedef(guid=guid, name=name)
        for typedef in self._by_name.values():
            for attribute in typedef.get("propertiesDefinition") or ():
                if attribute["attributeType"]["guid"] == kind["guid"]:
                    raise TypeDefInUseError(
                        f"Attribute type {name} ({guid}) is the type of {typedef['name']}.{attribute['attributeName']}",
                        code=Code.ATTRIBUTE_TYPEDEF_IN_USE,
                        help="Remove the types that use it first.",
                        guid=guid,
                    )
        del self._attribute_by_guid[kind["guid"]], self._attribute_by_name[kind["name"]]
        self._former_attribute.removed(kind["guid"])
        self._changed()
        return kind

    def reidentify_typedef(self, guid: str, name: str, new_guid: str, new_name: str) -> Bean:
        """Give a type another guid and name, version + 1; links from other types follow. The new bean is returned.

        The type is found by its former guid and name as well: instances keep those they were made with.
        Errors: `TypeDefNotKnownError`, `TypeDefError`; `TypeDefKnownError` when the new guid or name is another type's.
        """
        before = self.require(guid=guid, name=name)
        after = {**before, "guid": new_guid, "name": new_name, "version": before.get("version", 0) + 1}
        for taken in (self.typedef(new_guid), self.typedef_by_name(new_name)):
            if taken is not None and taken is not before:
                raise _known("TypeDef", check_typedef(after), taken, Code.TYPEDEF_ALREADY_DEFINED)
        check_typedef(after)
        old = before["name"]
        order = [after if bean is before else links.relinked(bean, old, after) for bean in self._by_name.values()]
        self._by_name = {bean["name"]: bean for bean in order}
        self._by_guid = {bean["guid"]: bean for bean in order}
        self._former.moved(before, after)
        self._changed()
        return after

    def reidentify_attribute_typedef(self, guid: str, name: str, new_guid: str, new_name: str) -> Bean:
        """The same for an attribute type: the attributes that have it follow. Errors as for `reidentify_typedef`."""
        before = self.require_attribute_typedef(guid=guid, name=name)
        after = {**before, "guid": new_guid, "name": new_name, "version": before.get("version", 0) + 1}
        for taken in (self.attribute_typedef(new_guid), self.attribute_typedef_by_name(new_name)):
            if taken is not None and taken is not before:
                raise _known("AttributeTypeDef", after, taken, Code.ATTRIBUTE_TYPEDEF_ALREADY_DEFINED)
        check_attribute_typedef(after)
        kinds = [after if bean is before else bean for bean in self._attribute_by_name.values()]
        self._attribute_by_name = {bean["name"]: bean for bean in kinds}
        self._attribute_by_guid = {bean["guid"]: bean for bean in kinds}
        order = [links.retyped(bean, before["guid"], after) for bean in self._by_name.values()]
        self._by_name = {bean["name"]: bean for bean in order}
        self._by_guid = {bean["guid"]: bean for bean in order}
        self._former_attribute.moved(before, after)
        self._changed()
        return after

    def also_called(self, guid: str | None, name: str, present_guid: str) -> None:
        """Let a known type answer to a guid and name that it had before it became known here.

        Without a guid it answers to the name only.

        Errors: `TypeDefNotKnownError`; `TypeDefKnownError` when a type has that guid or name now.
        """
        present = self.require(guid=present_guid)
        for taken in (self._by_guid.get(guid or ""), self._by_name.get(name)):
            if taken is not None:
                raise _known("TypeDef", {"guid": guid, "name": name}, taken, Code.TYPEDEF_ALREADY_DEFINED)
        self._former.moved({"guid": guid or present["guid"], "name": name}, present)
        self._changed()

    def _put(self, typedef: Bean) -> Bean:
        typedef = links.trimmed(typedef)
        for name in links.names(typedef) & self._former.names.keys():
            typedef = links.relinked(typedef, name, self._by_guid[self._former.names[name]])
        self._by_guid[typedef["guid"]] = self._by_name[typedef["name"]] = typedef
        self._changed()
        return typedef

    def _changed(self) -> None:
        self.version += 1
        self._forget_derived()

    def _forget_derived(self) -> None:
        self._supertypes: dict[str, tuple[str, ...]] = {}
        self._attributes: dict[str, Mapping[str, AttributeSpec]] = {}
        self._subtypes: dict[str, frozenset[str]] = {}
        self._children: dict[str, list[str]] | None = None

    # Asking whether a type of somebody else is the same as ours

    def verify_typedef(self, bean: Bean) -> bool:
        """False: not known by this name. True: the same guid and version name (content is not compared).

        Errors: `InvalidTypeDefError`; `TypeDefConflictError` when the name stands for another type here.
        """
        typedef = check_typedef(bean)
        known = self.typedef_by_name(typedef["name"])
        if known is None:
            return False
        if self.typedef(typedef["guid"]) is known and known.get("versionName") == typedef.get("versionName"):
            return True
        raise TypeDefConflictError(
            f"Type {typedef['name']} ({typedef['guid']}, version {typedef.get('versionName')}) conflicts with the one "
            f"known here ({known['guid']}, version {known.get('versionName')})",
            help="All members of a cohort must use one release of a type; load the same type archive everywhere.",
            guid=typedef["guid"],
            known_guid=known["guid"],
            type_name=typedef["name"],
        )

    def verify_attribute_typedef(self, bean: Bean) -> bool:
        """False: not known by this name. True: equal in every field. Errors: as for `verify_typedef`."""
        kind = check_attribute_typedef(bean)
        known = self.attribute_typedef_by_name(kind["name"])
        if known is None:
            return False
        if known == kind or (kind["guid"] != known["guid"] and self.attribute_typedef(kind["guid"]) is known):
            return True
        fields = sorted(field for field in known.keys() | kind.keys() if known.get(field) != kind.get(field))
        raise TypeDefConflictError(
            f"Attribute type {kind['name']} ({kind['guid']}) conflicts with the one known here in {', '.join(fields)}",
            help="All members of a cohort must use one release of a type; load the same type archive everywhere.",
            guid=kind["guid"],
            known_guid=known["guid"],
            type_name=kind["name"],
        )

    # Looking up

    def typedef(self, guid: str) -> Bean | None:
        """TypeDef bean by guid, present or former."""
        return self._by_guid.get(guid) or self._former.find(self._by_guid, guid, None)

    def typedef_by_name(self, name: str) -> Bean | None:
        """TypeDef bean by name, present or former."""
        return self._by_name.get(name) or self._former.find(self._by_guid, None, name)

    def attribute_typedef(self, guid: str) -> Bean | None:
        """AttributeTypeDef bean by guid, present or former."""
        return self._attribute_by_guid.get(guid) or self._former_attribute.find(self._attribute_by_guid, guid, None)

    def attribute_typedef_by_name(self, name: str) -> Bean | None:
        """AttributeTypeDef bean by name, present or former."""
        return self._attribute_by_name.get(name) or self._former_attribute.find(self._attribute_by_guid, None, name)

    def typedefs(self) -> list[Bean]:
        """Every TypeDef in the order in which they became known."""
        return list(self._by_name.values())

    def attribute_typedefs(self) -> list[Bean]:
        """Every AttributeTypeDef in the order in which they became known."""
        return list(self._attribute_by_name.values())

    def gallery(self) -> Bean:
        """`TypeDefGallery` bean of everything known (OMRS types § 1); empty lists are left out."""
        bean: Bean = {"headerVersion": 1}
        if self._attribute_by_name:
            bean["attributeTypeDefs"] = self.attribute_typedefs()
        if self._by_name:
            bean["typeDefs"] = self.typedefs()
        return bean

    def require(self, guid: str | None = None, name: str | None = None) -> Bean:
        """The TypeDef of this guid and/or name.

        Errors: `TypeDefNotKnownError` TYPEDEF_ID_NOT_KNOWN / TYPEDEF_NAME_NOT_KNOWN; `TypeDefError` when neither is
        given or they belong to different types.
        """
        codes = (Code.TYPEDEF_ID_NOT_KNOWN, Code.TYPEDEF_NAME_NOT_KNOWN)
        return _required("type", self.typedef, self.typedef_by_name, guid, name, codes)

    def require_attribute_typedef(self, guid: str | None = None, name: str | None = None) -> Bean:
        """The AttributeTypeDef of this guid and/or name; errors as for `require`, with the attribute codes."""
        codes = (Code.ATTRIBUTE_TYPEDEF_ID_NOT_KNOWN, Code.ATTRIBUTE_TYPEDEF_NAME_NOT_KNOWN)
        return _required("attribute type", self.attribute_typedef, self.attribute_typedef_by_name, guid, name, codes)

    def resolve(self, link: Bean) -> Bean | None:
        """The TypeDef that a TypeDefLink means: by name, or by guid where it carries no name."""
        name = link.get("name")
        return self.typedef_by_name(name) if name else self.typedef(str(link.get("guid")))

    # What follows from the types

    def supertypes(self, name: str) -> tuple[str, ...]:
        """Names from the type itself up to its root. Errors: `TypeDefNotKnownError`."""
        known = self._supertypes.get(name)
        if known is None:
            known = self._supertypes[name] = tuple(bean["name"] for bean in links.chain(self, self.require(name=name)))
        return known

    def is_type_of(self, name: str, super_name: str) -> bool:
        """Is `name` the type `super_name` or one below it? False for a name that is not known."""
        target = self.typedef_by_name(super_name)
        return target is not None and self.typedef_by_name(name) is not None and target["name"] in self.supertypes(name)

    def subtype_guids(self, guid: str) -> frozenset[str]:
        """Guids of the type itself and of everything below it, those that they had before too.

        Errors: `TypeDefNotKnownError`.
        """
        known = self._subtypes.get(guid)
        if known is None:
            if self._children is None:
                self._children = links.children(self)
            waiting, found = [self.require(guid=guid)["guid"]], set[str]()
            while waiting:
                found.add(waiting[-1])
                waiting.extend(self._children.get(waiting.pop(), ()))
            found.update(former for former, present in self._former.guids.items() if present in found)
            known = self._subtypes[guid] = frozenset(found)
        return known

    def names_of(self, guid: str) -> tuple[str, ...]:
        """The name of a type and those that it had before. Errors: `TypeDefNotKnownError`."""
        present = self.require(guid=guid)
        return (present["name"], *self._former.names_of(present["guid"]))

    def attributes(self, type_name: str) -> Mapping[str, AttributeSpec]:
        """Own and inherited attributes by name, root first; a type's own definition wins over an inherited one.

        Errors: `TypeDefNotKnownError`.
        """
        known = self._attributes.get(type_name)
        if known is None:
            specs: dict[str, AttributeSpec] = {}
            for name in reversed(self.supertypes(type_name)):
                for attribute in self._by_name[name].get("propertiesDefinition") or ():
                    inline = attribute["attributeType"]
                    registered = self._attribute_by_guid.get(inline["guid"], inline)
                    specs[attribute["attributeName"]] = attribute_spec(attribute, registered, name)
            known = self._attributes[type_name] = MappingProxyType(specs)
        return known

    def instance_type(self, typedef: Bean) -> Bean:
        """`InstanceType` bean for new instances of a TypeDef."""
        return {
            "class": "InstanceType",
            "headerVersion": 1,
            "typeDefCategory": typedef["category"],
            "typeDefGUID": typedef["guid"],
            "typeDefName": typedef["name"],
            "typeDefVersion": typedef.get("version", 0),
        }

    def valid_statuses(self, type_name: str) -> tuple[str, ...]:
        """Statuses an instance may have, from the type or the nearest super type that lists any."""
        for name in self.supertypes(type_name):
            if listed := self._by_name[name].get("validInstanceStatusList"):
                return tuple(listed)
        return DEFAULT_STATUSES

    def initial_status(self, type_name: str) -> str:
        """Status of a new instance, from the type or the nearest super type that names one."""
        for name in self.supertypes(type_name):
            if status := self._by_name[name].get("initialStatus"):
                return str(status)
        return DEFAULT_STATUSES[0]


@cache
def _builtin() -> TypeSystem:
    return TypeSystem.from_archive(builtin_archive())


def _known(noun: str, bean: Bean, taken: Bean, code: Code) -> TypeDefKnownError:
    return TypeDefKnownError(
        f"{noun} {bean['name']} ({bean['guid']}) cannot be added: {taken['name']} ({taken['guid']}) is known here",
        code=code,
        help="Patch the known type, or choose another name and guid.",
        guid=bean["guid"],
        type_name=bean["name"],
    )


def _required(
    noun: str,
    by_guid: Callable[[str], Bean | None],
    by_name: Callable[[str], Bean | None],
    guid: str | None,
    name: str | None,
    codes: tuple[Code, Code],
) -> Bean:
    help = "Ask for all types to see what is known; load the type archive that defines it."
    of_guid = by_guid(guid) if guid else None
    if guid and of_guid is None:
        raise TypeDefNotKnownError(f"No {noun} with guid {guid} ({name}) is known", code=codes[0], help=help, guid=guid)
    of_name = by_name(name) if name else None
    if name and of_name is None:
        raise TypeDefNotKnownError(f"No {noun} named {name} is known", code=codes[1], help=help, type_name=name)
    if of_guid is not None and of_name is not None and of_guid is not of_name:
        raise TypeDefError(
            f"The guid {guid} belongs to {noun} {of_guid['name']}, not to {name}",
            code=Code.BAD_TYPEDEF_ID_FOR_INSTANCE,
            help="Send the guid and the name of one type.",
            guid=guid,
            type_name=name,
        )
    found = of_guid or of_name
    if found is None:
        raise TypeDefError(
            f"Neither guid nor name of a {noun} was given", code=Code.BAD_TYPEDEF_ID_FOR_INSTANCE, help="Give one."
        )
    return found
