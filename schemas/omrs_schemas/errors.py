"""The one error tree.

```
OmrsError                          base: message, code, http, help, params
├── InvalidParameterError          a parameter, page size, time, guid or home that cannot be accepted
│   ├── PagingError                negative offset or page size
│   ├── RevisionConflictError      another writer changed the guid first (the log decided)
│   └── DeletionRefusedError       a source's answer would delete more than a connector may
├── TypeDefError                   a type guid or name that does not fit the request      (TypeErrorException)
├── InvalidTypeDefError            a TypeDef that is incomplete or contradicts itself
├── TypeDefNotKnownError           no such TypeDef or AttributeTypeDef here
├── TypeDefKnownError              the name or guid is taken already
├── TypeDefConflictError           same name, other guid or version name
├── TypeDefInUseError              cannot be removed
├── TypeDefNotSupportedError       this repository does not take this type
├── PatchError                     a TypeDefPatch that cannot be applied
├── PropertyError                  a property name or value that the type does not allow
├── ClassificationError            unknown, not allowed, absent or already there
├── StatusNotSupportedError        a status outside the type's list, or DELETED by update
├── EntityNotKnownError            no such entity here (or it is soft-deleted)
├── RelationshipNotKnownError      no such relationship here (or it is soft-deleted)
├── EntityProxyOnlyError           only a proxy of the entity is here
├── EntityNotDeletedError          restore or purge of an entity that is not deleted
├── RelationshipNotDeletedError    the same for a relationship
├── HomeEntityError                a reference-copy call for an entity that is at home here
├── HomeRelationshipError          the same for a relationship
├── EntityConflictError            two different entities with one guid, or an older type
├── RelationshipConflictError      the same for relationships
├── InvalidEntityError             an entity whose header or content is not acceptable
├── InvalidRelationshipError       the same for a relationship
├── FunctionNotSupportedError      an operation this repository does not offer
├── UserNotAuthorizedError         the user may not do or see this
├── RepositoryError                the repository cannot answer (not available, internal)
│   ├── NotReadyError              starting, rebalancing or catching up; ask again            (retriable)
│   ├── MemberUnavailableError     another member of a cohort does not answer
│   └── LogError                   the server log cannot be read or written
│       ├── ProduceError           a record was not acknowledged in time                      (retriable)
│       └── PoisonRecordError      a record that can never be processed; goes to the dead letters
├── CodecError                     bytes or JSON that are not the event they should be
├── SchemaCompatibilityError       an Avro schema that breaks a released version
├── ConfigurationError             a setting that is missing, wrong or unsafe
├── ConnectorLostError             a connector that did not come back from a call, or whose process ended
├── EmbeddedKafkaError             the broker of our own could not be resolved, started or stopped
├── ArchiveError                   an open metadata archive that cannot be loaded
└── ReplayError                    a store that could not be rebuilt or does not match
```

A message says what happened, to which guid, type, topic or offset; `help` says which setting, command or correction
helps. `code` and `http` are what a REST reply carries, `exception_class` is the name by which other OMRS members know
the error (OMRS queries § 4), `retriable` tells a worker whether the same call can succeed later.
"""

from collections.abc import Iterator
from typing import ClassVar

from omrs_schemas.codes import Code, http_of

JAVA_PACKAGE = "org.odpi.openmetadata.repositoryservices.ffdc.exception"
"""Clients of other members compare the full exception name as text (OMRS queries § 4)."""


class OmrsError(Exception):
    """Base of everything raised on purpose.

    `params` are the structured details (guid, type_name, topic, offset, parameter …): they are logged and answered,
    never parsed from the text.
    """

    default_code: ClassVar[str] = Code.UNEXPECTED
    exception_class: ClassVar[str] = "RepositoryErrorException"
    retriable: ClassVar[bool] = False

    code: str = Code.UNEXPECTED.value
    http: int = Code.UNEXPECTED.http

    def __init_subclass__(cls, *, default: Code | None = None, **kwargs: object) -> None:
        """`default`: the code that applies when the raiser gives no other; inherited when left out."""
        super().__init_subclass__(**kwargs)
        if default is not None:
            cls.default_code = default.value
            cls.code, cls.http = default.value, default.http

    def __init__(
        self, message: str, *, code: str | None = None, http: int | None = None, help: str = "", **params: object
    ) -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.params: dict[str, object] = params
        if code is not None:
            self.code = str(code)
            self.http = http_of(self.code) or type(self).http
        if http is not None:
            self.http = http

    @property
    def java_class(self) -> str:
        """The full exception name that goes over REST."""
        return f"{JAVA_PACKAGE}.{self.exception_class}"

    def __str__(self) -> str:
        """Code, message, and what helps, set off from what happened."""
        said = f"{self.code} {self.message}"
        return f"{said}{' ' if said.endswith(('.', '!', '?')) else '; '}{self.help}" if self.help else said.rstrip()

    def __reduce__(self) -> tuple[object, ...]:
        """Errors cross process boundaries (replay workers), keyword arguments included."""
        return _rebuild, (type(self), self.message, self.code, self.http, self.help, self.params)


def _rebuild(
    kind: type[OmrsError], message: str, code: str, http: int, help: str, params: dict[str, object]
) -> OmrsError:
    return kind(message, code=code, http=http, help=help, **params)


class InvalidParameterError(OmrsError, default=Code.INVALID_INSTANCE):
    exception_class = "InvalidParameterException"


class PagingError(InvalidParameterError, default=Code.NEGATIVE_PAGE_SIZE):
    exception_class = "PagingErrorException"


class RevisionConflictError(InvalidParameterError, default=Code.REVISION_CONFLICT):
    """Read the instance again and repeat the change on what is there now."""


class DeletionRefusedError(InvalidParameterError, default=Code.DELETION_REFUSED):
    """Nothing was deleted; a source that was away, or answered in part, looks the same as one that was emptied."""


class TypeDefError(OmrsError, default=Code.TYPEDEF_ID_NOT_KNOWN):
    exception_class = "TypeErrorException"


class InvalidTypeDefError(OmrsError, default=Code.INVALID_TYPEDEF):
    exception_class = "InvalidTypeDefException"


class TypeDefNotKnownError(OmrsError, default=Code.TYPEDEF_NOT_KNOWN):
    exception_class = "TypeDefNotKnownException"


class TypeDefKnownError(OmrsError, default=Code.TYPEDEF_ALREADY_DEFINED):
    exception_class = "TypeDefKnownException"


class TypeDefConflictError(OmrsError, default=Code.VERIFY_CONFLICT_DETECTED):
    exception_class = "TypeDefConflictException"


class TypeDefInUseError(OmrsError, default=Code.TYPEDEF_IN_USE):
    exception_class = "TypeDefInUseException"


class TypeDefNotSupportedError(OmrsError, default=Code.TYPE_NOT_IMPLEMENTED):
    exception_class = "TypeDefNotSupportedException"


class PatchError(OmrsError, default=Code.INCOMPATIBLE_PATCH_VERSION):
    exception_class = "PatchErrorException"


class PropertyError(OmrsError, default=Code.BAD_PROPERTY_FOR_TYPE):
    exception_class = "PropertyErrorException"


class ClassificationError(OmrsError, default=Code.UNKNOWN_CLASSIFICATION):
    exception_class = "ClassificationErrorException"


class StatusNotSupportedError(OmrsError, default=Code.BAD_INSTANCE_STATUS):
    exception_class = "StatusNotSupportedException"


class EntityNotKnownError(OmrsError, default=Code.ENTITY_NOT_KNOWN):
    exception_class = "EntityNotKnownException"


class RelationshipNotKnownError(OmrsError, default=Code.RELATIONSHIP_NOT_FOUND):
    exception_class = "RelationshipNotKnownException"


class EntityProxyOnlyError(OmrsError, default=Code.ENTITY_PROXY_ONLY):
    exception_class = "EntityProxyOnlyException"


class EntityNotDeletedError(OmrsError, default=Code.INSTANCE_NOT_DELETED):
    exception_class = "EntityNotDeletedException"


class RelationshipNotDeletedError(OmrsError, default=Code.INSTANCE_NOT_DELETED):
    exception_class = "RelationshipNotDeletedException"


class HomeEntityError(OmrsError, default=Code.HOME_REFRESH):
    exception_class = "HomeEntityException"


class HomeRelationshipError(OmrsError, default=Code.HOME_REFRESH):
    exception_class = "HomeRelationshipException"


class EntityConflictError(OmrsError, default=Code.MULTIPLE_ENTITIES_SAME_GUID):
    exception_class = "EntityConflictException"


class RelationshipConflictError(OmrsError, default=Code.MULTIPLE_RELATIONSHIPS_SAME_GUID):
    exception_class = "RelationshipConflictException"


class InvalidEntityError(OmrsError, default=Code.INVALID_ENTITY_FROM_STORE):
    exception_class = "InvalidEntityException"


class InvalidRelationshipError(OmrsError, default=Code.INVALID_RELATIONSHIP_FROM_STORE):
    exception_class = "InvalidRelationshipException"


class FunctionNotSupportedError(OmrsError, default=Code.METHOD_NOT_IMPLEMENTED):
    exception_class = "FunctionNotSupportedException"


class UserNotAuthorizedError(OmrsError, default=Code.USER_NOT_AUTHORIZED):
    exception_class = "UserNotAuthorizedException"


class RepositoryError(OmrsError, default=Code.REPOSITORY_NOT_AVAILABLE):
    exception_class = "RepositoryErrorException"


class NotReadyError(RepositoryError, default=Code.NOT_READY):
    retriable = True


class MemberUnavailableError(RepositoryError, default=Code.MEMBER_UNAVAILABLE):
    """Another member did not answer in time, or not at all.

    `params["sent"]`: whether the request may have reached it, so that what became of a write is not known.
    """

    @property
    def sent(self) -> bool:
        return bool(self.params.get("sent", True))


class LogError(RepositoryError, default=Code.LOG):
    """The server log itself; the message names topic, partition and offset."""


class ProduceError(LogError, default=Code.PRODUCE):
    retriable = True


class PoisonRecordError(LogError, default=Code.POISON_RECORD):
    """Never retried: the record is copied to the dead-letter topic and the partition goes on."""


class CodecError(OmrsError, default=Code.CODEC):
    exception_class = "InvalidParameterException"


class SchemaCompatibilityError(OmrsError, default=Code.SCHEMA_COMPATIBILITY):
    """The message names the field's path and both types."""


class ConfigurationError(OmrsError, default=Code.CONFIGURATION):
    exception_class = "InvalidParameterException"


class ConnectorLostError(OmrsError, default=Code.CONNECTOR_LOST):
    """The message names the connector and what it was last called for."""


class EmbeddedKafkaError(OmrsError, default=Code.EMBEDDED_KAFKA):
    """Resolving, formatting, starting or stopping the broker of our own."""


class ArchiveError(OmrsError, default=Code.ARCHIVE):
    exception_class = "InvalidParameterException"


class ReplayError(OmrsError, default=Code.REPLAY):
    """Nothing to replay, an interrupted rebuild, or digests that differ."""


def error_classes() -> Iterator[type[OmrsError]]:
    """Every error class, parents before children."""
    waiting: list[type[OmrsError]] = [OmrsError]
    while waiting:
        kind = waiting.pop(0)
        yield kind
        waiting.extend(kind.__subclasses__())


def from_wire(
    java_class: str, message: str, *, code: str | None = None, http: int | None = None, help: str = "", **params: object
) -> OmrsError:
    """The error that a REST reply describes; `java_class` is the full or the simple exception name.

    One of our own classes is chosen where the code says so, then the first class of that name, then `RepositoryError`.
    """
    simple = java_class.rpartition(".")[2]
    named = [kind for kind in error_classes() if kind is not OmrsError and kind.exception_class == simple]
    kind = next((kind for kind in named if code is not None and kind.default_code == code), None)
    kind = kind or next((kind for kind in named if "exception_class" in vars(kind)), RepositoryError)
    return kind(message, code=code, http=http, help=help, **params)
