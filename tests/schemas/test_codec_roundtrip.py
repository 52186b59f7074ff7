"""JSON ⇄ model ⇄ Avro, nothing lost, for generated beans of the built-in types."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import (
    any_values,
    attribute_typedefs,
    classifications,
    entities,
    event_with,
    exact,
    instance_events,
    patches,
    registry_events,
    relationships,
    typedef_events,
    typedefs,
)

from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.egeria_json import dumps, from_json, loads, to_json
from omrs_schemas.errors import CodecError
from omrs_schemas.model.base import JsonBean
from omrs_schemas.model.events import OMRSEventV1
from omrs_schemas.model.instances import INSTANCE_MODELS
from omrs_schemas.typedefs.system import TypeSystem

TYPES = TypeSystem.builtin()
CODEC = EventCodec(TYPES)
THOROUGH = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

INSTANCES = {
    "entity": entities(TYPES),
    "entityProxy": entities(TYPES, "EntityProxy"),
    "relationship": relationships(TYPES),
    "classification": classifications(TYPES),
}


def through_avro(event: JsonBean, codec: EventCodec = CODEC) -> JsonBean:
    return codec.decode(codec.encode(event))


def through_json(event: JsonBean) -> JsonBean:
    return loads(dumps(event))


@THOROUGH
@given(st.sampled_from(sorted(INSTANCES)).flatmap(lambda field: st.tuples(st.just(field), INSTANCES[field])))
def test_instances_come_back_equal(drawn: tuple[str, JsonBean]) -> None:
    field, instance = drawn
    model = INSTANCE_MODELS[instance["class"]].model_validate(from_json(to_json(instance)))
    assert exact(model.to_bean()) == exact(instance)
    event = event_with(field, instance)
    assert exact(through_avro(event)) == exact(event)
    assert exact(through_json(event)) == exact(event)


@THOROUGH
@given(entities(TYPES, "EntitySummary"))
def test_summaries_come_back_equal_from_json(summary: JsonBean) -> None:
    model = INSTANCE_MODELS["EntitySummary"].model_validate(from_json(to_json(summary)))
    assert exact(model.to_bean()) == exact(summary)


@THOROUGH
@given(instance_events(TYPES))
def test_instance_events_come_back_equal(event: JsonBean) -> None:
    assert exact(through_avro(event)) == exact(event)
    assert exact(through_json(event)) == exact(event)


@THOROUGH
@given(registry_events() | typedef_events())
def test_registry_and_typedef_events_come_back_equal(event: JsonBean) -> None:
    assert exact(through_avro(event)) == exact(event)
    assert exact(through_json(event)) == exact(event)


@THOROUGH
@given(typedefs(), attribute_typedefs(), patches())
def test_types_come_back_equal(typedef: JsonBean, attribute: JsonBean, patch: JsonBean) -> None:
    for field, bean in (("typeDef", typedef), ("attributeTypeDef", attribute), ("typeDefPatch", patch)):
        section = {"typeDefEventType": "NEW_TYPEDEF_EVENT", field: bean}
        event: JsonBean = {"class": "OMRSEventV1", "eventCategory": "TYPEDEF", "typeDefEventSection": section}
        assert exact(through_avro(event)) == exact(event)
        assert exact(OMRSEventV1.model_validate(event).to_bean()) == exact(event)


@THOROUGH
@given(st.dictionaries(st.sampled_from(["qualifiedName", "additionalProperties", "x"]), any_values, max_size=3))
def test_values_of_any_kind_come_back_whatever_the_type_says(values: dict[str, Any]) -> None:
    properties = {"class": "InstanceProperties", "headerVersion": 1}
    if values:
        properties["instanceProperties"] = values
    typedef = TYPES.require(name="Referenceable")
    entity = {"class": "EntityDetail", "headerVersion": 1, "type": TYPES.instance_type(typedef), "version": 1}
    event = event_with("entity", {**entity, "guid": "g", "properties": properties})
    for codec in (CODEC, EventCodec(TypeSystem())):
        assert exact(through_avro(event, codec)) == exact(event)


@pytest.mark.parametrize("category", ["UNKNOWN", "GENERIC", None])
def test_events_of_other_categories_have_no_avro_form(category: str | None) -> None:
    with pytest.raises(CodecError, match="have no Avro form"):
        CODEC.encode({"class": "OMRSEventV1", "eventCategory": category})
