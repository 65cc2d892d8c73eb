"""The entities that wait to be written, and the changes that a flush would make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery

from stash.store.changes import edited_fields, related
from stash.store.entities import make_tracked
from stash.store.entity_types import Entity, kind_of
from stash.store.library_internals import is_new, snapshot
from stash.store.mutations import all_writable, change_of, gallery_cover, gallery_links
from stash.texts import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from stash.store.changes import Change
    from stash.store.entity_types import EntityType
    from stash.store.lookup_cache import LookupCaches
    from stash.store.registry import Registry

    type Edit = tuple[Entity, list[str]]


class PendingByKey:
    """New entities by natural key, until Stash has them or they are discarded."""

    def __init__(self) -> None:
        self._entities: dict[tuple[str, str], Entity] = {}
        self._keys: dict[Entity, tuple[str, str]] = {}

    def get(self, kind: EntityType, key: str) -> Entity | None:
        """Return the new entity of a natural key, ignoring case."""
        return self._entities.get((kind.name, fold(key)))

    def begin(self, kind: EntityType, key: str, entity: Entity) -> Entity:
        """Note that a new entity has a natural key."""
        place = self._keys[entity] = kind.name, fold(key)
        self._entities[place] = entity
        return entity

    def end(self, entity: Entity) -> None:
        """Forget an entity that is no longer new."""
        if (place := self._keys.pop(entity, None)) is not None:
            del self._entities[place]


class PendingChanges:
    """The new entities, edits and pictures of a store that Stash has not confirmed yet."""

    def __init__(self, registry: Registry, caches: LookupCaches, keys: PendingByKey) -> None:
        self._registry = registry
        self._caches = caches
        self._keys = keys
        self._queued: dict[Entity, None] = {}
        self._attached: dict[Entity, dict[str, str | None]] = {}

    def queue(self, entity: Entity) -> None:
        """Have a new entity created by the next flush, and found by lookups of this session."""
        self._registry.enter(entity)
        self._queued[entity] = None
        self._caches.index(kind_of(entity), [entity])

    def attach(self, entity: Entity, content: dict[str, str | None]) -> None:
        """Have write-only fields sent with the next write of an entity."""
        make_tracked(entity)
        self._attached[entity] = content

    def attachments(self, entity: Entity) -> dict[str, str | None]:
        """Return the write-only fields that wait to be sent."""
        return self._attached.get(entity, {})

    def pop_attachments(self, entity: Entity) -> dict[str, str | None] | None:
        """Give up the write-only fields that wait to be sent."""
        return self._attached.pop(entity, None)

    def confirm(self, entity: Entity) -> None:
        """Note that Stash has written an entity."""
        self._queued.pop(entity, None)
        self._attached.pop(entity, None)

    def discard(self, entity: Entity) -> None:
        """Forget an entity with its edits."""
        self._queued.pop(entity, None)
        self._keys.end(entity)
        self._registry.forget(entity)

    def rollback(self, among: Iterable[Entity] | None = None, *, keeping: Collection[str] = ()) -> None:
        """Forget every pending entity, or the pending ones among these, except for the types to keep."""
        wanted = None if among is None else set(among)
        for entity in self.entities():
            if entity.__type_name__ not in keeping and (wanted is None or entity in wanted):
                self._attached.pop(entity, None)
                self.discard(entity)

    def entities(self) -> list[Entity]:
        """Return every entity with something to write. An entity that others need comes before them."""
        edited = [entity for entity in self._registry.edited() if not is_new(entity)]
        return with_needed([*self._queued, *edited, *self._attached])

    def queued_names(self) -> list[Entity]:
        """Return the new tags, performers and studios."""
        return [entity for entity in self._queued if kind_of(entity).key == "name"]

    def changes(self) -> list[Change]:
        """Return the changes of the next flush, mutation by mutation."""
        edits = [(entity, edited_fields(entity)) for entity in self.entities()]
        planned = [change_of(e, all_writable(e, fields), self.attachments(e)) for e, fields in edits]
        mutations = [*gallery_links(edits), *map(gallery_cover, with_new_cover(edits))]
        written = [change for change in planned if change.after or change.action == "create"]
        return written + [mutation.change for mutation in mutations]


def with_needed(entities: Iterable[Entity]) -> list[Entity]:
    """Add the new entities that these point to, each before those that need it."""
    ordered: dict[Entity, None] = {}

    def visit(entity: Entity, path: tuple[Entity, ...]) -> None:
        make_tracked(entity)
        if entity in ordered or entity in path:
            return
        for other in filter(is_new, related(entity)):
            visit(other, (*path, entity))
        ordered[entity] = None

    for entity in entities:
        visit(entity, ())
    return list(ordered)


def with_new_cover(edits: Iterable[tuple[Entity, Sequence[str]]]) -> list[Gallery]:
    """Return the galleries of these edits whose cover is another one than Stash has."""
    found = [entity for entity, fields in edits if isinstance(entity, Gallery) and "cover" in fields]
    return [gallery for gallery in found if gallery.cover is not snapshot(gallery).get("cover")]
