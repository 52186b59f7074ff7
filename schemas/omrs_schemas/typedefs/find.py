"""The type queries of the metadata collection API over a `TypeSystem` (OMRS types § 4, find operations).

Patterns are Java regular expressions matched against the whole name. Results are in the order in which the types became
known; nothing found is an empty list (or a gallery without lists). Bad input: `InvalidParameterError`.
"""

from collections.abc import Callable
from typing import Any

from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.javaregex import matcher
from omrs_schemas.typedefs.constants import ATTRIBUTE_TYPEDEF_CATEGORIES, TYPEDEF_CATEGORIES
from omrs_schemas.typedefs.system import TypeSystem

Bean = dict[str, Any]

_NAME_TIMEOUT = 0.1  # seconds for one name; a name takes microseconds, only a hostile pattern takes longer


def find_types_by_name(types: TypeSystem, name: str | None) -> Bean:
    """`TypeDefGallery` of the TypeDefs and AttributeTypeDefs whose name matches. Error: NO_TYPEDEF_NAME."""
    if not name:
        raise _missing("name of a type", Code.NO_TYPEDEF_NAME, "name")
    matches = _name_test(name)
    found = {
        "attributeTypeDefs": [bean for bean in types.attribute_typedefs() if matches(bean)],
        "typeDefs": [bean for bean in types.typedefs() if matches(bean)],
    }
    return {"headerVersion": 1, **{field: beans for field, beans in found.items() if beans}}


def search_for_typedefs(types: TypeSystem, search_criteria: str | None) -> list[Bean]:
    """TypeDefs whose name matches. Error: NO_SEARCH_CRITERIA."""
    if not search_criteria:
        raise _missing("search criteria", Code.NO_SEARCH_CRITERIA, "searchCriteria")
    matches = _name_test(search_criteria)
    return [bean for bean in types.typedefs() if matches(bean)]


def find_typedefs_by_category(types: TypeSystem, category: str | None) -> list[Bean]:
    """TypeDefs of a TypeDefCategory. Error: NO_TYPEDEF_CATEGORY, also for a name that is none."""
    _check_category(category, TYPEDEF_CATEGORIES, Code.NO_TYPEDEF_CATEGORY)
    return [bean for bean in types.typedefs() if bean["category"] == category]


def find_attribute_typedefs_by_category(types: TypeSystem, category: str | None) -> list[Bean]:
    """AttributeTypeDefs of an AttributeTypeDefCategory. Error: NO_ATTRIBUTE_TYPEDEF_CATEGORY."""
    _check_category(category, ATTRIBUTE_TYPEDEF_CATEGORIES, Code.NO_ATTRIBUTE_TYPEDEF_CATEGORY)
    return [bean for bean in types.attribute_typedefs() if bean["category"] == category]


def find_typedefs_by_property(types: TypeSystem, match_criteria: Bean | None) -> list[Bean]:
    """TypeDefs that define all the properties named in a `TypeDefProperties` bean themselves, not by inheritance.

    Error: NO_MATCH_CRITERIA when no property is named.
    """
    names = set((match_criteria or {}).get("typeDefProperties") or ())
    if not names:
        raise _missing("property name", Code.NO_MATCH_CRITERIA, "matchCriteria")
    return [
        bean
        for bean in types.typedefs()
        if names <= {attribute["attributeName"] for attribute in bean.get("propertiesDefinition") or ()}
    ]


def find_types_by_external_id(
    types: TypeSystem, standard: str | None, organization: str | None, identifier: str | None
) -> list[Bean]:
    """TypeDefs with an ExternalStandardMapping in which any of the values given is equal. Error: NO_EXTERNAL_ID."""
    given = {"standardName": standard, "standardOrganization": organization, "standardTypeName": identifier}
    wanted = {field: value for field, value in given.items() if value}
    if not wanted:
        raise _missing("standard, organization or identifier", Code.NO_EXTERNAL_ID, "standard")
    return [
        bean
        for bean in types.typedefs()
        for mapping in [bean.get("externalStandardMappings") or ()]
        if any(each.get(field) == value for each in mapping for field, value in wanted.items())
    ]


def _name_test(pattern: str) -> Callable[[Bean], bool]:
    test = matcher(pattern, timeout=_NAME_TIMEOUT)

    def matches(bean: Bean) -> bool:
        try:
            return test(bean["name"])
        except TimeoutError as error:
            raise InvalidParameterError(
                f"{pattern!r} takes longer than {_NAME_TIMEOUT} s on the name {bean['name']}",
                code=Code.INVALID_SEARCH_CRITERIA,
                help="Avoid repetitions inside repetitions.",
                pattern=pattern,
            ) from error

    return matches


def _check_category(category: str | None, known: tuple[str, ...], code: Code) -> None:
    if category not in known:
        raise InvalidParameterError(
            f"{category!r} is not a category", code=code, help=f"Use one of {', '.join(known)}.", parameter="category"
        )


def _missing(what: str, code: Code, parameter: str) -> InvalidParameterError:
    return InvalidParameterError(f"No {what} was given", code=code, help=f"Send {parameter}.", parameter=parameter)
