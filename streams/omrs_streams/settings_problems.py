"""What is wrong with settings, said in the words of the YAML that a user wrote."""

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

_LISTS = frozenset({"list_type", "tuple_type"})
_MAPPINGS = frozenset({"dict_type", "model_type", "model_attributes_type"})


def problems(error: ValidationError, model: type[BaseModel], whole: str = "settings") -> str:
    """Each problem of `error` with the path of its setting; `whole`: what a problem of no single setting is about."""
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or whole}: {_said(item['type'], item['msg'], item['loc'], model)}"
        for item in error.errors()
    )


def _said(kind: str, message: str, path: Sequence[int | str], model: type[BaseModel]) -> str:
    if kind == "extra_forbidden":
        return _unknown(str(path[-1]), _at(model, path[:-1]))
    if kind == "missing":
        return "is needed"
    if kind in _LISTS:
        return "a list is expected: [a, b]"
    if kind in _MAPPINGS:
        names = _names(_at(model, path))
        return f"a mapping is expected{f', of {names}' if names else ''}: {{name: value, …}}"
    return message.removeprefix("Value error, ")


def _unknown(name: str, model: type[BaseModel] | None) -> str:
    known = list(model.model_fields) if model is not None else []
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"there is no such setting; did you mean `{near[0]}`?"
    return "there is no such setting" + (f"; there are {_names(model)}" if known else "")


def _names(model: type[BaseModel] | None) -> str:
    return "" if model is None else ", ".join(f"`{name}`" for name in model.model_fields)


def _at(model: type[BaseModel], path: Sequence[int | str]) -> type[BaseModel] | None:
    """The model of the mapping at `path`; None where that is no model's."""
    found: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int):
            continue  # an element of a list, whose model is that of the list
        if found is None or part not in found.model_fields:
            return None
        found = next(_models(found.model_fields[part].annotation), None)
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)
