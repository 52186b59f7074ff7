"""Which instances a find returns: a request compiled once into a test of beans (OMRS queries § 3).

    matches = compile_find(types, FindRequest.find("entity", body))
    found = [bean for bean in beans if matches(bean)]

The reference for the semantics is Egeria's in-memory repository; where it leaves a gap we chose:
- An attribute wins over a header field of the same name.
- The typeName and typeGUID of a value are compared only where both sides carry them.
- NEQ finds instances that lack the property; LT, LTE, GT, GTE, IN and LIKE do not.
- A stored value of another category than the condition's does not match; only the condition itself can be an error.
- `matchProperties` may name attributes of the type or of any of its subtypes, or a header field.
- A collection is matched by looking for the expression in its text (`{key=text, …}`), where its type or no type
  declares the attribute so; a collection as the wanted value matches when equal or when its text is contained.
"""

from collections.abc import Callable, Iterable

from omrs_schemas.codes import Code
from omrs_schemas.errors import ClassificationError, InvalidParameterError, PropertyError, TypeDefError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.repository.matching_conditions import (
    Test,
    compile_classifications,
    compile_match,
    compile_search,
    may_be_collection,
    named,
)
from omrs_streams.repository.matching_request import Bean, FindRequest, Kind
from omrs_streams.repository.matching_text import text_test
from omrs_streams.repository.matching_values import HEADER_NAMES, elements, texts

Predicate = Callable[[Bean], bool]

_CLASS: dict[Kind, str] = {"entity": "EntityDetail", "relationship": "Relationship"}
_CATEGORY: dict[Kind, str] = {"entity": "ENTITY_DEF", "relationship": "RELATIONSHIP_DEF"}


def compile_find(types: TypeSystem, request: FindRequest) -> Predicate:
    """The test that tells whether a bean belongs to the answer; proxies never do.

    Raises InvalidParameterError (OMRS-REPOSITORY-400-011, -013, -026, -074 … -078, OMRS-PROPERTIES-400-006 for a bad
    regular expression), TypeDefError (404-007 unknown type, 400-034 a type of another category, 400-079 not a
    subtype), ClassificationError (400-005), PropertyError (400-028).
    """
    wanted_types = type_guids(types, request)
    content = _content(types, request)
    classified = compile_classifications(request.match_classifications)
    statuses = frozenset(request.statuses) if request.statuses else None
    names = frozenset(request.limit_classifications or ())
    bean_class = _CLASS[request.kind]

    def matches(bean: Bean) -> bool:
        if bean.get("class") != bean_class:
            return False
        if wanted_types is not None and (bean.get("type") or {}).get("typeDefGUID") not in wanted_types:
            return False
        status = bean.get("status")
        if status == "DELETED" if statuses is None else status not in statuses:
            return False
        if names and not any(each.get("name") in names for each in bean.get("classifications") or ()):
            return False
        return content(bean) and classified(bean)

    return matches


def type_guids(types: TypeSystem, request: FindRequest) -> frozenset[str] | None:
    """The guids of the types an instance may have; None = any. Subtypes are included."""
    if request.type_guid is None and not request.subtype_guids:
        return None
    wanted: frozenset[str] | None = None
    if request.type_guid is not None:
        require_type(types, request.type_guid, request.kind, "typeGUID")
        wanted = types.subtype_guids(request.type_guid)
    if not request.subtype_guids:
        return wanted
    below: set[str] = set()
    for guid in request.subtype_guids:
        typedef = require_type(types, guid, request.kind, "subtypeGUIDs")
        if wanted is not None and guid not in wanted:
            raise TypeDefError(
                f"{typedef['name']} ({guid}) in subtypeGUIDs is not a subtype of the type {request.type_guid}",
                code=Code.TYPEDEF_NOT_SUBTYPE,
                help="Name only subtypes of typeGUID, or leave typeGUID out.",
                guid=guid,
                parameter="subtypeGUIDs",
            )
        below |= types.subtype_guids(guid)
    return frozenset(below)


def _content(types: TypeSystem, request: FindRequest) -> Predicate:
    if request.form == "value":
        return _any_text(request.search_criteria)
    if request.form == "classification":
        return _classified_with(types, request)
    if request.form == "search":
        test = compile_search(request.match_properties)
    else:
        guids = type_guids(types, request)
        if guids is not None:
            _check_names(types, guids, request.match_properties)
        test = compile_match(request.match_properties, request.match_criteria, may_be_collection(types, guids))
    return _on_instance(test)


def _on_instance(test: Test) -> Predicate:
    return lambda bean: test(bean, bean.get("properties") or {})


def _any_text(criteria: str | None) -> Predicate:
    if not criteria:
        raise InvalidParameterError(
            "searchCriteria is missing",
            code=Code.NO_SEARCH_CRITERIA,
            help="Give the query parameter searchCriteria: a regular expression that must match a whole value.",
            parameter="searchCriteria",
        )
    full = text_test(criteria, "searchCriteria")
    return lambda bean: any(full(text) for text in texts(bean.get("properties")))


def _classified_with(types: TypeSystem, request: FindRequest) -> Predicate:
    name = request.classification_name
    if not name:
        raise InvalidParameterError(
            "classificationName is missing", code=Code.NULL_CLASSIFICATION_NAME, parameter="classificationName"
        )
    typedef = types.typedef_by_name(name)
    if typedef is None or typedef.get("category") != "CLASSIFICATION_DEF":
        raise ClassificationError(
            f"{name} is not a classification this server knows",
            code=Code.UNKNOWN_CLASSIFICATION,
            help="GET /types/all lists the classifications; an archive or the cohort can add one.",
            parameter="classificationName",
            type_name=name,
        )
    _check_names(types, (typedef["guid"],), request.match_properties)
    test = compile_match(request.match_properties, request.match_criteria, may_be_collection(types, (typedef["guid"],)))
    return lambda bean: any(
        test(each, each.get("properties") or {}) for each in named(bean.get("classifications"), name)
    )


def require_type(types: TypeSystem, guid: str, kind: Kind, parameter: str) -> Bean:
    """The EntityDef or RelationshipDef of that guid; TypeDefError (404-007, 400-034) for any other."""
    typedef = types.typedef(guid)
    if typedef is None:
        raise TypeDefError(
            f"{parameter} holds {guid}, which is not the guid of a known type",
            code=Code.TYPEDEF_ID_NOT_KNOWN,
            help="GET /types/all lists the known types.",
            guid=guid,
            parameter=parameter,
        )
    if typedef.get("category") != _CATEGORY[kind]:
        raise TypeDefError(
            f"{parameter} holds {guid}, the {typedef.get('category')} {typedef.get('name')}, in a search for {kind}s",
            code=Code.BAD_TYPEDEF_ID_FOR_INSTANCE,
            help=f"Use the guid of an {_CATEGORY[kind]}.",
            guid=guid,
            parameter=parameter,
        )
    return typedef


def _check_names(types: TypeSystem, type_guids: Iterable[str], wanted: Bean | None) -> None:
    missing = set(elements(wanted)) - HEADER_NAMES
    guids = list(type_guids)
    for guid in guids:
        if not missing:
            return
        typedef = types.typedef(guid)
        if typedef is not None:
            missing -= types.attributes(typedef["name"]).keys()
    if missing:
        typedef = types.typedef(guids[0]) if len(guids) == 1 else None
        subject = f"the type {typedef['name']}" if typedef is not None else "the type asked for or its subtypes"
        raise PropertyError(
            f"matchProperties names {', '.join(sorted(missing))}, which {subject} does not define",
            code=Code.BAD_PROPERTY_FOR_TYPE,
            help="Attribute names are case sensitive; header fields such as createdBy are allowed as well.",
            properties=sorted(missing),
        )
