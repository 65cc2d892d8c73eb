"""Finding entities by id and by lookup. A session answers from what it has read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from stash.errors import LookupRefusedError
from stash.store.entity_types import Entity, kind_of
from stash.store.lookups import matches, parse, split
from stash.store.reading import ID_PAGE, INDEX_PAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from stash.store.entity_types import EntityType
    from stash.store.reading import StashReader

T = TypeVar("T", bound=Entity)


class Found(list[T]):
    """Entities in the order of their ids in the question. `missing` are the ids that Stash lacks."""

    def __init__(self, entities: Iterable[T], missing: Iterable[str] = ()) -> None:
        super().__init__(entities)
        self.missing = tuple(missing)


class Finder:
    """Finds entities, from the identity map and the lookup caches as far as they answer."""

    def __init__(self, reader: StashReader) -> None:
        self._reader = reader
        self._registry = reader.registry
        self._caches = reader.caches

    async def get_one(
        self, entity_type: type[T], entity_id: str, fields: list[str] | None = None
    ) -> T | None:
        """Return the complete entity of an id. See `ReadingStore.get`.

        Args:
            entity_type: the library's type.
            entity_id: the id, as text or number.
            fields: read these too, whatever is known already.

        Returns:
            None only where Stash says that there is none.
        """
        entity_id = str(entity_id)
        if fields is not None:
            return (
                await self._reader.read_ids(
                    entity_type, [entity_id], _selection(kind_of(entity_type), fields)
                )
            ).get(entity_id)
        if self._caches.is_in_session:
            if self._registry.is_read(kind_of(entity_type), entity_id):
                return self._registry.entry(entity_type.__type_name__, entity_id)  # type: ignore[return-value]  # kept by type
            if self._registry.is_missing(kind_of(entity_type), entity_id):
                return None
        found = await self.get_many(entity_type, [entity_id])
        return found[0] if found else None

    async def get_many(self, entity_type: type[T], ids: Sequence[str]) -> Found[T]:
        """Return the entities of many ids. See `ReadingStore.get_many`."""
        wanted = list(dict.fromkeys(str(entity_id) for entity_id in ids))
        unknown = [one for one in wanted if self._registry.complete(entity_type, one) is None]
        read = await self._reader.read_ids(entity_type, unknown, kind_of(entity_type).all_fields)
        await self._reader.complete_related(read.values())
        known = {e: read.get(e) or self._registry.complete(entity_type, e) for e in wanted}
        return Found(
            [entity for entity in known.values() if entity is not None],
            [entity_id for entity_id, entity in known.items() if entity is None],
        )

    async def find(self, entity_type: type[T], **filters: Any) -> list[T]:
        """Return every entity that meets the lookups. See `stash.store.lookups`.

        Raises:
            LookupRefusedError: an unknown field or operator, or a value of the wrong type.
        """
        if self._caches.is_in_session:
            known = self._caches.answer(kind_of(entity_type), parse(kind_of(entity_type), filters))
            if known is not None:
                return known  # type: ignore[return-value]  # kept by type
        return [entity async for entity in self.find_iter(entity_type, ID_PAGE, **filters)]

    async def find_one(self, entity_type: type[T], **filters: Any) -> T | None:
        """Return the first entity that meets the lookups, or None."""
        async for entity in self.find_iter(entity_type, **filters):
            return entity
        return None

    async def find_iter(
        self,
        entity_type: type[T],
        query_batch: int = 40,
        **filters: Any,
    ) -> AsyncIterator[T]:
        """Give out the entities that meet the lookups. One request reads `query_batch` of them."""
        if query_batch < 1:
            raise LookupRefusedError("query_batch must be positive.")
        kind = kind_of(entity_type)
        lookups = parse(kind, filters)
        known = self._caches.answer(kind, lookups)
        if known is not None:
            for entity in known:
                yield entity  # type: ignore[misc]  # kept by type
            return
        async for page in self._reader.pages(kind, lookups, kind.all_fields, query_batch):
            await self._reader.complete_related(page)
            for entity in page:
                if matches(entity, lookups):
                    yield entity  # type: ignore[misc]

    async def rows(
        self, entity_type: type[T], selection: str, **filters: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """Give out the raw rows that meet the lookups. See `ReadingStore.rows`.

        Raises:
            LookupRefusedError: one of them is by ids, for which there is no filter.
        """
        kind = kind_of(entity_type)
        lookups = parse(kind, filters)
        if any(lookup.asks == "id" for lookup in lookups):
            raise LookupRefusedError(f"Rows of {kind.name} cannot be looked up by ids; get_many reads those.")
        for part in split(lookups):
            async for rows in self._reader.row_pages(kind, part, selection, INDEX_PAGE):
                for row in rows:
                    yield row


def _selection(kind: EntityType, fields: Iterable[str]) -> str:
    names = {"id", *fields}
    if names == {"id"}:
        return kind.all_fields
    parts = []
    for name in sorted(names):
        if name not in kind.entity.model_fields:
            raise LookupRefusedError(f"{kind.name} has no field {name!r}.")
        relation = name in kind.relations or name in kind.entity.__relationships__
        parts.append(f"{name} {{ __typename id }}" if relation else name)
    return " ".join(parts)
