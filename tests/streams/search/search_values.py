"""Random instances, events and finds: ordinary ones, and ones that a peer may send all the same."""

from typing import Any

from hypothesis import strategies as st
from search_server import BORN, header, types

from omrs_streams.repository.local import Bean

GUIDS = [f"{letter}{number}" for letter in "aBcé" for number in range(4)]
TEXTS = st.sampled_from(
    [
        *("", "a", "A", "ab", "abc", "b.c", "x|y", "line\nbreak", "\u2028", "naïve", "K", "\u212a", "ſ", "\U0001f600"),
        *("nul\0", "10", "9", "{0=a}", "true", "a=b", "zz top", "Zz Top"),
    ]
) | st.text(max_size=4)
NUMBERS = st.sampled_from([0, 1, -1, 2, 10, 9, 2**53, 2**53 + 1, -(2**60), 10**400]) | st.integers(-5, 5)
TYPES = ["GlossaryTerm", "RelationalColumn", "CSVFile", "Database", "RelationalTable"]
CLASSES = ["Confidentiality", "Ownership", "Retention"]
USERS = ["erin", "peter", "garygeeke", ""]
_PRIMITIVE = "OM_PRIMITIVE_TYPE_"


def primitive(category: str, value: Any, type_name: str | None = None) -> Bean:
    bean: Bean = {
        "class": "PrimitivePropertyValue",
        "instancePropertyCategory": "PRIMITIVE",
        "primitiveDefCategory": _PRIMITIVE + category,
    }
    if value is not None:
        bean["primitiveValue"] = value
    return bean if type_name is None else {**bean, "typeName": type_name}


def properties(values: dict[str, Bean]) -> Bean:
    return {"class": "InstanceProperties", "headerVersion": 1, "instanceProperties": values}


def array(values: list[Bean]) -> Bean:
    held = properties({str(index): value for index, value in enumerate(values)})
    return {
        "class": "ArrayPropertyValue",
        "instancePropertyCategory": "ARRAY",
        "arrayCount": len(values),
        "arrayValues": held,
    }


def mapping(values: dict[str, Bean]) -> Bean:
    return {"class": "MapPropertyValue", "instancePropertyCategory": "MAP", "mapValues": properties(values)}


def enum(symbol: str | None, ordinal: int) -> Bean:
    bean: Bean = {"class": "EnumPropertyValue", "instancePropertyCategory": "ENUM", "ordinal": ordinal}
    return bean if symbol is None else {**bean, "symbolicName": symbol}


SCALARS = st.one_of(
    TEXTS.map(lambda text: primitive("STRING", text)),
    TEXTS.map(lambda text: primitive("STRING", text, "string")),
    NUMBERS.map(lambda number: primitive("INT", number)),
    NUMBERS.map(lambda number: primitive("LONG", number, "long")),
    NUMBERS.map(lambda number: primitive("DATE", number, "date")),
    st.floats(-3, 3).map(lambda number: primitive("DOUBLE", number)),
    st.sampled_from(["1", "1.0", "0.1", "10", "x", "1e400"]).map(lambda text: primitive("BIGDECIMAL", text)),
    st.sampled_from(["5", "x", 5.0]).map(lambda raw: primitive("INT", raw)),
    st.booleans().map(lambda value: primitive("BOOLEAN", value)),
    st.sampled_from([True, 7, None]).map(lambda raw: primitive("STRING", raw)),
    st.sampled_from("aAz").map(lambda char: primitive("CHAR", char)),
    st.tuples(st.sampled_from(["a", "Public", None]), st.integers(0, 2)).map(lambda pair: enum(*pair)),
)
VALUES = (
    SCALARS
    | st.lists(SCALARS, max_size=2).map(array)
    | st.dictionaries(st.sampled_from(["k", "a b"]), SCALARS, max_size=2).map(mapping)
)

NAMES = ["displayName", "description", "precision", "isNullable", "additionalProperties", "storeCreateTime", "odd name"]
"""Text, number, boolean, map, date; the last one no type knows."""
HEADERS = [
    "createdBy",
    "updatedBy",
    "typeName",
    "metadataCollectionId",
    "createTime",
    "updateTime",
    "effectiveFromTime",
]


@st.composite
def canonical(draw: st.DrawFn, type_name: str) -> dict[str, Bean]:
    """Values as the type declares them: plain in the record."""
    found: dict[str, Bean] = {}
    for name, spec in types().attributes(type_name).items():
        if name not in NAMES or not draw(st.booleans()):
            continue
        base = {"headerVersion": 1, "typeGUID": spec.type_guid, "typeName": spec.type_name}
        primitive_name = (spec.primitive or "").removeprefix(_PRIMITIVE)
        if primitive_name == "STRING":
            found[name] = {**primitive("STRING", draw(TEXTS)), **base}
        elif primitive_name in ("INT", "LONG", "DATE"):
            found[name] = {**primitive(primitive_name, draw(NUMBERS)), **base}
        elif primitive_name == "BOOLEAN":
            found[name] = {**primitive("BOOLEAN", draw(st.booleans())), **base}
    return found


@st.composite
def bags(draw: st.DrawFn, type_name: str) -> Bean | None:
    values = draw(canonical(type_name))
    values |= draw(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=2))
    bag = properties(values) if values else None
    if bag is not None and draw(st.integers(0, 5)) == 0:
        bag["effectiveFromTime"] = draw(st.integers(-2, 2))
    return bag


def with_bag(bean: Bean, bag: Bean | None) -> Bean:
    return bean if bag is None else {**bean, "properties": bag}


@st.composite
def classifications(draw: st.DrawFn) -> list[Bean]:
    names = draw(st.lists(st.sampled_from(CLASSES), max_size=3, unique=draw(st.integers(0, 9)) > 0))
    return [
        {"class": "Classification", "name": name, **with_bag(header(name), draw(class_bags(name)))} for name in names
    ]


@st.composite
def class_bags(draw: st.DrawFn, name: str) -> Bean | None:
    values = draw(st.dictionaries(st.sampled_from(["confidence", "owner", "notes"]), SCALARS, max_size=2))
    return properties(values) if values else None


@st.composite
def instances(draw: st.DrawFn, guid: str, version: int) -> Bean:
    """An entity, for most guids; a relationship for those that end in 3."""
    created = BORN + GUIDS.index(guid) % 3
    updated = draw(st.sampled_from([created + version, created + version, created - 5, None])) if version > 1 else None
    more = {
        "createdBy": draw(st.sampled_from(USERS)),
        "createTime": created,
        "metadataCollectionId": draw(st.sampled_from(["home-1", "home-2"])),
        "status": draw(st.sampled_from(["ACTIVE", "ACTIVE", "DRAFT", "DELETED"])),
    }
    if updated is not None:
        more["updateTime"] = updated
    else:
        more["updateTime"] = None
    if guid.endswith("3"):
        type_name = draw(st.sampled_from(["Synonym", "SemanticAssignment"]))
        ends = {
            f"entity{end}Proxy": {"class": "EntityProxy", "guid": GUIDS[0], **_kept(header("GlossaryTerm"))}
            for end in ("One", "Two")
        }
        bean: Bean = {"class": "Relationship", "guid": guid, **_kept(header(type_name, version, **more)), **ends}
    else:
        type_name = draw(st.sampled_from(TYPES))
        bean = {"class": "EntityDetail", "guid": guid, **_kept(header(type_name, version, **more))}
        carried = draw(classifications())
        if carried:
            bean["classifications"] = carried
    return with_bag(bean, draw(bags(type_name)))


def _kept(bean: Bean) -> Bean:
    return {name: value for name, value in bean.items() if value is not None}


# ---- finds ---------------------------------------------------------------------------------------------------------

PATTERNS = st.sampled_from(
    [
        *("a", ".*", ".*a.*", "a.*", ".*c", r"\Qb.c\E", r"\Qa\E.*", r".*\Qline\E.*", "[a-z]+", "(a|b).*", "(?i)k"),
        *("(?i)zz top", "[^a].*", r"\w+", r"\d{1,2}", "a++", "(?=a).*", r"(.)\1", "^a$", r"\p{Alpha}+", "x\\|y", "."),
        *(
            "..?",
            "(ab?c?)*",
            "",
            "true",
            "True",
            ".*=.*",
            r"\{0=a\}",
            "Public",
            "z{2} .*",
            "[&a]b?",
            "\u2028",
            r"nul\x00",
        ),
    ]
)


def condition(name: str, operator: str, value: Bean | None) -> Bean:
    found = {"property": name, "operator": operator, "value": value}
    return {field: each for field, each in found.items() if each is not None}


@st.composite
def conditions(draw: st.DrawFn, names: list[str], depth: int = 0) -> Bean:
    if depth < 2 and draw(st.integers(0, 6)) == 0:
        return {"nestedConditions": draw(searches(names, depth + 1))}
    name = draw(st.sampled_from(names))
    operator = draw(st.sampled_from(["EQ", "NEQ", "LT", "LTE", "GT", "GTE", "IN", "IS_NULL", "NOT_NULL", "LIKE"]))
    if operator in ("IS_NULL", "NOT_NULL"):
        return condition(name, operator, None)
    if operator == "LIKE":
        return condition(name, operator, primitive("STRING", draw(PATTERNS)))
    if operator == "IN":
        return condition(name, operator, array(draw(st.lists(SCALARS, max_size=3))))
    if operator in ("EQ", "NEQ"):
        return condition(
            name, operator, draw(VALUES | st.sampled_from(USERS).map(lambda user: primitive("STRING", user)))
        )
    category = draw(st.sampled_from(["INT", "DATE", "DOUBLE", "BIGDECIMAL"]))
    bound = draw(NUMBERS | st.sampled_from([BORN, BORN + 1, "0.1", "1e400", 2**70])) if category != "DATE" else BORN + 1
    return condition(name, operator, primitive(category, bound))


@st.composite
def searches(draw: st.DrawFn, names: list[str], depth: int = 0) -> Bean:
    return {
        "conditions": draw(st.lists(conditions(names, depth), min_size=1, max_size=3)),
        "matchCriteria": draw(st.sampled_from(["ALL", "ANY", "NONE"])),
    }


@st.composite
def class_searches(draw: st.DrawFn) -> Bean:
    each = st.sampled_from(CLASSES).flatmap(
        lambda name: st.one_of(
            st.just({"name": name}),
            searches(["confidence", "owner", "createdBy"]).map(lambda found: {"name": name, "matchProperties": found}),
        )
    )
    return {
        "conditions": draw(st.lists(each, min_size=1, max_size=2)),
        "matchCriteria": draw(st.sampled_from(["ALL", "ANY", "NONE"])),
    }


@st.composite
def limits(draw: st.DrawFn) -> dict[str, Any]:
    """What all finds share."""
    return {
        "statuses": draw(st.sampled_from([None, None, ("ACTIVE",), ("DELETED", "DRAFT"), ("UNKNOWN",)])),
        "sequencing_order": draw(
            st.sampled_from(["ANY", "GUID", "CREATION_DATE_RECENT", "CREATION_DATE_OLDEST", "LAST_UPDATE_RECENT"])
            | st.sampled_from(["LAST_UPDATE_OLDEST", "PROPERTY_ASCENDING", "PROPERTY_DESCENDING"])
        ),
        "sequencing_property": draw(st.sampled_from([*NAMES, None])),
        "offset": draw(st.sampled_from([0, 0, 1, 3])),
        "page_size": draw(st.sampled_from([0, 1, 2, 5])),
        "as_of_time": draw(st.sampled_from([None, None, *(BORN + shift for shift in (-6, -1, 0, 1, 2, 4, 9))])),
    }
