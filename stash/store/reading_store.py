"""The reading half of `StashStore`: the methods of the library's store, answered by the store's components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from stash_graphql_client.store import StashEntityStore

from stash.store.entities import NoOp
from stash.store.entity_types import Entity
from stash.store.finder import Finder, Found
from stash.store.hydration import Hydrator
from stash.store.lookup_cache import LookupCaches
from stash.store.reading import StashReader
from stash.store.registry import Registry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from stash.transport.client import Connection

T = TypeVar("T", bound=Entity)


class ReadingStore(StashEntityStore):
    """The library's store. It finds and knows entities, and owns the components for that."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, default_ttl=None)
        self.connection = connection
        self.registry = Registry(self)
        self.hydrator = Hydrator(self.registry)
        self.caches = LookupCaches()
        self.reader = StashReader(connection, self.registry, self.hydrator, self.caches)
        self._finder = Finder(self.reader)
        connection.guard = self.hydrator.keeping_edits

    def _cache_entity(self, entity: Entity) -> None:
        self.registry.enter(entity)

    # --- without a request ------------------------------------------------------------------------------------

    def entry(self, type_name: str, entity_id: str) -> Entity | None:
        """Return the known object of an id, complete or not."""
        return self.registry.entry(type_name, entity_id)

    def get_cached(self, entity_type: type[T], entity_id: str) -> T | None:
        """Return a known and complete entity, without a request."""
        return self.registry.complete(entity_type, str(entity_id))

    def is_cached(self, entity_type: type[T], entity_id: str) -> bool:
        """Tell whether an entity can be had without a request."""
        return self.get_cached(entity_type, entity_id) is not None

    def all_cached(self, entity_type: type[T]) -> list[T]:
        """Return every known entity of a type. Entities of which only the id is known are left out."""
        return self.registry.of_type(entity_type)

    def filter(self, entity_type: type[T], predicate: Callable[[T], bool]) -> list[T]:
        """Return the known entities that meet a predicate, without a request."""
        return [entity for entity in self.all_cached(entity_type) if predicate(entity)]

    def invalidate(self, entity_type_or_obj: Any, entity_id: str | None = None) -> NoOp:  # type: ignore[override]  # may be awaited too
        """Read an entity afresh the next time it is asked for. The object stays the same. May be awaited."""
        is_entity = isinstance(entity_type_or_obj, Entity)
        key = entity_type_or_obj.id if is_entity else str(entity_id)
        self.registry.mark_stale([(entity_type_or_obj.__type_name__, key)])
        return NoOp()

    def invalidate_type(self, entity_type: type[T]) -> NoOp:  # type: ignore[override]  # may be awaited too
        """Read every entity of a type afresh. May be awaited."""
        self.registry.mark_type_stale(entity_type.__type_name__)
        return NoOp()

    def invalidate_all(self) -> NoOp:  # type: ignore[override]  # may be awaited too
        """Read everything afresh. May be awaited."""
        self.registry.mark_stale(self.registry.keys())
        return NoOp()

    # --- by id and by lookup ----------------------------------------------------------------------------------

    async def get(self, entity_type: type[T], entity_id: str, fields: list[str] | None = None) -> T | None:
        """Return the complete entity of an id, from the identity map if it is known.

        Args:
            entity_type: the library's type.
            entity_id: the id, as text or number.
            fields: read these too, whatever is known already.

        Returns:
            None only if Stash says that there is none.
        """
        return await self._finder.get_one(entity_type, entity_id, fields)

    async def get_many(self, entity_type: type[T], ids: Sequence[str]) -> Found[T]:
        """Return the entities of many ids, in their order. One request reads a page of unknown ones."""
        return await self._finder.get_many(entity_type, ids)

    async def find(self, entity_type: type[T], **filters: Any) -> list[T]:
        """Return every entity that meets the lookups. See `stash.store.lookups`.

        Raises:
            LookupRefusedError: an unknown field or operator, or a value of the wrong type.
        """
        return await self._finder.find(entity_type, **filters)

    async def find_one(self, entity_type: type[T], **filters: Any) -> T | None:
        """Return the first entity that meets the lookups, or None."""
        return await self._finder.find_one(entity_type, **filters)

    def find_iter(self, entity_type: type[T], query_batch: int = 40, **filters: Any) -> AsyncIterator[T]:
        """Give out the entities that meet the lookups. One request reads `query_batch` of them."""
        return self._finder.find_iter(entity_type, query_batch, **filters)

    def rows(self, entity_type: type[T], selection: str, **filters: Any) -> AsyncIterator[dict[str, Any]]:
        """Give out the raw rows that meet the lookups, without making entities of them.

        Raises:
            LookupRefusedError: one of the lookups is by ids, for which there is no filter.
        """
        return self._finder.rows(entity_type, selection, **filters)

    async def rows_between_ids(
        self, entity_type: type[T], selection: str, first: int, last: int
    ) -> list[dict[str, Any]]:
        """Return the raw rows whose ids are from `first` to `last`."""
        within = {"value": first, "value2": last, "modifier": "BETWEEN"}
        return [row async for row in self.rows(entity_type, selection, id=within)]
