"""What of an answer the caller may see (OMRS events § 8): the security connector's read hooks."""

from typing import Any

from omrs_schemas.errors import UserNotAuthorizedError
from omrs_streams.api.route import Route
from omrs_streams.repository.local import Bean
from omrs_streams.security import MetadataSecurity

_TYPES = ("typeDef", "typeDefs")
READS = ("get", "find", "is")
"""How the operations begin that only read."""
_CONTENT = frozenset({"properties", "uniqueProperties", "classifications", "entityOneProxy", "entityTwoProxy"})


def visible(security: MetadataSecurity, user: str, route: Route, result: Any) -> Any:
    """`result` without what `user` may not read. Raises UserNotAuthorizedError when that is all that was asked for.

    Found instances and types that may not be read are left out silently. Of what a user changed, and may not read
    since, he is told its header: the change was carried out.
    """
    if route.path.startswith("/instances") and route.payload is not None:
        if isinstance(result, list):
            return [seen for bean in result if (seen := security.readable(user, bean)) is not None]
        if not isinstance(result, dict):
            return result
        if not route.operation.startswith(READS):
            seen = security.readable(user, result)
            return {k: v for k, v in result.items() if k not in _CONTENT} if seen is None else seen
        return readable(security, user, result)
    if isinstance(result, dict) and route.operation in ("getAllTypes", "findTypesByName") and "typeDefs" in result:
        return {**result, "typeDefs": _types(security, user, result["typeDefs"])}
    if route.payload in _TYPES:
        if isinstance(result, list):
            return _types(security, user, result)
        if isinstance(result, dict):
            security.check_type(user, "read", result)
    return result


def readable(security: MetadataSecurity, user: str, bean: Bean) -> Bean:
    """`bean` as `user` sees it; UserNotAuthorizedError where he may not read it."""
    seen = security.readable(user, bean)
    if seen is None:
        kind = (bean.get("type") or {}).get("typeDefName")
        raise UserNotAuthorizedError(
            f"user {user or '(none)'} may not read {kind} {bean.get('guid', '')}",
            help="ask whoever maintains the security rules of this server",
            user=user,
            operation="read",
        )
    return seen


def _types(security: MetadataSecurity, user: str, typedefs: list[Bean]) -> list[Bean]:
    return [typedef for typedef in typedefs if _may_read(security, user, typedef)]


def _may_read(security: MetadataSecurity, user: str, typedef: Bean) -> bool:
    try:
        security.check_type(user, "read", typedef)
    except UserNotAuthorizedError:
        return False
    return True
