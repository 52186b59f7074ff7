"""What went wrong with a connector, in words."""

from traceback import format_exception

from omrs_connectors.sdk.config import Partner
from omrs_connectors.sdk.discretion import discreet
from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError, OmrsError, RepositoryError


def described(error: BaseException) -> str:
    """The text of `failingExceptionMessage`: an error of ours begins with its code, another one with its name.

    Secrets are hidden in it, whoever has put them there.
    """
    return discreet(str(error) if isinstance(error, OmrsError) else f"{type(error).__name__}: {error}")


def tellable(error: BaseException) -> Exception:
    """The error as it is; where its text or traceback holds a secret, one that says the same without it."""
    text = "".join(format_exception(error))
    if isinstance(error, OmrsError) and discreet(text) != text:
        return type(error)(discreet(error.message), code=error.code, http=error.http, help=discreet(error.help))
    return error if isinstance(error, Exception) and discreet(text) == text else RuntimeError(described(error))


def of_a_missing_server(
    error: BaseException, partner: Partner, user: str, connected: bool
) -> InvalidParameterError | None:
    """What Egeria says when a metadata server cannot be used: not there, not started, or not of that name.

    `connected`: whether it had answered already; then only a call that found nobody is taken as its absence.
    """
    unanswered = isinstance(error, RepositoryError) and (not connected or "event_id" in error.params)
    unknown = isinstance(error, OmrsError) and error.code == Code.SERVER_NOT_AVAILABLE
    if not (unanswered or unknown):
        return None
    return InvalidParameterError(
        f"The OMAG Server {partner.name} is not available to service a request from user {user}",
        code=Code.SERVER_NOT_AVAILABLE,
        help=f"start it, or correct its name or URL ({partner.url}): {error}",
        server=partner.name,
    )
