"""Groups of conditions, and what an `If-Match` may name."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.api.v1.asking import expected
from omrs_streams.api.v1.finding import Where, to_search
from omrs_streams.api.v1.problems import problem_of

TYPES = TypeSystem()


@pytest.mark.parametrize(
    ("where", "pointer"),
    [
        ({"any": []}, "/where/any"),
        ({"all": []}, "/where/all"),
        ({"none": []}, "/where/none"),
        ({"all": [{"property": "createdBy", "value": "erin"}, {"any": []}]}, "/where/all/1/any"),
    ],
)
def test_groups_of_nothing_are_refused(where: Any, pointer: str) -> None:
    given: Any = TypeAdapter(Where).validate_python(where)
    with pytest.raises(InvalidParameterError) as refused:
        to_search(given, TYPES, None, "/where")
    problem = problem_of(refused.value, "/search/entities")
    assert (problem.status, [each.pointer for each in problem.errors or ()]) == (422, [pointer])


def test_tags_are_quoted() -> None:
    assert expected('"7"').revisions == (7,)
    assert expected(' "7" ,"8"').revisions == (7, 8)
    assert expected(None).revisions is expected("*").revisions is None
    for other in ("7", '"7', '7"', 'W/"7"', "'7'", '""', '"-1"', '"٧"', ""):
        assert expected(other).revisions == (), other
