"""Stored payloads as the beans that go over REST and to peers."""

from collections.abc import Mapping, Sequence
from typing import Any

from omrs_schemas.errors import CodecError
from omrs_streams.fold.overlay import merge_classifications
from omrs_streams.fold.state import Stored
from omrs_streams.store.codec import Bean, PayloadCodec

_INSTANCE_FIELDS = ("entity", "relationship", "entityProxy")


def payload_bean(payload: bytes, codec: PayloadCodec) -> Bean:
    """The entity, relationship or proxy in an event; CodecError when the bytes hold none."""
    return instance_of(instance_section(payload, codec))


def to_bean(stored: Stored, codec: PayloadCodec) -> Bean:
    """The instance of one revision with the classifications that are laid over it (see `fold/overlay.py`).

    CodecError when the payload cannot be decoded; an overlay event that cannot be decoded adds nothing, here as in the
    indexes: it went to the dead letters when it was folded.
    """
    return with_overlay(payload_bean(stored.payload, codec), overlay_sections(stored.overlay, codec))


def with_overlay(bean: Bean, sections: Sequence[Mapping[str, Any]]) -> Bean:
    """`bean` itself, with the classifications that `sections` lay over it."""
    if sections:
        merged = merge_classifications(bean.get("classifications") or (), sections, bean)
        if merged:
            bean["classifications"] = merged
        else:
            bean.pop("classifications", None)
    return bean


def instance_section(payload: bytes, codec: PayloadCodec) -> Mapping[str, Any]:
    section: Mapping[str, Any] = codec.decode(payload).get("instanceEventSection") or {}
    return section


def overlay_sections(overlay: tuple[bytes, ...], codec: PayloadCodec) -> list[Mapping[str, Any]]:
    sections = []
    for payload in overlay:
        try:
            sections.append(instance_section(payload, codec))
        except CodecError:
            continue
    return sections


def instance_of(section: Mapping[str, Any]) -> Bean:
    """The entity, relationship or proxy in an instance section; CodecError when there is none."""
    for field in _INSTANCE_FIELDS:
        if section.get(field):
            bean: Bean = section[field]
            return bean
    raise CodecError(
        f"the {section.get('eventType')} event for {section.get('instanceGUID')} carries no instance",
        guid=section.get("instanceGUID"),
    )
