"""A reference copy that is purged by request goes from one server only: nothing follows from it."""

import pytest

from omrs_streams.client import MetadataClient
from omrs_streams.log.partition import partition_of
from workers import PARTITIONS, Pair, eventually, unique

pytestmark = pytest.mark.kafka


def test_what_is_attached_to_a_copy_outlives_its_purge(alice: MetadataClient, bob: MetadataClient, pair: Pair) -> None:
    """The entity lives on at its home, and so do the relationships at it, those of this server above all."""
    entity, other = (alice.add_entity("GlossaryTerm", {"qualifiedName": unique("theirs")}) for _ in range(2))
    guid = entity["guid"]
    theirs = alice.add_relationship("Synonym", guid, other["guid"])
    for bean in (entity, other):
        eventually(lambda bean=bean: bob.find_entity(bean["guid"]) == bean, "the copies arrive")
    eventually(lambda: bob.find_relationship(theirs["guid"]) == theirs, "the relationship arrives")
    own = bob.add_relationship("Antonym", guid, other["guid"])
    bob.purge_entity_copy_of(guid, "GlossaryTerm", pair.ids[0])
    assert bob.find_entity(guid) is None

    while True:  # a partition's log is followed in order: what follows from this entity's end comes later
        marker = bob.add_entity("GlossaryTerm", {"qualifiedName": unique("marker")})["guid"]
        if partition_of(marker, PARTITIONS) == partition_of(guid, PARTITIONS):
            break
    attached = bob.add_relationship("Synonym", marker, other["guid"])["guid"]
    bob.delete_entity(marker)
    eventually(lambda: (bob.find_relationship(attached) or {}).get("status") == "DELETED", "the marker takes it along")
    assert bob.get_relationship(own["guid"]) == own
    assert bob.get_relationship(theirs["guid"]) == theirs
    bob.refresh_entity_copy(guid, "GlossaryTerm", pair.ids[0])
    eventually(lambda: bob.find_entity(guid) == entity, "its home brings it back")
