"""What the source records is in the catalogue, with the parameters that the texts need; what is not, is said to be."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import omrs_connectors
from omrs_connectors.audit import CATALOGUE, NOT_SAID
from omrs_connectors.audit.messages_services import MARKERS, context_created, context_manager_starting

ROOT = Path(omrs_connectors.__file__).parent
IDS = "INTEGRATION-DAEMON-SERVICES-"
ANYWHERE = {"daemon", "connector", "connector_id", "service", "group", "server", "method", "error", "exception"}
"""Parameters that any message may be given, whether its text has them or not: they are in the record, for filters."""
BY_THE_DAEMON = {"daemon", "exception"}
"""`DaemonAudit` adds them."""
BY_THE_HANDLER = {"connector", "service"}
"""So do the handler and the lane of a connector (`_say`, `_params`)."""


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        if path.parent != ROOT / "audit":
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def constants(tree: ast.Module) -> dict[str, str]:
    """Names of the module that stand for a text."""
    found = {}
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.targets[0], ast.Name)
        ):
            found[node.targets[0].id] = str(node.value.value)
    return found


def ids(node: ast.AST, names: dict[str, str]) -> list[str]:
    """The ids that an expression stands for: a text, a name, `f"{IDS}0001"`, `IDS + ("0001" if … else "0002")`."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) and node.value.startswith(IDS) else []
    if isinstance(node, ast.Name):
        return [names[node.id]] if names.get(node.id, "").startswith(IDS) and names[node.id] != IDS else []
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BinOp) and ast.unparse(node.left) == "IDS"):
        return [IDS + number for number in re.findall(r"\b\d{4}\b|(?<=\})\d{4}", ast.unparse(node))]
    return []


CALLS = [
    (f"{path.relative_to(ROOT)}:{node.lineno}", message_id, node)
    for path, tree in trees()
    for node in ast.walk(tree)
    if isinstance(node, ast.Call)
    for message_id in (ids(node.args[0], constants(tree)) if node.args else ())
]


def test_every_id_that_is_recorded_is_in_the_catalogue() -> None:
    assert len(CALLS) > 25
    assert [place for place, message_id, _ in CALLS if message_id not in CATALOGUE] == []


def test_every_call_gives_what_the_text_needs_and_no_strangers() -> None:
    faults = []
    for place, message_id, call in CALLS:
        if any(keyword.arg is None for keyword in call.keywords) or len(call.args) > 1:
            continue
        message = CATALOGUE[message_id]
        names = {str(keyword.arg) for keyword in call.keywords} | BY_THE_DAEMON
        if isinstance(call.func, ast.Attribute) and call.func.attr != "record":
            names |= BY_THE_HANDLER
        if missing := message.required - names:
            faults.append(f"{place} {message_id} lacks {sorted(missing)}")
        if strange := names - message.names - ANYWHERE:
            faults.append(f"{place} {message_id} has no place for {sorted(strange)}")
    assert faults == []


def test_what_nobody_says_is_said_to_be_so() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path, _ in trees())
    numbers = set(re.findall(r"\b00\d\d\b", re.sub(r"\{IDS\}", " ", text)))
    told = {key for key in CATALOGUE if key.startswith(IDS)} - set(NOT_SAID)
    assert {key for key in told if key.removeprefix(IDS) not in numbers} == set()
    assert {message_id for _, message_id, _ in CALLS} & set(NOT_SAID) == set()
    assert all(key in CATALOGUE and len(why) > 20 for key, why in NOT_SAID.items())
    for marker in MARKERS:
        assert {context_created(marker), context_manager_starting(marker)} <= set(CATALOGUE)
