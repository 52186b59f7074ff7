"""What terms of the glossary are assigned to the tables and columns of a database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from omrs_connectors.builtin.postgres.identity import database_entity, instances_of, keyed
from omrs_connectors.builtin.postgres_catalog.names import relational_names
from omrs_connectors.builtin.virtualizer.plan import Term
from omrs_connectors.sdk import IntegrationContext
from omrs_schemas.errors import EntityNotKnownError, EntityProxyOnlyError

ASSIGNMENT = "SemanticAssignment"
STATUS = ("termAssignmentStatus", "status")
"""The attribute of the assignment in later releases, and in 4.x."""

WITHDRAWN = frozenset({"DEPRECATED", "OBSOLETE"})


def assigned_terms(context: IntegrationContext, root: str, instance: str) -> Mapping[str, Sequence[Term]]:
    """By the key of the table or column. Assignments that are deprecated or obsolete do not count."""
    client, page_size = context.client, context.max_page_size
    names = relational_names(context.types)
    instances = instances_of(database_entity(client, names, root, page_size), names, instance)
    keys = {
        entity.guid: key
        for type_name in ("RelationalTable", "RelationalColumn")
        for key, entity in keyed(client, type_name, root, instances, page_size)
    }
    terms: dict[str, Term | None] = {}
    found: dict[str, list[Term]] = defaultdict(list)
    for link in client.iter_relationships(ASSIGNMENT, page_size=page_size):
        key = keys.get(link["entityOneProxy"]["guid"])
        properties = link.plain_properties
        if key is None or any(str(properties.get(name)).upper() in WITHDRAWN for name in STATUS):
            continue
        guid = str(link["entityTwoProxy"]["guid"])
        if guid not in terms:
            terms[guid] = _term(context, guid)
        if (term := terms[guid]) is not None:
            found[key].append(term)
    return found


def _term(context: IntegrationContext, guid: str) -> Term | None:
    """None for a term that is gone, is not readable here, or has no name."""
    try:
        properties = context.client.get_entity(guid).plain_properties
    except (EntityNotKnownError, EntityProxyOnlyError):
        return None
    name = str(properties.get("displayName") or "").strip()
    return Term(name, str(properties.get("description") or "")) if name else None
