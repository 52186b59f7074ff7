"""Which events of an out topic a subscriber wants, told from key and headers alone."""

from collections.abc import Collection
from dataclasses import dataclass

from confluent_kafka import Message

from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.model.enums import InstanceEventType
from omrs_streams.client.decoder import OutEventDecoder
from omrs_streams.client.wire import Bean

Names = Collection[str] | str
"""One name, or several."""

KINDS = tuple(
    kind.value
    for kind in InstanceEventType
    if kind.value.endswith("_EVENT") and kind.value not in ("UNKNOWN_INSTANCE_EVENT", "INSTANCE_ERROR_EVENT")
)


@dataclass(frozen=True, slots=True)
class OutEvent:
    """One event of an out topic. `bean`: the whole OMRS event, `version`: of the instance, `time`: of the change (ms).

    `home`: the metadata collection that the instance is at home in. The same `event_id` twice is the same change.
    """

    kind: str
    guid: str
    type_guid: str
    type_name: str
    home: str
    version: int
    time: int
    event_id: str
    partition: int
    offset: int
    bean: Bean

    @property
    def instance(self) -> Bean | None:
        """The entity, proxy or relationship as it is after the change; None where the event does not carry it."""
        section = self.bean.get("instanceEventSection") or {}
        found: Bean | None = section.get("entity") or section.get("relationship") or section.get("entityProxy")
        return found


class Selection:
    """What a record must be to pass: of one of `types` (names; subtypes included), with one of these guids, kinds and
    home collections. None = any. A kind may be given by its beginning: `NEW`, `DELETED`."""

    def __init__(
        self,
        types: Names | None = None,
        guids: Names | None = None,
        kinds: Names | None = None,
        homes: Names | None = None,
    ) -> None:
        self._type_names = _several(types)
        self._guids = _encoded(_several(guids))
        self._homes = _encoded(_several(homes))
        self._kinds = _encoded(kinds_of(kinds))
        self._wanted: dict[str, bool] = {}

    def start(self, decoder: OutEventDecoder) -> None:
        """TypeDefNotKnownError for a type that the server does not know."""
        for name in self._type_names or ():
            if decoder.types.typedef_by_name(name) is None:
                decoder.refresh().require(name=name)

    def passes(self, key: bytes | None, headers: dict[str, bytes], decoder: OutEventDecoder) -> bool:
        """Whether the subscriber wants this record. A record without these headers is left to whoever decodes it."""
        if "kind" not in headers:
            return True
        if self._guids is not None and key not in self._guids:
            return False
        if self._kinds is not None and headers["kind"] not in self._kinds:
            return False
        if self._homes is not None and headers.get("home-id") not in self._homes:
            return False
        return self._type_names is None or self._wants(headers.get("type-guid", b"").decode(), decoder)

    def _wants(self, type_guid: str, decoder: OutEventDecoder) -> bool:
        found = self._wanted.get(type_guid)
        if found is None:
            types = decoder.types_with(type_guid)
            typedef = types.typedef(type_guid)
            if typedef is None:
                return False  # of a type that not even the server knows any more
            found = any(types.is_type_of(typedef["name"], name) for name in self._type_names or ())
            self._wanted[type_guid] = found
        return found


def out_event(message: Message, headers: dict[str, bytes], bean: Bean) -> OutEvent:
    """The event of a record that has been decoded."""
    section = bean.get("instanceEventSection") or {}
    instance = section.get("entity") or section.get("relationship") or section.get("entityProxy") or {}
    meta = headers.get("omrs-meta", b"").decode().split("|")
    return OutEvent(
        kind=str(section.get("eventType")),
        guid=str(section.get("instanceGUID") or instance.get("guid") or ""),
        type_guid=str(section.get("typeDefGUID") or (instance.get("type") or {}).get("typeDefGUID") or ""),
        type_name=str(section.get("typeDefName") or (instance.get("type") or {}).get("typeDefName") or ""),
        home=headers.get("home-id", b"").decode() or str(section.get("homeMetadataCollectionId") or ""),
        version=int(meta[1]) if len(meta) > 1 else int(instance.get("version") or 0),
        time=int(meta[4]) if len(meta) > 4 else int(bean.get("timestamp") or 0),
        event_id=headers.get("event-id", b"").decode(),
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        bean=bean,
    )


def _several(names: Names | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    return (names,) if isinstance(names, str) else tuple(names)


def _encoded(names: tuple[str, ...] | None) -> frozenset[bytes] | None:
    return None if names is None else frozenset(name.encode() for name in names)


def kinds_of(given: Names | None) -> tuple[str, ...] | None:
    """Kinds by their names or the beginnings of them. InvalidParameterError for what begins none."""
    wanted = _several(given)
    if wanted is None:
        return None
    found: list[str] = []
    for name in wanted:
        meant = [kind for kind in KINDS if kind == name or kind.startswith(f"{name}_")]
        if not meant:
            raise InvalidParameterError(
                f"there is no kind of event {name!r}", help=f"kinds are {', '.join(KINDS)}", parameter="kinds"
            )
        found += meant
    return tuple(found)
