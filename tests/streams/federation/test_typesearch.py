"""Types over several members."""

from typing import Any

import pytest
from memory_members import TYPES, MemoryMember, Together

from omrs_schemas.errors import TypeDefConflictError, TypeDefNotKnownError
from omrs_streams.federation.member import Asked

Bean = dict[str, Any]
TERM_DEF = TYPES.require(name="GlossaryTerm")
FILE_DEF = TYPES.require(name="DataFile")


class Typed(MemoryMember):
    """Knows these types."""

    def __init__(self, name: str, *typedefs: Bean) -> None:
        super().__init__(name)
        self.typedefs = typedefs

    def _answer(self, asked: Asked) -> Any:
        match asked.operation:
            case "getAllTypes":
                return {"attributeTypeDefs": [], "typeDefs": list(self.typedefs)}
            case "findTypeDefsByCategory":
                return list(self.typedefs)
            case "getTypeDefByName":
                for typedef in self.typedefs:
                    if typedef["name"] == asked.path["name"]:
                        return typedef
                raise TypeDefNotKnownError(f"{asked.path['name']} is not known at {self.name}")
            case "verifyTypeDef":
                return asked.body in self.typedefs
            case _:
                return super()._answer(asked)


def changed(typedef: Bean, **fields: Any) -> Bean:
    return {**typedef, **fields}


def test_the_union_by_guid() -> None:
    together = Together(Typed("local", TERM_DEF), Typed("b", FILE_DEF, TERM_DEF))
    for answer in (together("getAllTypes").result["typeDefs"], together("findTypeDefsByCategory", body="X").result):
        assert [typedef["name"] for typedef in answer] == ["GlossaryTerm", "DataFile"]
    assert together.recorded == []


@pytest.mark.parametrize(
    ("other", "conflict"),
    [
        (changed(TERM_DEF, description="other words", updatedBy="bob"), False),
        (changed(TERM_DEF, version=99, propertiesDefinition=[]), False),
        (changed(TERM_DEF, propertiesDefinition=[]), True),
        (changed(TERM_DEF, superType={"guid": "x", "name": "X"}), True),
        (changed(TERM_DEF, version=99, name="Other"), True),
    ],
)
def test_definitions_that_differ(other: Bean, conflict: bool) -> None:
    together = Together(Typed("local", TERM_DEF), Typed("b", other))
    answer = together("getAllTypes")
    assert answer.result["typeDefs"] == [TERM_DEF], "the first stands"
    assert bool(answer.warnings) == conflict and (together.recorded == ["OMRS-STREAMS-0041"]) == conflict


def test_the_first_that_knows_a_type() -> None:
    other = Typed("b", FILE_DEF)
    together = Together(Typed("local", TERM_DEF), other)
    assert together("getTypeDefByName", name="GlossaryTerm").result == TERM_DEF
    assert other.asked == []
    assert together("getTypeDefByName", name="DataFile").result == FILE_DEF
    with pytest.raises(TypeDefNotKnownError):
        together("getTypeDefByName", name="Nothing")


def test_a_conflict_anywhere_is_a_conflict() -> None:
    other = Typed("b")
    together = Together(Typed("local", TERM_DEF), other)
    assert together("verifyTypeDef", body=TERM_DEF).result is True
    other.refuses["verifyTypeDef"] = TypeDefConflictError("another one")
    with pytest.raises(TypeDefConflictError):
        together("verifyTypeDef", body=TERM_DEF)
