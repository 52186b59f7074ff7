"""The REST table and the bean models describe the same answers and bodies (OMRS queries § 6)."""

import pytest

from omrs_schemas.model import requests, responses
from omrs_schemas.model.base import Bean
from omrs_streams.api.app import ROUTES
from omrs_streams.api.route import Route


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_every_route_answers_with_a_bean_that_has_its_payload(route: Route) -> None:
    model: type[responses.OMRSAPIResponse] = getattr(responses, route.response)
    assert issubclass(model, responses.OMRSAPIResponse)
    assert route.payload is None or route.payload in model.model_fields


def test_every_request_bean_is_the_body_of_a_route() -> None:
    """Except the bases of others, and the one that no path of release 4.2 takes."""
    unused = {
        requests.MetadataCollectionIdRequest,
        requests.OMRSAPIPagedFindRequest,
        requests.OMRSAPIRequest,
        requests.SubtypeLimitedFindRequest,
    }
    taken = {route.body for route in ROUTES if isinstance(route.body, type)}
    made = {kind for name, kind in vars(requests).items() if name.endswith("Request") and isinstance(kind, type)}
    assert {kind for kind in made if issubclass(kind, Bean)} - taken == unused
