"""The recorded exchanges of two real Egeria 4.2 servers, made again with two servers of ours; what came out otherwise.

Guids, creation times and server names in later calls are those that our servers gave; a call waits until the server
that it goes to knows what it names in the version that the other server has answered, with its classifications: those
that a server adds to what the other maintains do not change the version.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from recorded import Exchange
from workers import eventually

Bean = dict[str, Any]
EXCEPTIONS = "org.odpi.openmetadata.repositoryservices.ffdc.exception."
KINDS = ("entity", "relationship")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is compared of an answer. `head`: bean and code, then the error, or version and status of the instance;
    `fields`: the paths of all fields that it has."""

    head: str
    fields: frozenset[str]


def outcome(answer: Bean) -> Outcome:
    """Of an answer as parsed. Spring's own answer to what it cannot serve has no class."""
    if "class" not in answer:
        return Outcome(f"HTTP {answer['status']}", frozenset())
    head = [answer["class"], str(answer["relatedHTTPCode"])]
    if "exceptionClassName" in answer:
        head += [answer["exceptionClassName"].removeprefix(EXCEPTIONS), answer.get("exceptionErrorMessageId", "no id")]
    for made in (answer[kind] for kind in KINDS if kind in answer):
        head += [f"version {made['version']}", made["status"]]
    return Outcome(" ".join(head), frozenset(fields(answer)))


def fields(value: Any, at: str = "") -> Iterator[str]:
    """The path of every field in a JSON value; the elements of a list share one path."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        path = f"{at}/{name}" if at else name
        yield path
        if name != "exceptionProperties":  # whatever the error is about, by name
            yield from fields(inner, path)
    for inner in value if isinstance(value, list) else ():
        yield from fields(inner, at)


def difference(theirs: Outcome, ours: Outcome) -> tuple[frozenset[str], frozenset[str]]:
    """What only Egeria's answer has, and what only ours has: the heads if they differ, otherwise fields.

    The fields of an error are not those of a result, so they count only where both answered in the same way. Of a field
    that only one has, what is in it is not named.
    """
    if theirs.head != ours.head:
        return frozenset({theirs.head}), frozenset({ours.head})
    return _outermost(theirs.fields - ours.fields), _outermost(ours.fields - theirs.fields)


def _outermost(paths: frozenset[str]) -> frozenset[str]:
    return frozenset(path for path in paths if path.rpartition("/")[0] not in paths)


@dataclass(frozen=True, slots=True)
class State:
    """How far an instance has come."""

    version: int
    classifications: frozenset[str]

    @classmethod
    def of(cls, bean: Bean) -> Self:
        return cls(bean["version"], frozenset(each["name"] for each in bean.get("classifications") or ()))

    def follows(self, other: Self) -> bool:
        return self.version >= other.version and self.classifications >= other.classifications


@dataclass
class Replay:
    """Two servers that stand for the recorded ones.

    `servers`: an HTTP client below the user's base path, by the recorded name of the server; `names`: what each is
    called here. `ours`: texts of the recording and what they are here; `states`: of the instances, by our guid.
    """

    servers: Mapping[str, httpx.Client]
    names: Mapping[str, str]
    ours: dict[str, str] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)

    def make(self, exchange: Exchange) -> Bean:
        """The call, and our answer; what is no OMRS answer is given as Spring's is recorded."""
        self._await_what_it_names(exchange)
        body = json.loads(self._here(json.dumps(exchange.body)))
        if isinstance(body, dict) and "asOfTime" in body:
            body["asOfTime"] = time.time_ns() // 1_000_000 - 1  # the recorded time is that of the call
        rest, path = self.servers[exchange.server], self._here(exchange.path)
        sent = rest.post(path, json=body) if exchange.method == "POST" else rest.get(path)
        answer: Bean = sent.json()
        if "relatedHTTPCode" not in answer:
            return {"status": sent.status_code}
        self._learn(exchange.response, answer)
        return answer

    def _here(self, text: str) -> str:
        for theirs, mine in {**self.ours, **self.names}.items():
            text = text.replace(theirs, mine)
        return text

    def _learn(self, theirs: Bean, ours: Bean) -> None:
        """Under which guid and creation time an instance of the recording is known here, and in which version."""
        for kind in KINDS:
            if kind in theirs and kind in ours:
                made = ours[kind]
                self.ours |= {theirs[kind][name]: made[name] for name in ("guid", "createTime")}
                self.states[made["guid"]] = State.of(made)
                if made["status"] == "DELETED":
                    del self.states[made["guid"]]

    def _await_what_it_names(self, exchange: Exchange) -> None:
        said, rest = self._here(exchange.path + json.dumps(exchange.body)), self.servers[exchange.server]
        at = "/enterprise/instances" if exchange.path.startswith("/enterprise") else "/instances"
        for guid, state in self.states.items():
            if guid in said:

                def arrived(guid: str = guid, state: State = state) -> bool:
                    found = [rest.get(f"{at}/{kind}/{guid}/existence").json().get(kind) for kind in KINDS]
                    return any(State.of(bean).follows(state) for bean in found if bean is not None)

                eventually(arrived, f"{exchange.server} has {state} of {guid} for {exchange}")
