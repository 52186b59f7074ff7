"""What a metadata server holds of an organization, by the names that people know."""

from typing import Any

from omrs_streams.client import Entity, MetadataClient, starts_with


class Held:
    """Elements below a prefix, and how they are linked."""

    def __init__(self, client: MetadataClient, prefix: str) -> None:
        self.client = client
        self.prefix = f"{prefix}::"

    def people(self) -> dict[str, str]:
        """Guid by name."""
        return {_name(each): each.guid for each in self._all("Person")}

    def contacts(self, person: str) -> set[str]:
        found = self._others(self.people()[person], "ContactThrough")
        return {str(each.plain_properties["contactMethodValue"]) for each in found}

    def user(self, person: str) -> tuple[Any, Any]:
        [found] = self._others(self.people()[person], "ProfileIdentity")
        return found.plain_properties["userId"], found.plain_properties["distinguishedName"]

    def teams(self) -> dict[str, tuple[set[str], ...]]:
        """Leaders and members by the team's name."""
        return {
            _name(each): (self._held(each, "TeamLeader"), self._held(each, "TeamMember")) for each in self._all("Team")
        }

    def parents(self) -> dict[str, str]:
        teams = {each.guid: _name(each) for each in self._all("Team")}
        found = [link for guid in teams for link in self.client.relationships_of(guid, "TeamStructure")]
        return {teams[each["entityTwoProxy"]["guid"]]: teams[each["entityOneProxy"]["guid"]] for each in found}

    def _held(self, team: Entity, role: str) -> set[str]:
        roles = [each for each in self._others(team.guid, "AssignmentScope") if each.type_name == role]
        return {_name(person) for each in roles for person in self._others(each.guid, "PersonRoleAppointment")}

    def _others(self, guid: str, link_type: str) -> list[Entity]:
        ends = [
            {link["entityOneProxy"]["guid"], link["entityTwoProxy"]["guid"]} - {guid}
            for link in self.client.relationships_of(guid, link_type)
        ]
        return [self.client.get_entity(each.pop()) for each in ends]

    def _all(self, type_name: str) -> list[Entity]:
        return list(self.client.iter_entities(type_name, {"qualifiedName": starts_with(self.prefix)}))


def _name(entity: Entity) -> str:
    return str(entity.plain_properties["displayName"])
