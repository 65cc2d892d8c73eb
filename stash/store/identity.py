"""The identity map: one object an id, for as long as the store is open."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from stash_graphql_client.store import StashEntityStore

from stash.store.changes import edited_fields
from stash.store.deferred_links import DeferredLinks
from stash.store.entities import NoOp, is_stub
from stash.store.entity_types import Entity, EntityType, kind_of
from stash.store.hydration import Entry, Hydrator
from stash.store.library_internals import mark_created, received

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from stash.transport.client import Connection
    from stash.transport.graphql import Requests

T = TypeVar("T", bound=Entity)


class IdentityMap(StashEntityStore):
    """What a store knows already. Everything here is answered without a request."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, default_ttl=None)
        self.connection = connection
        connection.guard = self.keeping_edits
        self.unread = DeferredLinks()
        self._hydrator = Hydrator(self)
        self._stale: set[tuple[str, str]] = set()

    @property
    def requests(self) -> Requests:
        """Return what went over the wire so far."""
        return self.connection.requests

    @property
    def identity(self) -> tuple[str, str]:
        """Return what tells one Stash from another: its address, and the path of its database."""
        return self.connection.wire.url.rstrip("/"), self.connection.database_path

    def keeping_edits(self) -> AbstractContextManager[None]:
        """Let the library parse a reply without losing unsaved edits."""
        return self._hydrator.keeping_edits()

    def entry(self, type_name: str, entity_id: str) -> Entity | None:
        """The known object of an id, stale or not."""
        entry = self._cache.get((type_name, entity_id))
        return None if entry is None else entry.entity

    def remember(self, entity: Entity) -> None:
        """Enter an object into the identity map."""
        self._cache[entity.__type_name__, entity.id] = Entry(entity)  # type: ignore[assignment]  # our own entry
        self._type_index.setdefault(entity.__type_name__, set()).add(entity.id)

    def own(self, entity: Entity) -> None:
        """Make an entity that the library or a caller made one of the store's."""
        self._hydrator.adopt(entity)

    def _cache_entity(self, entity: Entity) -> None:
        self.own(entity)
        self.remember(entity)
        self._stale.discard((entity.__type_name__, entity.id))

    def name(self, entity: Entity, raw: dict[str, Any]) -> None:
        """Give a created entity the id that Stash gave it. It has none yet if anything else in the row is damaged."""
        kind = kind_of(entity)
        for field in kind.converters.keys() & raw.keys():
            kind.converters[field](raw[field])
        self.forget(entity)
        entity.__dict__["id"] = raw["id"]
        mark_created(entity)
        self.remember(entity)
        self._hydrator.hydrate(kind, raw)

    def note_time(self, entity: Entity, raw: dict[str, Any]) -> None:
        """Take when Stash wrote an entity. A reply that does not say so confirms the write as well."""
        if (written := raw.get("updated_at")) is not None:
            entity.__dict__["updated_at"] = datetime.fromisoformat(written)

    def learn(self, entity: Entity, raw: dict[str, Any]) -> None:
        """Take what Stash told of an entity for what it has. What is yet to be written stays so."""
        self._hydrator.hydrate(kind_of(entity), raw)

    def forget(self, entity: Entity) -> None:
        """Take an object out of the identity map."""
        self._cache.pop((entity.__type_name__, entity.id), None)
        self._type_index.get(entity.__type_name__, set()).discard(entity.id)

    def edited(self) -> list[Entity]:
        """Every known entity that differs from what Stash has."""
        known = [entry.entity for entry in list(self._cache.values()) if entry.entity.__tracked_fields__]
        return [entity for entity in known if edited_fields(entity)]

    def get_cached(self, entity_type: type[T], entity_id: str) -> T | None:
        """A known and complete entity, without a request."""
        entity = self.entry(entity_type.__type_name__, str(entity_id))
        return entity if entity is not None and self._is_complete(entity) else None  # type: ignore[return-value]

    def is_cached(self, entity_type: type[T], entity_id: str) -> bool:
        """Tell whether an entity can be had without a request."""
        return self.get_cached(entity_type, entity_id) is not None

    def _is_complete(self, entity: Entity) -> bool:
        if (entity.__type_name__, entity.id) in self._stale:
            return False
        return entity.is_new() or kind_of(entity).complete <= received(entity)

    def _is_read(self, kind: EntityType, entity_id: str) -> bool:
        known = self.entry(kind.name, entity_id)
        return known is not None and not is_stub(known) and (kind.name, entity_id) not in self._stale

    def _is_stale(self, entity: Entity) -> bool:
        return (entity.__type_name__, entity.id) in self._stale

    def all_cached(self, entity_type: type[T]) -> list[T]:
        """Every known entity of a type but those of which only the id is known."""
        ids = self._type_index.get(entity_type.__type_name__, set())
        known = [self._cache[entity_type.__type_name__, entity_id].entity for entity_id in list(ids)]
        return [entity for entity in known if not is_stub(entity)]

    def filter(self, entity_type: type[T], predicate: Callable[[T], bool]) -> list[T]:
        """The known entities that meet a predicate, without a request."""
        return [entity for entity in self.all_cached(entity_type) if predicate(entity)]

    def invalidate(self, entity_type_or_obj: Any, entity_id: str | None = None) -> NoOp:  # type: ignore[override]
        """Read an entity afresh the next time it is asked for. The object stays the same. May be awaited."""
        if isinstance(entity_type_or_obj, Entity):
            self._stale.add((entity_type_or_obj.__type_name__, entity_type_or_obj.id))
        else:
            self._stale.add((entity_type_or_obj.__type_name__, str(entity_id)))
        return NoOp()

    def invalidate_type(self, entity_type: type[T]) -> NoOp:  # type: ignore[override]  # may be awaited too
        """Read every entity of a type afresh. May be awaited."""
        ids = self._type_index.get(entity_type.__type_name__, set())
        self._stale |= {(entity_type.__type_name__, entity_id) for entity_id in ids}
        return NoOp()

    def invalidate_all(self) -> NoOp:  # type: ignore[override]  # may be awaited too
        """Read everything afresh. May be awaited."""
        self._stale |= set(self._cache)
        return NoOp()
