"""The REST table and the bean models describe the same answers and bodies (OMRS queries § 6)."""

import pytest

from omrs_schemas.model import responses
from omrs_streams.api.app import ROUTES
from omrs_streams.api.route import Route


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_every_route_answers_with_a_bean_that_has_its_payload(route: Route) -> None:
    model: type[responses.OMRSAPIResponse] = getattr(responses, route.response)
    assert issubclass(model, responses.OMRSAPIResponse)
    assert route.payload is None or route.payload in model.model_fields
