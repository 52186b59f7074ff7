"""Which audit messages the source records, and with which parameters, read from its syntax trees."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [ROOT / "streams" / "omrs_streams", ROOT / "connectors" / "omrs_connectors"]
CATALOGUE_FOLDER = SOURCES[0] / "audit"

ID = re.compile(r"OMRS-(AUDIT|STREAMS)-\d{4}")
SHORT = re.compile(r"\d{4}")
_SHORT_CALLS = {"audit": ("cohort",)}
"""Functions that take an id without `OMRS-AUDIT-`, and the parameters that they add themselves."""


@dataclass(frozen=True)
class Call:
    """`names` is None where they cannot be read from the source (`**params`)."""

    place: str
    id: str
    names: frozenset[str] | None


def sources() -> Iterator[Path]:
    for folder in SOURCES:
        yield from (path for path in sorted(folder.rglob("*.py")) if CATALOGUE_FOLDER not in path.parents)


def calls(source: str, place: str) -> list[Call]:
    """Every place where an id is recorded or made ready for it: `f(…, "OMRS-AUDIT-0110", name=…)`,
    `("OMRS-AUDIT-0110", {"name": …})`, `audit(state, "0110", name=…)`; any other mention without names."""
    tree = ast.parse(source)
    found: list[Call] = []
    seen: set[int] = set()
    for node in ast.walk(tree):
        where = f"{place}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call):
            short = _SHORT_CALLS.get(_name(node.func))
            for index, argument in enumerate(node.args):
                for constant in _ids(argument, short=short is not None):
                    seen.add(id(constant))
                    names = _names(node, index)
                    if names is not None and short is not None and SHORT.fullmatch(str(constant.value)):
                        names |= frozenset(short)
                    found.append(Call(where, _full(str(constant.value)), names))
        elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.elts[1], ast.Dict):
            for constant in _ids(node.elts[0], short=False):
                seen.add(id(constant))
                found.append(Call(where, str(constant.value), _keys(node.elts[1])))
    made = _makes_ids(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in seen:
            continue
        if ID.fullmatch(node.value) or (made and SHORT.fullmatch(node.value)):
            found.append(Call(f"{place}:{node.lineno}", _full(node.value), None))
    return found


def _makes_ids(tree: ast.Module) -> bool:
    """Whether four digits in this module are an id: it puts ids together, or calls a function that does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and _begins(node).startswith("OMRS-AUDIT-"):
            return True
        if isinstance(node, ast.ImportFrom) and any(alias.name in _SHORT_CALLS for alias in node.names):
            return True
    return False


def _begins(node: ast.JoinedStr) -> str:
    first = node.values[0] if node.values else None
    return str(first.value) if isinstance(first, ast.Constant) else ""


def _ids(node: ast.expr, *, short: bool) -> list[ast.Constant]:
    """The id, or both of `a if x else b`."""
    if isinstance(node, ast.IfExp):
        return _ids(node.body, short=short) + _ids(node.orelse, short=short)
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return []
    return [node] if ID.fullmatch(node.value) or (short and SHORT.fullmatch(node.value)) else []


def _full(found: str) -> str:
    return found if ID.fullmatch(found) else f"OMRS-AUDIT-{found}"


def _name(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _names(call: ast.Call, index: int) -> frozenset[str] | None:
    """Keyword names, or the keys of a dict right behind the id; None with `**` or anything else."""
    if _name(call.func) == "wants":  # asks about a message, records none
        return None
    following = call.args[index + 1 :]
    if following:
        return _keys(following[0]) if len(following) == 1 and isinstance(following[0], ast.Dict) else None
    if any(keyword.arg is None and not isinstance(keyword.value, ast.Dict) for keyword in call.keywords):
        return None
    names: set[str] = set()
    for keyword in call.keywords:
        if keyword.arg is not None:
            names.add(keyword.arg)
        elif isinstance(keyword.value, ast.Dict):
            below = _keys(keyword.value)
            if below is None:
                return None
            names |= below
    return frozenset(names)


def _keys(node: ast.Dict) -> frozenset[str] | None:
    keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
    return frozenset(str(key) for key in keys) if None not in keys else None
