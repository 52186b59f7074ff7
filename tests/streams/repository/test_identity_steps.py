"""A new guid step by step: what follows from it, in whatever order others write, again and again."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from local_server import TYPES, LocalServer, texts

from omrs_schemas.errors import EntityNotKnownError, InvalidParameterError
from omrs_streams.log.record import ORIGIN_COPY
from omrs_streams.repository import changes
from omrs_streams.repository.events import instance_event, log_record
from omrs_streams.repository.local import Bean

Scenario = Callable[[LocalServer], Coroutine[Any, Any, None]]
E = changes.ENTITY
TERM = TYPES.require(name="GlossaryTerm")["guid"]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Scenario], None]:
    def run(scenario: Scenario) -> None:
        async def whole() -> None:
            server = LocalServer(tmp_path / "store")
            try:
                await scenario(server)
            finally:
                server.store.close()

        asyncio.run(whole())

    return run


async def re_identify(server: LocalServer, guid: str, new: str) -> Bean:
    return await server.commands.re_identify(server.owned, server.call(), guid, E, TERM, "GlossaryTerm", new)


def test_what_follows_is_done_once_however_often_it_is_tried(play: Callable[[Scenario], None]) -> None:
    async def scenario(server: LocalServer) -> None:
        one, other = await server.add("GlossaryTerm", qualifiedName="1"), await server.add("GlossaryTerm")
        link, loop = await server.link(one["guid"], other["guid"]), await server.link(one["guid"], one["guid"])
        await re_identify(server, one["guid"], "new")
        for _ in range(3):
            await server.follow(again=True)
        assert server.kinds(one["guid"]) == ["NEW_ENTITY_EVENT", "DELETED_ENTITY_EVENT"]
        for guid, ends in ((link["guid"], ("new", other["guid"])), (loop["guid"], ("new", "new"))):
            found = server.bean(guid)
            assert found is not None and changes.ends_of(found) == ends and found["version"] == 2
            assert server.kinds(guid) == ["NEW_RELATIONSHIP_EVENT", "UPDATED_RELATIONSHIP_EVENT"]

    play(scenario)


def test_a_change_between_goes_along(play: Callable[[Scenario], None]) -> None:
    """The old guid changed after the new one was made from it, before its life ended: nothing acknowledged is lost."""

    async def scenario(server: LocalServer) -> None:
        one = await server.add("GlossaryTerm", qualifiedName="before")
        await re_identify(server, one["guid"], "new")
        after = texts({"qualifiedName": "after"})
        await server.commands.update_properties(server.owned, server.call(), one["guid"], E, after)
        await server.commands.classify(server.owned, server.call(), one["guid"], "Template", None)
        for _ in range(2):
            await server.follow(again=True)
        found = server.bean("new")
        assert found is not None and found["properties"] == after and found["version"] == 3
        assert [each["name"] for each in found["classifications"]] == ["Template"]
        assert server.kinds("new") == ["RE_IDENTIFIED_ENTITY_EVENT", "UPDATED_ENTITY_EVENT"]
        assert (server.bean(one["guid"]) or {})["status"] == "DELETED"

    play(scenario)


def test_changes_under_both_guids(play: Callable[[Scenario], None]) -> None:
    """What was written under the new guid counts."""

    async def scenario(server: LocalServer) -> None:
        one = await server.add("GlossaryTerm", qualifiedName="before")
        await re_identify(server, one["guid"], "new")
        for guid, text in ((one["guid"], "old"), ("new", "new")):
            given = texts({"qualifiedName": text})
            await server.commands.update_properties(server.owned, server.call(), guid, E, given)
        await server.follow()
        found = server.bean("new")
        assert found is not None and found["properties"] == texts({"qualifiedName": "new"}) and found["version"] == 3
        assert (server.bean(one["guid"]) or {})["status"] == "DELETED"

    play(scenario)


def test_deleted_between(play: Callable[[Scenario], None]) -> None:
    async def scenario(server: LocalServer) -> None:
        one = await server.add("GlossaryTerm", qualifiedName="1")
        await re_identify(server, one["guid"], "new")
        await server.commands.delete(server.owned, server.call(), one["guid"], E, TERM, "GlossaryTerm")
        await server.follow()
        assert server.kinds(one["guid"]) == ["NEW_ENTITY_EVENT", "DELETED_ENTITY_EVENT"]
        with pytest.raises(EntityNotKnownError):
            await re_identify(server, one["guid"], "newer")

    play(scenario)


def test_a_guid_lost_to_an_older_object_is_forgotten(play: Callable[[Scenario], None]) -> None:
    """LOG.md, Conflicts between members: ours gets a guid of its own; the other's object finds the guid free. Nobody is
    told of the end of ours under it: the new guid's event says so already."""

    async def scenario(server: LocalServer) -> None:
        one, other = await server.add("GlossaryTerm", qualifiedName="1"), await server.add("GlossaryTerm")
        link = await server.link(other["guid"], one["guid"])
        new = await server.commands.give_new_guid(one["guid"], "conflict-7")
        assert await server.commands.give_new_guid(one["guid"], "conflict-7") == new
        for _ in range(2):
            await server.follow(again=True)
        assert server.bean(one["guid"]) is None
        meta = server.store.get_meta(one["guid"])
        assert meta is not None and meta.tombstone
        assert server.kinds(one["guid"]) == ["NEW_ENTITY_EVENT", "PURGED_ENTITY_EVENT"]
        last = [record for record in server.log.records if record.key == one["guid"].encode()][-1]
        assert (last.text("home-id"), last.text("replicated-by")) == ("", "")
        placed = next(record for record in server.log.records if record.key == new.encode())
        assert placed.text("cause") == "conflict-7" and placed.text("home-id") == server.local.collection_id
        found = server.bean(link["guid"])
        assert found is not None and changes.ends_of(found) == (other["guid"], new)

        relationship = await server.commands.give_new_guid(link["guid"], "conflict-8")
        await server.follow()
        assert server.bean(link["guid"]) is None
        assert (server.bean(relationship) or {})["reIdentifiedFromGUID"] == link["guid"]
        with pytest.raises(EntityNotKnownError):
            await server.commands.give_new_guid("nothing", "conflict-9")

    play(scenario)


def test_a_purged_guid_can_be_used_again(play: Callable[[Scenario], None]) -> None:
    async def scenario(server: LocalServer) -> None:
        one, gone = await server.add("GlossaryTerm", qualifiedName="1"), await server.add("GlossaryTerm")
        await server.commands.delete(server.owned, server.call(), gone["guid"], E, TERM, "GlossaryTerm")
        with pytest.raises(InvalidParameterError, match="taken"):
            await re_identify(server, one["guid"], gone["guid"])
        await server.commands.purge(server.owned, server.call(), gone["guid"], E, TERM, "GlossaryTerm")
        await re_identify(server, one["guid"], gone["guid"])
        await server.follow()
        assert (server.bean(gone["guid"]) or {})["reIdentifiedFromGUID"] == one["guid"]

    play(scenario)


def test_a_proxy_is_classified_before_the_entity_comes(play: Callable[[Scenario], None]) -> None:
    """A classification at home here of an entity that is known only by the proxy that the caller gives."""

    async def scenario(server: LocalServer) -> None:
        elsewhere = await server.add("GlossaryTerm", qualifiedName="far")
        proxy = {**changes.proxy_of(TYPES, elsewhere), "guid": "far", "metadataCollectionId": "other"}
        commands, owned = server.commands, server.owned
        added = await commands.classify_proxy(owned, server.call(), proxy, "Template", None)
        assert added["metadataCollectionId"] == server.local.collection_id and added["version"] == 1
        stored = server.bean("far")
        assert stored is not None and stored["class"] == changes.PROXY and stored["classifications"] == [added]
        again = await commands.reclassify_proxy(owned, server.call(), proxy, "Template", texts({"displayName": "t"}))
        assert again["version"] == 2
        assert await commands.declassify_proxy(owned, server.call(), proxy, "Template") == again
        assert "classifications" not in (server.bean("far") or {})
        assert server.kinds("far") == [
            f"{kind}_ENTITY_EVENT" for kind in ("CLASSIFIED", "RECLASSIFIED", "DECLASSIFIED")
        ]
        unknown = {**proxy, "guid": "nowhere", "metadataCollectionId": server.local.collection_id}
        with pytest.raises(EntityNotKnownError):
            await commands.classify_proxy(owned, server.call(), unknown, "Template", None)
        with pytest.raises(InvalidParameterError, match="no entity proxy"):
            await commands.classify_proxy(owned, server.call(), None, "Template", None)
        mine = changes.proxy_of(TYPES, elsewhere)
        ours = await commands.classify_proxy(owned, server.call(), mine, "Template", None)
        assert (server.bean(elsewhere["guid"]) or {})["classifications"] == [ours]
        assert server.kinds(elsewhere["guid"])[-1] == "CLASSIFIED_ENTITY_EVENT"

    play(scenario)


def test_the_other_object_under_the_lost_guid_stays(play: Callable[[Scenario], None]) -> None:
    """The publisher comes late: the guid has its older owner by then."""

    async def scenario(server: LocalServer) -> None:
        one = await server.add("GlossaryTerm", qualifiedName="younger")
        end = await server.add("GlossaryTerm")
        before = await server.link(one["guid"], end["guid"])
        new = await server.commands.give_new_guid(one["guid"], "conflict-7")
        older = {**one, "createTime": one["createTime"] - 1, "metadataCollectionId": "other", "status": "DRAFT"}
        event = instance_event("NEW", older, {"metadataCollectionId": "other"}, server.now)
        record = log_record(event, server.codec.encode, 1, event_id="theirs", origin=ORIGIN_COPY)
        (effect,) = await server.owned.append([record])
        assert effect.effective
        after = await server.link(end["guid"], one["guid"])
        for _ in range(2):
            await server.follow(again=True)
        await server.follow(forgotten=True)
        assert server.bean(one["guid"]) == older
        assert changes.ends_of(server.bean(before["guid"]) or {}) == (new, end["guid"])
        assert changes.ends_of(server.bean(after["guid"]) or {}) == (end["guid"], one["guid"])
        assert server.kinds(new) == ["RE_IDENTIFIED_ENTITY_EVENT"]

    play(scenario)


def test_what_lives_again_is_left_alone_when_the_log_is_followed_anew(play: Callable[[Scenario], None]) -> None:
    """A publisher's cursor that Kafka has forgotten starts at the beginning, years later perhaps."""

    async def scenario(server: LocalServer) -> None:
        one, other = await server.add("GlossaryTerm", qualifiedName="1"), await server.add("GlossaryTerm")
        await re_identify(server, one["guid"], "new")
        await server.follow()
        await server.commands.restore(server.owned, server.call(), one["guid"], E)
        await server.commands.delete(server.owned, server.call(), other["guid"], E, TERM, "GlossaryTerm")
        await server.follow()
        await server.commands.restore(server.owned, server.call(), other["guid"], E)
        link = await server.link(one["guid"], other["guid"])
        await server.follow(forgotten=True)
        assert [(server.bean(guid) or {})["status"] for guid in (one["guid"], other["guid"], link["guid"])] == [
            "ACTIVE"
        ] * 3
        assert changes.ends_of(server.bean(link["guid"]) or {}) == (one["guid"], other["guid"])
        assert server.bean("new") is not None
        assert server.kinds("new") == ["RE_IDENTIFIED_ENTITY_EVENT"]

    play(scenario)
