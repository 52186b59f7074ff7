"""Translations of elements: TranslationDetail (integration § 7, MultiLanguageManagement)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omrs_connectors.services.below import known_of
from omrs_connectors.services.element import Plain, ends_of

if TYPE_CHECKING:
    from omrs_connectors.sdk.context import IntegrationContext
    from omrs_streams.client import Entity

TYPE, LINK = "TranslationDetail", "TranslationLink"


@dataclass(frozen=True, kw_only=True)
class Translation:
    """An element in one language. `translations`: further properties by their names. `locale`: where the language is
    spoken that way, if it matters."""

    language: str
    language_code: str | None = None
    locale: str | None = None
    display_name: str | None = None
    description: str | None = None
    translations: Mapping[str, str] | None = None


class MultiLanguageManagement:
    """Translations of an element, one for each language and locale."""

    def __init__(self, context: IntegrationContext) -> None:
        self._context = context
        self._known = known_of(context)

    def all(self, guid: str) -> list[Translation]:
        """An element's translations, by language and locale."""
        found = [_translation(entity.plain_properties) for entity in self._details(guid)]
        return sorted(found, key=lambda one: (one.language, one.locale or ""))

    def get(self, guid: str, language: str, locale: str | None = None) -> Translation | None:
        """The translation in a language, as it is spoken there; None where there is none."""
        found = self._find(guid, language, locale)
        return None if found is None else _translation(found.plain_properties)

    def set(self, guid: str, translation: Translation) -> bool:
        """Makes this the element's translation in its language and locale; False where it is already."""
        values = self._values(translation)
        anchor = self._known.anchor_of(guid)
        found = self._find(guid, translation.language, translation.locale)
        if found is None:
            made = self._context.create_entity(TYPE, values, classifications=self._known.anchors(anchor), anchor=anchor)
            self._context.link(LINK, guid, made.guid, anchor=anchor)
            return True
        if found.plain_properties == values:
            return False
        self._context.update_entity(found.guid, values, type_name=TYPE, anchor=anchor)
        return True

    def clear(self, guid: str, language: str, locale: str | None = None) -> bool:
        """Deletes a translation; False where there is none."""
        found = self._find(guid, language, locale)
        if found is None:
            return False
        self._context.delete_entity(found.guid, type_name=TYPE, anchor=self._known.anchor_of(guid))
        return True

    def _find(self, guid: str, language: str, locale: str | None) -> Entity | None:
        for entity in self._details(guid):
            plain = entity.plain_properties
            if (plain.get("language"), plain.get("locale")) == (language, locale):
                return entity
        return None

    def _details(self, guid: str) -> list[Entity]:
        graph = self._context.client.neighborhood(guid, 1, entity_types=[TYPE], relationship_types=[LINK])
        ends = {ends_of(link)[1] for link in graph.relationships}
        return [entity for entity in graph.entities if entity.guid in ends]

    def _values(self, translation: Translation) -> Plain:
        """6.x has names and descriptions among the further translations, which 4.x keeps as "name: text"."""
        attributes = self._context.types.attributes(TYPE)
        named = {"displayName": translation.display_name, "description": translation.description}
        own = {name: value for name, value in named.items() if name in attributes}
        more = {**{name: value for name, value in named.items() if name not in attributes and value}}
        more |= dict(translation.translations or {})
        values: dict[str, Any] = {
            "language": translation.language,
            "languageCode": translation.language_code,
            "locale": translation.locale,
            **own,
        }
        if more:
            as_map = attributes["additionalTranslations"].collection == "OM_COLLECTION_MAP"
            values["additionalTranslations"] = more if as_map else [f"{name}: {more[name]}" for name in sorted(more)]
        return {name: value for name, value in values.items() if value is not None}


def _translation(plain: Mapping[str, Any]) -> Translation:
    held = plain.get("additionalTranslations") or {}
    more = dict(held) if isinstance(held, Mapping) else dict(str(one).partition(": ")[::2] for one in held)
    names = {name: plain.get(name) or more.pop(name, None) for name in ("displayName", "description")}
    return Translation(
        language=str(plain.get("language", "")),
        language_code=plain.get("languageCode"),
        locale=plain.get("locale"),
        display_name=names["displayName"],
        description=names["description"],
        translations=more or None,
    )
