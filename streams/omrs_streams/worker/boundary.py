"""The worker's boundary, message by message: what only a defect explains (STYLE: catch broadly in one place).

One message must not end the worker: it is read again at the next start, and ends it again. So an error that the code
for one message did not foresee buries that message with its stack, and the others go on. What says something about the
machine, the disk or the broker (OSError, MemoryError, a store's own errors) is no message's fault and still ends the
worker.
"""

import struct
from typing import Final

from omrs_schemas.errors import LogError, OmrsError, PoisonRecordError

UNFORESEEN: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
"""What code raises that was given something of another shape than it expects."""


def is_of_message(error: Exception) -> bool:
    """Whether `error` came of the message that was handled, so that the message is to be buried. Otherwise it is to be
    repeated (`retriable`), or nothing here can go on."""
    if isinstance(error, OmrsError):
        return not error.retriable and type(error) is not LogError
    return isinstance(error, UNFORESEEN)


def fault_of(error: Exception, what: str) -> OmrsError:
    """The reason why the message `what` is buried. Raises `error` again where that is no fault of the message."""
    if not is_of_message(error):
        raise error
    return defect(error, what)


def defect(error: Exception, what: str) -> OmrsError:
    """`error` as one that a dead letter can name: an OmrsError itself, anything else as the cause of a
    PoisonRecordError about `what`, so that the letter's stack shows where it came from."""
    if isinstance(error, OmrsError):
        return error
    poison = PoisonRecordError(
        f"{what} cannot be processed: {type(error).__name__}: {str(error)[:400]}",
        help="the dead letter holds the message and the stack; report it, replay it once it is understood",
    )
    poison.__cause__ = error
    return poison
