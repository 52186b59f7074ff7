"""SearchProperties, SearchClassifications and match properties compiled to tests (OMRS queries § 2, § 3).

A `Test` looks at one header (entity, relationship or classification) with its InstanceProperties bean. Compiling
checks the whole request first, so a wrong condition is refused even when nothing is stored.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.repository.matching_request import Bean
from omrs_streams.repository.matching_text import found_test, text_test
from omrs_streams.repository.matching_values import (
    COLLECTIONS,
    elements,
    equal,
    number_of,
    string_form,
    text_of,
    value_of,
)

Test = Callable[[Bean, Bean], bool]
ValueTest = Callable[[Bean | None], bool]

CRITERIA = ("ALL", "ANY", "NONE")
_NUMERIC: Mapping[str, Callable[[Any, Any], bool]] = {
    "LT": operator.lt,
    "LTE": operator.le,
    "GT": operator.gt,
    "GTE": operator.ge,
}
OPERATORS = ("EQ", "NEQ", *_NUMERIC, "IN", "IS_NULL", "NOT_NULL", "LIKE")


def everything(header: Bean, properties: Bean) -> bool:
    """The test of a request that limits nothing."""
    return True


def combine(tests: Sequence[Test], criteria: str | None, parameter: str) -> Test:
    """`tests` joined by a MatchCriteria; NO_MATCH_CRITERIA (OMRS-REPOSITORY-400-011) when there is none."""
    if criteria not in CRITERIA:
        raise InvalidParameterError(
            f"{parameter} holds {len(tests)} condition(s) and matchCriteria is {criteria!r}",
            code=Code.NO_MATCH_CRITERIA,
            help=f"Set matchCriteria to one of {', '.join(CRITERIA)}.",
            parameter=parameter,
        )
    if len(tests) == 1 and criteria != "NONE":
        return tests[0]
    if criteria == "ALL":
        return lambda header, properties: all(test(header, properties) for test in tests)
    if criteria == "ANY":
        return lambda header, properties: any(test(header, properties) for test in tests)
    return lambda header, properties: not any(test(header, properties) for test in tests)


def compile_search(search: Bean | None, parameter: str = "matchProperties") -> Test:
    """A SearchProperties bean; null or without conditions matches everything."""
    conditions: Sequence[Bean] = (search or {}).get("conditions") or ()
    if search is None or not conditions:
        return everything
    tests = [_condition(each, f"{parameter}.conditions[{index}]") for index, each in enumerate(conditions)]
    return combine(tests, search.get("matchCriteria"), parameter)


def compile_classifications(search: Bean | None, parameter: str = "matchClassifications") -> Callable[[Bean], bool]:
    """A SearchClassifications bean as a test of an entity: each condition asks for a classification by name."""
    conditions: Sequence[Bean] = (search or {}).get("conditions") or ()
    if search is None or not conditions:
        return lambda entity: True
    tests = [_carries(each, f"{parameter}.conditions[{index}]") for index, each in enumerate(conditions)]
    joined = combine(tests, search.get("matchCriteria"), parameter)
    return lambda entity: joined(entity, {})


def compile_match(
    wanted: Bean | None,
    criteria: str | None,
    in_collections: Callable[[str], bool],
    parameter: str = "matchProperties",
) -> Test:
    """InstanceProperties + MatchCriteria: the count of properties that match decides (OMRS queries § 3).

    `in_collections(name)` tells whether the attribute may hold an array, map or struct (see `may_be_collection`).
    """
    pairs = {name: value for name, value in elements(wanted).items() if value is not None}
    if not pairs:
        return everything
    tests = [_matched(name, value, in_collections(name), f"{parameter}.{name}") for name, value in pairs.items()]
    return combine(tests, criteria, parameter)


def may_be_collection(types: TypeSystem, guids: Iterable[str] | None) -> Callable[[str], bool]:
    """Whether an attribute of these types (None = all types) may hold an array, map or struct.

    Text is looked for inside collections only where a type declares one, or no type declares the attribute: so an
    index of string values is enough for every attribute that is declared as a string.
    """
    names = [each["name"] for each in _typedefs(types, guids)]

    def test(name: str) -> bool:
        specs = [spec for type_name in names if (spec := types.attributes(type_name).get(name)) is not None]
        return not specs or any(spec.category == "COLLECTION" for spec in specs)

    return test


def _typedefs(types: TypeSystem, guids: Iterable[str] | None) -> Iterable[Bean]:
    if guids is None:
        return types.typedefs()
    return [found for guid in guids if (found := types.typedef(guid)) is not None]


def _on_value(name: str, test: ValueTest) -> Test:
    return lambda header, properties: test(value_of(header, properties, name))


def _matched(name: str, wanted: Bean, in_collections: bool, parameter: str) -> Test:
    """Strings by regular expression, collections by their text, everything else by equality."""
    pattern = text_of(wanted)
    if pattern is None:
        return _on_value(name, _equal_or_contained(wanted))
    whole = text_test(pattern, parameter)
    found = found_test(pattern, parameter)

    def test(value: Bean | None) -> bool:
        if value is None:
            return False
        if value.get("instancePropertyCategory") in COLLECTIONS:
            return in_collections and found(string_form(value))
        text = text_of(value)
        return text is not None and whole(text)

    return _on_value(name, test)


def _equal_or_contained(wanted: Bean) -> ValueTest:
    inner = string_form(wanted).removeprefix("{").removesuffix("}")
    collection = wanted.get("instancePropertyCategory") in COLLECTIONS and inner != ""

    def test(value: Bean | None) -> bool:
        if value is None:
            return False
        if equal(value, wanted):
            return True
        return collection and value.get("instancePropertyCategory") in COLLECTIONS and inner in string_form(value)

    return test


def _condition(condition: Bean, parameter: str) -> Test:
    nested, name, op = condition.get("nestedConditions"), condition.get("property"), condition.get("operator")
    if nested is not None:
        if name is not None or op is not None or condition.get("value") is not None:
            raise _search_error(parameter, "has both nestedConditions and a property with operator or value")
        if not nested.get("conditions"):
            raise _search_error(parameter, "has nestedConditions without conditions")
        return compile_search(nested, f"{parameter}.nestedConditions")
    if not name or op is None:
        raise _search_error(parameter, "has neither nestedConditions nor a property with an operator")
    if op not in OPERATORS:
        raise _search_error(parameter, f"has the unknown operator {op!r}")
    if op == "IS_NULL":
        return _on_value(name, lambda value: value is None)
    if op == "NOT_NULL":
        return _on_value(name, lambda value: value is not None)
    wanted = condition.get("value")
    if wanted is None:
        raise _search_error(parameter, f"compares {name!r} by {op} without a value")
    return _on_value(name, _comparison(op, wanted, parameter))


def _comparison(op: str, wanted: Bean, parameter: str) -> ValueTest:
    if op == "EQ":
        return lambda value: value is not None and equal(value, wanted)
    if op == "NEQ":
        # An instance without the property is not equal to the value, so it is found.
        return lambda value: value is None or not equal(value, wanted)
    if op == "IN":
        return _one_of(wanted, parameter)
    if op == "LIKE":
        return _like(wanted, parameter)
    return _ordered(op, wanted, parameter)


def _one_of(wanted: Bean, parameter: str) -> ValueTest:
    if wanted.get("instancePropertyCategory") != "ARRAY":
        raise _condition_error(Code.INVALID_LIST_CONDITION, parameter, "IN needs an ArrayPropertyValue")
    allowed = list(elements(wanted.get("arrayValues")).values())
    return lambda value: value is not None and any(equal(value, each) for each in allowed)


def _like(wanted: Bean, parameter: str) -> ValueTest:
    pattern = text_of(wanted)
    if pattern is None:
        raise _condition_error(Code.INVALID_LIKE_CONDITION, parameter, "LIKE needs a string value")
    full = text_test(pattern, parameter)

    def test(value: Bean | None) -> bool:
        text = None if value is None else text_of(value)
        return text is not None and full(text)

    return test


def _ordered(op: str, wanted: Bean, parameter: str) -> ValueTest:
    limit = number_of(wanted)
    if limit is None:
        raise _condition_error(Code.INVALID_NUMERIC_CONDITION, parameter, f"{op} needs a number or a date")
    bound: int | Decimal = limit
    compare = _NUMERIC[op]

    def test(value: Bean | None) -> bool:
        number = None if value is None else number_of(value)
        return number is not None and compare(number, bound)

    return test


def _carries(condition: Bean, parameter: str) -> Test:
    name = condition.get("name")
    if not name:
        raise InvalidParameterError(
            f"{parameter} names no classification",
            code=Code.INVALID_CLASSIFICATION_SEARCH,
            help="Give the classification's name, for example Confidentiality.",
            parameter=parameter,
        )
    test = compile_search(condition.get("matchProperties"), f"{parameter}.matchProperties")
    return lambda entity, _: any(
        test(each, each.get("properties") or {}) for each in named(entity.get("classifications"), name)
    )


def named(classifications: Iterable[Bean] | None, name: str) -> Iterable[Bean]:
    """The classifications of that name; an entity carries one at most, a peer may send more."""
    return (each for each in classifications or () if each.get("name") == name)


def _search_error(parameter: str, fault: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"{parameter} {fault}",
        code=Code.INVALID_PROPERTY_SEARCH,
        help=f"A condition is either nestedConditions, or property + operator ({', '.join(OPERATORS)}) + value.",
        parameter=parameter,
    )


def _condition_error(code: Code, parameter: str, fault: str) -> InvalidParameterError:
    return InvalidParameterError(f"{parameter}: {fault}", code=code, parameter=parameter)
