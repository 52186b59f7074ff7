"""What the local repository says of instances that others showed and it did not.

Its refusal is decisive: what local rules hide stays hidden, whoever shows it, also where only a local classification
or an end says so. The classifications that are at home here belong to the answer whatever else is asked: they cost no
call to another member. So does what is at home here, as it is here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from omrs_schemas.errors import (
    EntityNotKnownError,
    MemberUnavailableError,
    NotReadyError,
    OmrsError,
    UserNotAuthorizedError,
)
from omrs_streams.federation.member import Asked, Member, Round
from omrs_streams.federation.merging import Said, maintainers
from omrs_streams.federation.request import NOTHING_THERE, Request
from omrs_streams.repository.changes import ends_of
from omrs_streams.repository.local import Bean

AT_ONCE = 500  # questions
SUMMARY, RELATIONSHIP = "getEntitySummary", "getRelationship"


@dataclass(slots=True)
class Judge:
    """One request's questions to the local repository, each asked once. `shown`: guids that it showed by itself.

    A local repository that does not answer hides nothing. One that `answers`, but not about each instance in time,
    hides those: to ask for more than it can judge is no way around its rules. The warnings name it in both cases.
    """

    request: Request
    shown: set[str] = field(default_factory=set)
    answers: bool = False
    said: dict[str, Said] = field(default_factory=dict)
    _refused: dict[str, OmrsError] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def refusal(self, bean: Mapping[str, Any]) -> OmrsError | None:
        """Why the user may not see `bean`; None where the local repository has nothing against it."""
        if bean["guid"] in self.shown:
            return None
        return next((self._refused[guid] for guid in _parts(bean) if guid in self._refused), None)

    async def ask(self, beans: Iterable[Mapping[str, Any]]) -> bool:
        """Ask about those of `beans` that are not judged yet. Whether there were any."""
        local = self.request.local()
        if local is None:
            return False
        wanted = {
            guid: operation
            for bean in beans
            if bean["guid"] not in self.shown
            for guid, operation in _parts(bean).items()
            if guid not in self._asked
        }
        self._asked.update(wanted)
        if not wanted:
            return False
        questions = [(local, Asked(operation, {"guid": guid})) for guid, operation in wanted.items()]
        replies = Round()
        for start in range(0, len(questions), AT_ONCE):
            replies += await self.request.each(questions[start:][:AT_ONCE], silent=(UserNotAuthorizedError,))
        here: dict[str, str] = {}
        for (guid, operation), reply in zip(wanted.items(), replies, strict=True):
            if local.collection_id in maintainers(reply.result or {}):
                here[guid] = operation
            unjudged = self.answers and not isinstance(reply.error, NOTHING_THERE)
            if reply.error is not None and (unjudged or isinstance(reply.error, UserNotAuthorizedError)):
                self._refused[guid] = reply.error
            elif operation == SUMMARY and (reply.answer is not None or isinstance(reply.error, EntityNotKnownError)):
                held = reply.result or {}
                self.said[guid] = replace(of_its_own(local, held.get("classifications") or ()), local=True)
        time = self.request.asked.bean.get("asOfTime")
        if time is not None:
            entities = [guid for guid, operation in wanted.items() if operation == SUMMARY]
            then = await home_classifications(self.request, [(local, guid) for guid in entities])
            self.said.update((guid, replace(said, local=True)) for guid, said in then)
        await self._read(local, here, time)
        return True

    async def _read(self, local: Member, here: Mapping[str, str], time: int | None) -> None:
        """What is at home here is shown as it is here, though others found it."""
        nouns = {guid: "Relationship" if operation == RELATIONSHIP else "Entity" for guid, operation in here.items()}
        body = None if time is None else {"class": "HistoryRequest", "asOfTime": time}
        questions = []
        for guid, noun in nouns.items():
            now = "getRelationship" if noun == "Relationship" else "getEntityDetail"
            questions.append((local, Asked(now if time is None else f"get{noun}AsOf", {"guid": guid}, body=body)))
        replies = await self.request.each(questions, silent=(UserNotAuthorizedError,))
        for guid, reply in zip(nouns, replies, strict=True):
            if reply.result is not None:
                self.said[guid] = Said(local.collection_id, reply.result, local=True)


def judge_of(request: Request, replies: Round, shown: Iterable[str] = ()) -> Judge:
    """The judge of what came in `replies`; `shown`: what the local repository showed."""
    own = replies.of(request.federated.local_id)
    answers = own is not None and not isinstance(own.error, (MemberUnavailableError, NotReadyError))
    return Judge(request, set(shown), answers)


def _parts(bean: Mapping[str, Any]) -> dict[str, str]:
    """The guids by which `bean` is judged, and how each is asked for."""
    if bean["class"] != "Relationship":
        return {bean["guid"]: SUMMARY}
    return {bean["guid"]: RELATIONSHIP, **dict.fromkeys(ends_of(dict(bean)), SUMMARY)}


def of_its_own(member: Member, carried: Iterable[Bean]) -> Said:
    """The word of `member` on those classifications out of `carried` that it maintains."""
    home = member.collection_id
    return Said(home, classifications=tuple(each for each in carried if home in maintainers(each)))


async def home_classifications(request: Request, wanted: list[tuple[Member, str]]) -> list[tuple[str, Said]]:
    """What members say of their own classifications of entities that they have not shown, by guid.

    An error is no word on them, but that of a member which does not know the entity: it has none.
    """
    time = request.asked.bean.get("asOfTime")
    operation = "getHomeClassifications" if time is None else "getHomeClassificationsAsOf"
    if operation not in request.federated.operations:
        return []
    body = None if time is None else {"class": "HistoryRequest", "asOfTime": time}
    asked = [(member, Asked(operation, {"entityGUID": guid}, body=body)) for member, guid in wanted]
    replies = await request.each(asked)
    return [
        (guid, of_its_own(reply.member, reply.result or ()))
        for (_, guid), reply in zip(wanted, replies, strict=True)
        if reply.answer is not None or isinstance(reply.error, EntityNotKnownError)
    ]
