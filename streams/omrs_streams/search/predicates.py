"""The question of a find in SQL: true for every row whose bean can match, and known to be exact or not.

A clause that is `exact` is true for the matches alone. The matcher decides on every bean that is answered all the
same; exactness lets a page skip its offset without looking, and is what a negation needs.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from omrs_schemas.javaregex import LiteralPattern, literal_parts
from omrs_streams.repository.matching_conditions import compile_search
from omrs_streams.repository.matching_request import Bean
from omrs_streams.repository.matching_text import leading_literal
from omrs_streams.repository.matching_values import (
    COLLECTIONS,
    HEADER_DATES,
    HEADER_NAMES,
    STRING,
    elements,
    number_of,
    text_of,
)
from omrs_streams.search.columns import NOTHING, OWN, Column, Columns, Dictionary, Shape
from omrs_streams.search.regexes import to_re2
from omrs_streams.search.rows import EXACT

MAX_ALTERNATIVES: Final = 1_000
"""Values of an IN that are written out."""


class Clause(NamedTuple):
    """SQL that is never null, and its parameters."""

    sql: str
    params: tuple[Any, ...] = ()
    exact: bool = True


EVERY: Final = Clause("TRUE")
NO: Final = Clause("FALSE")
MAYBE: Final = Clause("TRUE", (), False)
"""Nothing can be said."""


def both(clauses: Iterable[Clause]) -> Clause:
    """All of them."""
    found = list(clauses)
    said = [each for each in found if each.sql != "TRUE"]
    exact = all(each.exact for each in found)
    return _joined(" AND ", said, exact) if said else EVERY._replace(exact=exact)


def either(clauses: Iterable[Clause]) -> Clause:
    """At least one of them."""
    found = list(clauses)
    exact = all(each.exact for each in found)
    if any(each.sql == "TRUE" for each in found):
        return EVERY._replace(exact=any(each == EVERY for each in found) or exact)
    said = [each for each in found if each.sql != "FALSE"]
    return _joined(" OR ", said, exact) if said else NO._replace(exact=exact)


def neither(clauses: Iterable[Clause]) -> Clause:
    """None of them; what is not exact cannot be denied."""
    found = list(clauses)
    denied = both(_not(each) for each in found if each.exact)
    return denied._replace(exact=all(each.exact for each in found))


def _not(clause: Clause) -> Clause:
    if clause.sql in ("TRUE", "FALSE"):
        return NO if clause.sql == "TRUE" else EVERY
    return Clause(f"NOT {clause.sql}", clause.params)


def combined(clauses: Sequence[Clause], criteria: str | None) -> Clause:
    """As MatchCriteria says (`matching_conditions.combine` has refused what it does not)."""
    if criteria == "NONE":
        return neither(clauses)
    return both(clauses) if criteria == "ALL" else either(clauses)


def _joined(word: str, clauses: Sequence[Clause], exact: bool) -> Clause:
    sql = clauses[0].sql if len(clauses) == 1 else f"({word.join(each.sql for each in clauses)})"
    return Clause(sql, tuple(value for each in clauses for value in each.params), exact)


def numbered(name: str, words: Sequence[Any], test: Callable[[Any], bool]) -> Clause:
    """Header fields kept by number: every distinct value is tested, so whatever is asked is exact."""
    found = [number for number, word in enumerate(words) if test(word)]
    if len(found) == len(words):
        return EVERY
    return Clause(f"{name} IN ({', '.join(map(str, found))})") if found else NO


class Properties:
    """Clauses about the properties of an instance, or of the classification `owner` that it carries."""

    def __init__(self, dictionary: Dictionary, owner: str = OWN) -> None:
        self._dictionary = dictionary
        self._columns: Columns = dictionary.columns
        self._owner = owner

    # ---- SearchProperties ------------------------------------------------------------------------------------------

    def search(self, search: Bean | None) -> Clause:
        """A SearchProperties bean that `compile_search` accepts."""
        conditions: Sequence[Bean] = (search or {}).get("conditions") or ()
        if search is None or not conditions:
            return EVERY
        return combined([self._condition(each) for each in conditions], search.get("matchCriteria"))

    def _condition(self, condition: Bean) -> Clause:
        nested = condition.get("nestedConditions")
        if nested is not None:
            return self.search(nested)
        name, op, value = str(condition["property"]), condition["operator"], condition.get("value")
        if name in HEADER_NAMES:
            return self._header(name, condition)
        if op in ("IS_NULL", "NOT_NULL"):
            return self._missing(name) if op == "IS_NULL" else neither([self._missing(name)])
        wanted: Bean = value or {}
        if op == "EQ":
            return self._equal(name, wanted)
        if op == "NEQ":
            found = self._equal(name, wanted)
            return neither([found]) if found.exact else MAYBE
        if op == "IN":
            allowed = list(elements(wanted.get("arrayValues")).values())
            return either(self._equal(name, each) for each in allowed) if len(allowed) <= MAX_ALTERNATIVES else MAYBE
        if op == "LIKE":
            return self._like(name, text_of(wanted))
        return self._compared(name, op, wanted)

    # ---- InstanceProperties with MatchCriteria ---------------------------------------------------------------------

    def match(self, wanted: Bean | None, criteria: str | None) -> Clause:
        """InstanceProperties that `compile_match` accepts."""
        pairs = [(name, value) for name, value in elements(wanted).items() if value is not None]
        if not pairs:
            return EVERY
        return combined([self._matched(name, value) for name, value in pairs], criteria)

    def _matched(self, name: str, wanted: Bean) -> Clause:
        pattern = text_of(wanted)
        if name in HEADER_NAMES:
            operator = "EQ" if pattern is None else "LIKE"
            if pattern is None and wanted.get("instancePropertyCategory") in COLLECTIONS:
                return MAYBE
            return self._header(name, {"property": name, "operator": operator, "value": wanted})
        if pattern is None:
            return MAYBE if wanted.get("instancePropertyCategory") in COLLECTIONS else self._equal(name, wanted)
        column = self._columns.get(self._owner, name, "s")
        if column is not None and column.collections:
            return _searched(column, pattern)
        return self._like(name, pattern)

    # ---- any text --------------------------------------------------------------------------------------------------

    def any_text(self, pattern: str) -> Clause:
        """Some string or symbolic name anywhere below the properties matches."""
        columns = [each for each in self._columns.ready() if each.owner == self._owner and each.family == "s"]
        return either(_text_or_symbol(column, pattern) for column in columns)

    # ---- one property ----------------------------------------------------------------------------------------------

    def _missing(self, name: str) -> Clause:
        found = [self._columns.get(self._owner, name, "s"), self._columns.get(self._owner, name, "n")]
        return both(Clause(f"{column.sql} IS NULL") for column in found if column is not None)

    def _equal(self, name: str, wanted: Bean) -> Clause:
        """`matching_values.equal` with the value of a property."""
        category = wanted.get("instancePropertyCategory")
        if category == "ENUM":
            symbol = wanted.get("symbolicName")
            found = self._columns.get(self._owner, name, "s")
            if found is None:
                return NO
            return Clause(_is(found), (symbol,), False) if isinstance(symbol, str) and _sayable(symbol) else MAYBE
        raw = wanted.get("primitiveValue")
        if category != "PRIMITIVE" or raw is None:
            return MAYBE
        number = number_of(wanted)
        column = self._columns.get(self._owner, name, "s" if number is None else "n")
        if column is None:
            # A number that the matcher reads as one is one in the column too, and no text is.
            return NO if number is not None or wanted.get("primitiveDefCategory") == STRING else MAYBE
        # Of numbers that are written as texts, different texts are different values.
        exact = all(_same(shape, wanted, raw) for shape in column.shapes) and (number is None or type(raw) is not str)
        if number is not None:
            double = _double(number)
            return NO if double is None else Clause(_is(column), (double,), exact)
        if isinstance(raw, bool):
            return Clause(_is(column), (str(raw).lower(),), exact)
        return Clause(_is(column), (raw,), exact) if isinstance(raw, str) and _sayable(raw) else MAYBE

    def _like(self, name: str, pattern: str | None) -> Clause:
        column = self._columns.get(self._owner, name, "s")
        if pattern is None:
            return MAYBE
        if column is None:
            return NO
        found = _full(column, pattern)
        return found if column.texts_only else found._replace(exact=False)

    def _compared(self, name: str, op: str, wanted: Bean) -> Clause:
        column = self._columns.get(self._owner, name, "n")
        if column is None:
            return NO
        return _compared(column.sql, op, number_of(wanted))

    # ---- header fields ---------------------------------------------------------------------------------------------

    def _header(self, name: str, condition: Bean) -> Clause:
        columns = (self._columns.get(self._owner, name, "s"), self._columns.get(self._owner, name, "n"))
        if self._owner != OWN or any(column is not None for column in columns):
            return MAYBE
        if name in HEADER_DATES:
            return _date(name, condition)
        test = compile_search({"conditions": [condition], "matchCriteria": "ALL"})
        field, header = _HEADER[name]
        return numbered(field, self._dictionary.words[field].values, lambda word: test(header(word), {}))


_HEADER: Final[dict[str, tuple[str, Callable[[Any], Bean]]]] = {
    "metadataCollectionId": ("home", lambda word: {"metadataCollectionId": word[0]}),
    "metadataCollectionName": ("home", lambda word: {"metadataCollectionName": word[1]}),
    "createdBy": ("created_by", lambda word: {"createdBy": word}),
    "updatedBy": ("updated_by", lambda word: {"updatedBy": word}),
    "typeGUID": ("type", lambda word: {"type": {"typeDefGUID": word[0]}}),
    "typeName": ("type", lambda word: {"type": {"typeDefName": word[1]}}),
}
"""Search name → the field that it is kept in, and a header with nothing else in it."""

_TIMES: Final = {
    "createTime": "create_time",
    "updateTime": "update_time",
    "effectiveFromTime": "effective_from",
    "effectiveToTime": "effective_to",
}
_SIGNS: Final = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}


def _date(name: str, condition: Bean) -> Clause:
    field, op, wanted = _TIMES[name], condition["operator"], condition.get("value") or {}
    if op in ("IS_NULL", "NOT_NULL"):
        return Clause(f"{field} IS {'NOT ' if op == 'NOT_NULL' else ''}NULL")
    if op in _SIGNS:
        return _compared(field, op, number_of(wanted))
    raw = wanted.get("primitiveValue")
    if (
        op not in ("EQ", "NEQ")
        or wanted.get("instancePropertyCategory") != "PRIMITIVE"
        or type(raw) is not int
        or not -EXACT <= raw <= EXACT
    ):
        return MAYBE
    if wanted.get("primitiveDefCategory") != "OM_PRIMITIVE_TYPE_DATE":
        return NO if op == "EQ" else EVERY
    equal = Clause(f"({field} IS NOT NULL AND {field} = ?)", (raw,))
    return equal if op == "EQ" else neither([equal])


def _compared(sql: str, op: str, bound: int | Decimal | None) -> Clause:
    """Numbers in the column are exact doubles (rows.py): so is the comparison with one, and else nearly."""
    if bound is None:
        return MAYBE
    double = _double(bound)
    if double is not None:
        return Clause(f"({sql} IS NOT NULL AND {sql} {_SIGNS[op]} ?)", (double,))
    try:
        near = float(bound)
    except OverflowError:
        return MAYBE
    return Clause(f"({sql} IS NOT NULL AND {sql} {_SIGNS[op][0]}= ?)", (near,), False)


def _double(number: int | Decimal) -> float | None:
    """The double that is this number; None when none is."""
    try:
        found = float(number)
    except OverflowError:
        return None
    return found if Decimal(repr(found)) == number else None


def _is(column: Column) -> str:
    return f"({column.sql} IS NOT NULL AND {column.sql} = ?)"


def _same(shape: Shape, wanted: Bean, raw: Any) -> bool:
    """Whether equal content makes any value of this shape equal to the wanted one."""
    category, primitive, type_guid, type_name, content = shape
    if category != "PRIMITIVE" or primitive != wanted.get("primitiveDefCategory"):
        return False
    for mine, field in ((type_guid, "typeGUID"), (type_name, "typeName")):
        theirs = wanted.get(field)
        if mine is not None and theirs is not None and mine != theirs:
            return False
    kinds = {int: ("int", "float"), float: ("int", "float"), str: ("str",), bool: ("bool",)}
    return content in kinds.get(type(raw), ())


def _sayable(text: str) -> bool:
    """Whether a text can be in a column (rows.py)."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


# ---- expressions ---------------------------------------------------------------------------------------------------


def _full(column: Column, pattern: str) -> Clause:
    """The text of the column matches as a whole."""
    if not _sayable(pattern):
        return MAYBE
    literal = literal_parts(pattern)
    if literal is not None and (literal.kind == "exact" or not column.lines):
        return _literal(column, literal)
    translated = to_re2(pattern)
    if translated is not None:
        # Ignoring case RE2 takes some letters beyond ASCII for equal, Java does not.
        exact = not translated.startswith("(?i)")
        found = Clause(f"({column.sql} IS NOT NULL AND regexp_full_match({column.sql}, ?))", (translated,), exact)
        if literal is not None:
            return both([_literal(column, literal), found])
        prefix = leading_literal(pattern)[0]
        return both([_literal(column, LiteralPattern("prefix", prefix)), found]) if prefix else found
    if literal is not None:
        return _literal(column, literal)._replace(exact=False)
    prefix = leading_literal(pattern)[0]
    return _literal(column, LiteralPattern("prefix", prefix))._replace(exact=False) if prefix else MAYBE


_FUNCTIONS: Final = {"prefix": "starts_with", "suffix": "suffix", "contains": "contains"}


def _literal(column: Column, literal: LiteralPattern) -> Clause:
    sql = column.sql
    if literal.kind == "exact":
        return Clause(_is(column), (literal.text,))
    if not literal.text:
        return Clause(f"({sql} IS NOT NULL)")
    return Clause(f"({sql} IS NOT NULL AND {_FUNCTIONS[literal.kind]}({sql}, ?))", (literal.text,))


def _searched(column: Column, pattern: str) -> Clause:
    """The text matches as a whole or, where it is a collection's, somewhere."""
    if not _sayable(pattern):
        return MAYBE
    literal = literal_parts(pattern)
    if literal is not None:
        return _literal(column, LiteralPattern("contains", literal.text))._replace(exact=False)
    translated = to_re2(pattern)
    if translated is None:
        return MAYBE
    return Clause(f"({column.sql} IS NOT NULL AND regexp_matches({column.sql}, ?))", (translated,), False)


def _has_text(shape: Shape) -> bool:
    return (shape[0] == "ENUM" or shape[:2] == ("PRIMITIVE", STRING)) and shape[4] != NOTHING


def _text_or_symbol(column: Column, pattern: str) -> Clause:
    """A string or symbolic name in the column's values matches."""
    if column.collections:
        return _searched(column, pattern)
    found = _full(column, pattern)
    plain = all(_has_text(shape) for shape in column.shapes)
    return found if plain else found._replace(exact=False)
