"""Adopting existing entities: a new entity becomes the one that Stash has already.

That happens if the reply to a creation was lost, or if another client created the entity first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery, GalleryChapter, Performer, Tag
from stash_graphql_client.types.unset import UNSET

from stash.store.entity_types import ENTITY_TYPES, Entity, kind_of
from stash.store.library_internals import copy_state
from stash.texts import fold, normalize_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.store.hydration import Hydrator
    from stash.store.natural_keys import NaturalKeys
    from stash.store.pending import PendingByKey
    from stash.store.registry import Registry


AFTER_CREATE = ("cover", "images")
"""Fields that no creation takes. They are written by a later request."""


class Adopter:
    """Replaces new entities by those that Stash has already."""

    def __init__(
        self, registry: Registry, hydrator: Hydrator, keys: NaturalKeys, pending_keys: PendingByKey
    ) -> None:
        self._registry = registry
        self._hydrator = hydrator
        self._keys = keys
        self._pending_keys = pending_keys

    def assign_id(self, entity: Entity, raw: dict[str, Any]) -> None:
        """Give a created entity the id of Stash's reply."""
        self._hydrator.assign_id(entity, raw)
        self._pending_keys.end(entity)

    async def adopt_existing(self, entities: Sequence[Entity]) -> set[Entity]:
        """Adopt the entities that Stash has of the same natural keys. Return the new entities that were replaced."""
        adopted: set[Entity] = set()
        by_kind: dict[str, dict[Entity, str]] = {}
        for entity in entities:
            if key := normalize_text(entity.__dict__.get(kind_of(entity).key or "") or ""):
                by_kind.setdefault(entity.__type_name__, {})[entity] = key
        for name, keyed in by_kind.items():
            carriers = await self._keys.read_carriers(ENTITY_TYPES[name], list(set(keyed.values())))
            for entity, key in keyed.items():
                if existing := next((one for one in carriers[key] if _is_made_of(one, entity)), None):
                    self._replace_by(entity, existing)
                    adopted.add(entity)
        return adopted

    def adopt_chapter(self, chapter: GalleryChapter) -> None:
        """Replace a new chapter by the one of its gallery with the same title and index, if there is one."""
        gallery = chapter.gallery
        standing = (
            gallery.chapters if isinstance(gallery, Gallery) and isinstance(gallery.chapters, list) else []
        )
        for one in standing:
            if one is not chapter and (one.title, one.image_index) == (chapter.title, chapter.image_index):
                self._replace_by(chapter, one)
                chapter.gallery = gallery
                return

    def _replace_by(self, entity: Entity, existing: Entity) -> None:
        """Give a new entity the id and the values of an existing one.

        Still to be written are the fields that no creation takes, and those that are empty in Stash.
        """
        self._registry.forget(entity)
        self._pending_keys.end(entity)
        later = {name: value for name in AFTER_CREATE if (value := entity.__dict__.get(name))}
        later |= _still_empty(entity, existing)
        entity.update_id(existing.id)
        entity.__dict__.update(existing.__dict__ | later)
        copy_state(existing, entity)
        self._registry.replace(entity)


def _is_made_of(existing: Entity, new: Entity) -> bool:
    """Tell whether an entity of Stash may be the result of creating this new one.

    A code alone is no evidence, so a URL or the title has to agree too.
    """
    if kind_of(new).key == "code":
        urls = {*_texts_of(existing, "urls")}
        return (
            bool(urls & {*_texts_of(new, "urls")})
            if urls
            else _texts_of(existing, "title") == _texts_of(new, "title")
        )
    if isinstance(new, Performer) and _folded(existing, "disambiguation") != _folded(new, "disambiguation"):
        return False
    return isinstance(new, Tag) or _folded(existing, "name") == _folded(new, "name")


def _folded(entity: Entity, field: str) -> list[str]:
    return [fold(text) for text in _texts_of(entity, field)]


def _texts_of(entity: Entity, field: str) -> list[str]:
    """Return the texts of a field as Stash stores them. An empty or unknown field has none."""
    value = entity.__dict__.get(field)
    return [
        normalize_text(text)
        for text in (value if isinstance(value, list) else [value])
        if isinstance(text, str) and text
    ]


def _still_empty(entity: Entity, existing: Entity) -> dict[str, Any]:
    """Return the fields of a new entity that are empty in the existing one."""
    return {
        name: value
        for name in entity.__tracked_fields__
        if isinstance(value := entity.__dict__.get(name), str | bool | list | Entity)
        and value
        and not existing.__dict__.get(name, UNSET)
    }
