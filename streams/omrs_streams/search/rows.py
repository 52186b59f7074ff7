"""From a decoded payload to a row of the view, straight from the Avro record: no bean is made of plain values.

What the matcher sees of the bean stands in the row (repository/matching_values.py): texts of strings, numbers that a
double holds exactly, the text form of all else. What cannot be said so exactly raises Odd, and the guid is decided on
its bean in every find: numbers beyond 2^53, texts with NUL or lone surrogates, plain values that no type explains,
a classification twice, headers of another shape.
"""

import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from omrs_schemas.codec.values import typed_bean
from omrs_schemas.errors import CodecError
from omrs_schemas.javaregex import LINE_TERMINATORS
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.fold.meta import RELATIONSHIP, StateMeta
from omrs_streams.fold.overlay import merge_classifications
from omrs_streams.repository.matching_values import number_of, string_form, texts
from omrs_streams.search.columns import OWN, TIMES, Column, Dictionary, Odd, Shape
from omrs_streams.search.plans import INTEGER, MAP, REAL, TEXT, Plans

Record = Mapping[str, Any]
Row = dict[str, Any]

EXACT: Final = 1 << 53
"""Integers up to here are doubles."""
MAX_TEXT: Final = 20_000
"""Characters of one text; a longer one is a document, not something to sort or search by."""
DELETED: Final = "DELETED"

_TERMINATOR: Final = re.compile(f"[{LINE_TERMINATORS}]")


class Rows:
    """Makes rows; the dictionary learns what is in them. For one thread."""

    def __init__(self, types: TypeSystem, dictionary: Dictionary) -> None:
        self.plans = Plans(types, dictionary.columns)
        self._columns = dictionary.columns
        self._words = dictionary.words

    def row(self, partition: int, guid: str, meta: StateMeta, base: Record, overlay: Iterable[Record]) -> Row:
        """The row of an instance in the state `meta` with these payloads. Raises Odd."""
        try:
            return self._row(partition, guid, meta, base, overlay)
        except (AttributeError, LookupError, OverflowError, TypeError, ValueError, CodecError) as error:
            raise Odd(f"{type(error).__name__}: {error}") from error

    def _row(self, partition: int, guid: str, meta: StateMeta, base: Record, overlay: Iterable[Record]) -> Row:
        relationship = meta.flags & RELATIONSHIP != 0
        instance = base["relationship" if relationship else "entity"]
        header, status, properties = instance["type"], instance.get("status"), instance.get("properties")
        type_guid, type_name = header["typeDefGUID"], header["typeDefName"]
        if instance["guid"] != guid or type_guid != meta.type_guid or (status == DELETED) != meta.deleted:
            raise Odd("its header says otherwise than the record's")
        words, get = self._words, instance.get
        row: Row = {
            "guid": guid,
            "part": partition,
            "rev": meta.revision,
            "rel": relationship,
            "valid_from": meta.valid_from,
            "type": words["type"].number((type_guid, type_name)),
            "status": words["status"].number(status),
            "home": words["home"].number((get("metadataCollectionId"), get("metadataCollectionName"))),
            "created_by": words["created_by"].number(get("createdBy")),
            "updated_by": words["updated_by"].number(get("updatedBy")),
            "create_time": get("createTime"),
            "update_time": get("updateTime"),
        }
        if properties is not None:
            row["effective_from"] = properties.get("effectiveFromTime")
            row["effective_to"] = properties.get("effectiveToTime")
            self._values(row, OWN, type_name, properties.get("values"))
        for name in TIMES:
            time = row.get(name)
            if time is not None and (type(time) is not int or not -EXACT <= time <= EXACT):
                raise Odd(f"{name} is {time!r}")
        names: list[str] = []
        if relationship:
            for end in ("entityOneProxy", "entityTwoProxy"):
                self._explained(instance[end])
        else:
            carried = instance.get("classifications") or ()
            if carried or overlay:
                for each in merge_classifications(carried, overlay, instance):
                    names.append(each["name"])
                    held = each.get("properties")
                    if held is not None:
                        self._values(row, each["name"], each["type"]["typeDefName"], held.get("values"))
                if len(set(names)) < len(names):
                    raise Odd("a classification twice")
        row["classes"] = words["classes"].number(tuple(sorted(names)))
        return row

    def _values(self, row: Row, owner: str, type_name: str | None, values: Mapping[str, Any] | None) -> None:
        if not values:
            return
        plan = self.plans.plan(owner, type_name)
        for name, value in values.items():
            if type(value) is dict and type(value.get("type")) is dict:
                self._bean(row, owner, name, typed_bean(value))
                continue
            slot = plan.get(name)
            if slot is None:
                raise Odd(f"{name} is a plain value that no type explains")
            kind, column = slot.kind, slot.column
            if kind == TEXT and type(value) is str:
                self._text(row, column, slot.shape, value)
            elif (kind == INTEGER and type(value) is int and -EXACT <= value <= EXACT) or (
                kind == REAL and type(value) is float and math.isfinite(value)
            ):
                if slot.shape not in column.shapes:
                    self._columns.use(column, slot.shape)
                row[column.sql] = value + 0
            elif kind == MAP and type(value) is dict and all(type(each) is str for each in value.values()):
                form = ", ".join([f"{key}={value[key]}" for key in sorted(value)])  # as `string_form` has it
                self._text(row, column, slot.shape, f"{{{form}}}")
            else:
                bean = slot.canonical(value)
                if bean is None:
                    raise Odd(f"{name} is a plain value that its type does not allow")
                self._bean(row, owner, name, bean)

    def _bean(self, row: Row, owner: str, name: str, bean: Mapping[str, Any]) -> None:
        """A value by its bean: everything that is not plain, or not often."""
        number = number_of(bean)
        if number is None:
            form = string_form(bean)
            if any(text not in form for text in texts({"instanceProperties": {name: bean}})):
                raise Odd(f"{name} holds a text that is no string")
            self._text(row, self._columns.lazy(owner, name, "s"), _shape(bean), form)
            return
        exact = float(number)
        if not math.isfinite(exact) or Decimal(repr(exact)) != number:
            raise Odd(f"{name} is no double")
        column, shape = self._columns.lazy(owner, name, "n"), _shape(bean)
        if shape not in column.shapes:
            self._columns.use(column, shape)
        row[column.sql] = exact + 0.0

    def _text(self, row: Row, column: Column, shape: Shape, text: str) -> None:
        if shape not in column.shapes:
            self._columns.use(column, shape)
        if not column.lines and not text.isprintable() and _TERMINATOR.search(text):
            self._columns.has_lines(column)
        if len(text) > MAX_TEXT:
            raise Odd(f"{column.name} has {len(text)} characters")
        row[column.sql] = text

    def _explained(self, proxy: Record) -> None:
        """An end whose unique properties no type explains makes a relationship that no bean can be made of."""
        values = (proxy.get("uniqueProperties") or {}).get("values")
        plan = self.plans.plan(OWN, (proxy.get("type") or {}).get("typeDefName")) if values else {}
        for name, value in (values or {}).items():
            if type(value) is dict and type(value.get("type")) is dict:
                continue
            slot = plan.get(name)
            if slot is None or slot.canonical(value) is None:
                raise Odd(f"{name} of an end is a plain value that no type explains")


def _shape(bean: Mapping[str, Any]) -> Shape:
    category = bean.get("instancePropertyCategory")
    content = {"PRIMITIVE": "primitiveValue", "ENUM": "symbolicName"}.get(str(category))
    kind = "" if content is None else type(bean.get(content)).__name__
    return (category, bean.get("primitiveDefCategory"), bean.get("typeGUID"), bean.get("typeName"), kind)
