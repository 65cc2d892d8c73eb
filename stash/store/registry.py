"""The identity map: one object per type and id, for as long as the store is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from stash.store.changes import edited_fields
from stash.store.entities import is_stub, make_tracked
from stash.store.entity_types import Entity, EntityType, kind_of
from stash.store.library_internals import copy_state, entries_of, ids_by_type, is_new, received

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stash_graphql_client.store import StashEntityStore

T = TypeVar("T", bound=Entity)

type EntityKey = tuple[str, str]


class Entry:
    """An entity in the identity map of the library."""

    __slots__ = ("entity",)

    def __init__(self, entity: Entity) -> None:
        self.entity = entity

    def is_expired(self) -> bool:
        """Return False. The store marks stale entities itself."""
        return False


class Registry:
    """The known entities of one store. No method sends a request.

    The library's own methods read and write the same maps.
    """

    def __init__(self, store: StashEntityStore) -> None:
        self._entries = entries_of(store)
        self._ids = ids_by_type(store)
        self._stale: set[EntityKey] = set()
        self._missing: set[EntityKey] = set()
        self._replaced: WeakKeyDictionary[Entity, Entity] = WeakKeyDictionary()

    def entry(self, type_name: str, entity_id: str) -> Entity | None:
        """Return the known object of an id, stale or not."""
        entry = self._entries.get((type_name, entity_id))
        return None if entry is None else entry.entity

    def remember(self, entity: Entity) -> None:
        """Enter an object into the identity map."""
        self._entries[entity.__type_name__, entity.id] = Entry(entity)  # type: ignore[assignment]  # the store's own entry
        self._ids.setdefault(entity.__type_name__, set()).add(entity.id)

    def enter(self, entity: Entity) -> None:
        """Enter an object that anybody made, as one that is up to date."""
        make_tracked(entity)
        self.remember(entity)
        self._stale.discard((entity.__type_name__, entity.id))

    def replace(self, entity: Entity) -> None:
        """Enter an object that has just got its id, in the place of another one of that id."""
        known = self.entry(entity.__type_name__, entity.id)
        if known is not None and known is not entity:
            self._replaced[entity] = known
        self.remember(entity)

    def restore(self, entity: Entity) -> Entity:
        """Put the object that this one replaced back, with the values of this one.

        Returns:
            the object that was put back, or this one if it replaced none.
        """
        known = self._replaced.pop(entity, None)
        if known is None:
            return entity
        known.__dict__.update(entity.__dict__)
        copy_state(entity, known)
        self.remember(known)
        return known

    def forget(self, entity: Entity) -> None:
        """Take an object out of the identity map."""
        self._entries.pop((entity.__type_name__, entity.id), None)
        self._ids.get(entity.__type_name__, set()).discard(entity.id)

    def keys(self) -> set[EntityKey]:
        """Return the type and id of every known entity."""
        return set(self._entries)

    def edited(self) -> list[Entity]:
        """Return every known entity that differs from what Stash has."""
        known = [entry.entity for entry in list(self._entries.values()) if entry.entity.__tracked_fields__]
        return [entity for entity in known if edited_fields(entity)]

    def of_type(self, entity_type: type[T]) -> list[T]:
        """Return every known entity of a type. Entities of which only the id is known are left out."""
        name = entity_type.__type_name__
        known = [self._entries[name, entity_id].entity for entity_id in list(self._ids.get(name, ()))]
        return [entity for entity in known if not is_stub(entity)]

    # --- what is known of an entity ---------------------------------------------------------------------------

    def complete(self, entity_type: type[T], entity_id: str) -> T | None:
        """Return a known entity whose fields were all received."""
        entity = self.entry(entity_type.__type_name__, entity_id)
        if entity is None or self.is_stale(entity):
            return None
        is_complete = is_new(entity) or kind_of(entity).complete <= received(entity)
        return entity if is_complete else None  # type: ignore[return-value]  # kept by type

    def is_read(self, kind: EntityType, entity_id: str) -> bool:
        """Tell whether more than the id of an entity is known, and is up to date."""
        known = self.entry(kind.name, entity_id)
        return known is not None and not is_stub(known) and (kind.name, entity_id) not in self._stale

    def is_current(self, entity: Entity) -> bool:
        """Tell whether this object is the known one of its id, and is up to date."""
        return self.entry(entity.__type_name__, entity.id) is entity and not self.is_stale(entity)

    def is_stale(self, entity: Entity) -> bool:
        """Tell whether an entity is to be read afresh."""
        return (entity.__type_name__, entity.id) in self._stale

    def mark_stale(self, keys: Iterable[EntityKey]) -> None:
        """Have these entities read afresh the next time that they are asked for."""
        self._stale.update(keys)

    def mark_type_stale(self, type_name: str) -> None:
        """Have every entity of a type read afresh."""
        self.mark_stale((type_name, entity_id) for entity_id in self._ids.get(type_name, ()))

    def mark_read(self, kind: EntityType, entities: Iterable[Entity]) -> None:
        """Note that these entities are up to date."""
        self._stale.difference_update((kind.name, entity.id) for entity in entities)

    # --- ids that Stash lacks ---------------------------------------------------------------------------------

    def note_missing(self, kind: EntityType, ids: Iterable[str]) -> None:
        """Note ids that Stash lacks, until the outermost session ends."""
        self._missing.update((kind.name, entity_id) for entity_id in ids)

    def is_missing(self, kind: EntityType, entity_id: str) -> bool:
        """Tell whether a session found that Stash lacks an id."""
        return (kind.name, entity_id) in self._missing

    def clear_missing(self) -> None:
        """Forget which ids Stash lacks."""
        self._missing.clear()
