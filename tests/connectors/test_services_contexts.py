"""Typed calls of every context on real servers of both releases."""

from collections.abc import Iterator
from typing import Any

import pytest
from service_contexts import changes, context_on

from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import IntegrationService
from omrs_connectors.services.elements import Elements, Kind
from omrs_connectors.services.kinds import kinds_of
from omrs_connectors.services.registry import SERVICES
from omrs_schemas.errors import EntityNotKnownError, TypeDefNotSupportedError
from workers import Running, unique

pytestmark = pytest.mark.kafka


@pytest.fixture(params=[marker for marker in SERVICES if marker != "generic"])
def service(request: pytest.FixtureRequest) -> IntegrationService:
    return SERVICES[request.param]


@pytest.fixture
def context(release_server: Running, service: IntegrationService) -> Iterator[IntegrationContext]:
    both = {"permittedSynchronization": "BOTH_DIRECTIONS"}
    with context_on(release_server, service.context_class, service.url_marker, **both) as context:
        yield context


def test_each_element_is_made_found_changed_and_deleted(
    service: IntegrationService, context: IntegrationContext
) -> None:
    for name, kind in kinds_of(service.context_class):
        if not isinstance(kind, Kind):
            continue
        elements: Elements[Any] = getattr(context, name)
        try:
            type_name = elements.type_name
        except TypeDefNotSupportedError:
            continue
        if "qualifiedName" not in context.types.attributes(type_name):
            continue  # annotations of 4.x
        qualified_name = unique(f"{name}:")
        given = kind.properties(qualified_name=qualified_name, display_name="first", description="of both")
        made = elements.ensure(given)
        assert changes(context) == (1, 0, 0), name
        assert elements.ensure(given) == made and elements.named(qualified_name) == made, name
        assert [found.guid for found in elements.find(qualified_name)] == [made.guid], name
        changed = elements.update(made.guid, kind.properties(additional_properties={"a": "b"}))
        assert elements.get(made.guid) == changed and changed.properties.description == made.properties.description
        assert changed.properties.additional_properties == {"a": "b"} and changes(context) == (0, 1, 0), name
        elements.delete(made.guid)
        elements.delete(made.guid)
        assert changes(context) == (0, 0, 1), name
        with pytest.raises(EntityNotKnownError):
            elements.get(made.guid)
