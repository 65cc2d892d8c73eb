"""Reading: by id, by lookup, wide for a window. Little is asked, and nothing twice."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any, TypeVar

from stash_graphql_client.types.unset import UNSET

from stash.errors import LookupRefusedError, RejectedError, RequestRefusedError
from stash.store.documents import by_id, by_ids, document, find
from stash.store.entities import is_stub
from stash.store.entity_types import ENTITY_TYPES, Entity, EntityType, kind_of
from stash.store.identity import IdentityMap
from stash.store.lookup_cache import LookupCache
from stash.store.lookups import Lookup, criteria, matches, parse, split
from stash.store.reply_validation import page_in, rows_of_ids, validating_reply
from stash.store.split_requests import halved, in_two, joined, merged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from stash.store.documents import Field
    from stash.transport.client import Connection
    from stash.transport.graphql import Reply

T = TypeVar("T", bound=Entity)

PAGE = 1000
"""Entities, ids or values a request."""

ROWS = 5000
"""Raw rows a request, and tags, performers and studios: they are small."""

INDEX_LIMIT = 20_000
"""Up to this many tags, performers or studios are read whole."""


class Found(list[T]):
    """Entities in the order asked for. `missing` are the ids that Stash does not know."""

    def __init__(self, entities: Iterable[T], missing: Iterable[str] = ()) -> None:
        super().__init__(entities)
        self.missing = tuple(missing)


class ReadingStore(IdentityMap):
    """The identity map, with everything that asks Stash."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._lookup_caches: list[LookupCache] = [LookupCache()]
        self._gone: set[tuple[str, str]] = set()

    @property
    def is_in_window(self) -> bool:
        """Tell whether writing waits for `flush`."""
        return len(self._lookup_caches) > 1

    async def get(self, entity_type: type[T], entity_id: str, fields: list[str] | None = None) -> T | None:
        """The complete entity of an id, from the identity map where it is known.

        Args:
            entity_type: the library's type.
            entity_id: the id, as text or number.
            fields: read these too, whatever is known already.

        Returns:
            None only where Stash says that there is none.
        """
        entity_id = str(entity_id)
        if fields is not None:
            return (await self._read_ids(entity_type, [entity_id], self._selection(entity_type, fields))).get(
                entity_id
            )
        if self.is_in_window:
            if self._is_read(kind_of(entity_type), entity_id):
                return self.entry(entity_type.__type_name__, entity_id)  # type: ignore[return-value]  # kept by type
            if (entity_type.__type_name__, entity_id) in self._gone:
                return None
        found = await self.get_many(entity_type, [entity_id])
        return found[0] if found else None

    async def get_many(self, entity_type: type[T], ids: Sequence[str]) -> Found[T]:
        """The entities of many ids, in their order, a request a page of those not known."""
        wanted = list(dict.fromkeys(str(entity_id) for entity_id in ids))
        unknown = [entity_id for entity_id in wanted if not self.is_cached(entity_type, entity_id)]
        read = await self._read_ids(entity_type, unknown, kind_of(entity_type).full)
        await self._complete_related(read.values())
        known = {e: read.get(e) or self.get_cached(entity_type, e) for e in wanted}
        return Found(
            [entity for entity in known.values() if entity is not None],
            [entity_id for entity_id, entity in known.items() if entity is None],
        )

    async def _read_ids(self, entity_type: type[T], ids: Sequence[str], selection: str) -> dict[str, T]:
        kind = kind_of(entity_type)
        read: dict[str, T] = {}
        for page in batched(ids, PAGE):
            reply = await self._ask_about([by_ids(kind, page, selection)], is_checked=False)
            if reply.errors:
                reply = await self._ask_about([by_id(kind, i, selection) for i in page])
                rows = [row for row in reply.data.values() if isinstance(row, dict)]
            else:
                rows = rows_of_ids(reply, 0, kind, page)
            read |= {entity.id: entity for entity in self._take(kind, rows)}
            self._gone |= {(kind.name, i) for i in page if i not in read}
        return read

    def _take(self, kind: EntityType, rows: Iterable[dict[str, Any]]) -> list[Any]:
        """The entities of rows, known to the lookups of every open window."""
        with validating_reply(f"its {kind.plural}"):
            entities = [self._hydrator.hydrate(kind, row) for row in rows]
        self._stale.difference_update((kind.name, entity.id) for entity in entities)
        for cache in self._lookup_caches:
            cache.index(kind, entities)
        return entities

    async def _ask(self, query: tuple[str, dict[str, Any]], *, is_checked: bool = True) -> Reply:
        reply = await self.connection.query(*query)
        if is_checked and reply.errors:
            raise RejectedError(f"Stash refused a question: {reply.errors[0].get('message', '')[:300]}")
        return reply

    async def _ask_about(self, fields: Sequence[Field], *, is_checked: bool = True) -> Reply:
        """Ask several questions in one request, or in halves where that is too large. One about many ids is parted too."""
        try:
            return await self._ask(document("query", fields), is_checked=is_checked)
        except RequestRefusedError as error:
            half = len(fields) // 2
            parts = (fields[:half], fields[half:]) if half else halved(fields[0])
            if not error.is_too_large or parts is None:
                raise
        first, second = [await self._ask_about(part, is_checked=is_checked) for part in parts]
        return joined(first, second, half) if half else merged(first, second)

    async def _complete_related(self, entities: Iterable[Entity]) -> None:
        """Nobody is handed an entity of which only the id is known: one request completes them all."""
        stubs: dict[str, dict[str, Entity]] = {}
        for entity in entities:
            for field in kind_of(entity).relations:
                value = entity.__dict__.get(field, UNSET)
                for other in value if isinstance(value, list) else [value]:
                    if isinstance(other, Entity) and is_stub(other) and kind_of(other).filter is not None:
                        stubs.setdefault(other.__type_name__, {})[other.id] = other
        if not stubs:
            return
        fields = [
            by_ids(ENTITY_TYPES[name], list(ids), ENTITY_TYPES[name].full) for name, ids in stubs.items()
        ]
        reply = await self._ask_about(fields)
        for number, (name, some) in enumerate(stubs.items()):
            self._take(ENTITY_TYPES[name], rows_of_ids(reply, number, ENTITY_TYPES[name], some))

    def _selection(self, entity_type: type[T], fields: Iterable[str]) -> str:
        kind = kind_of(entity_type)
        names = {"id", *fields}
        if names == {"id"}:
            return kind.full
        parts = []
        for name in sorted(names):
            if name not in kind.entity.model_fields:
                raise LookupRefusedError(f"{kind.name} has no field {name!r}.")
            relation = name in kind.relations or name in kind.entity.__relationships__
            parts.append(f"{name} {{ __typename id }}" if relation else name)
        return " ".join(parts)

    async def read_fields(
        self, entities: Sequence[Entity], fields: Callable[[Entity], Iterable[str]]
    ) -> None:
        """Read some relations of some entities, a request a type and page."""
        by_kind: dict[str, list[Entity]] = {}
        for entity in entities:
            by_kind.setdefault(entity.__type_name__, []).append(entity)
        for name, group in by_kind.items():
            names = sorted({field for entity in group for field in fields(entity)})
            selection = " ".join(["id", *(f"{field} {{ id }}" for field in names)])
            await self._read_ids(ENTITY_TYPES[name].entity, [entity.id for entity in group], selection)

    async def read_again(self, entities: Iterable[Entity]) -> None:
        """Read these entities afresh. Unsaved edits stay, what is known of Stash moves on."""
        by_kind: dict[str, dict[str, Entity]] = {}
        for entity in entities:
            by_kind.setdefault(entity.__type_name__, {})[entity.id] = entity
        for name, group in by_kind.items():
            await self._read_ids(ENTITY_TYPES[name].entity, list(group), ENTITY_TYPES[name].full)

    async def find(self, entity_type: type[T], **filters: Any) -> list[T]:
        """Every entity that meets the lookups, whatever their number. See `stash.store.lookups`.

        Raises:
            LookupRefusedError: an unknown field or operator, or a value of the wrong type.
        """
        if self.is_in_window:
            known = self._remembered(kind_of(entity_type), parse(kind_of(entity_type), filters))
            if known is not None:
                return known  # type: ignore[return-value]  # the memory is kept by type
        return [entity async for entity in self.find_iter(entity_type, PAGE, **filters)]

    async def find_one(self, entity_type: type[T], **filters: Any) -> T | None:
        """The first entity that meets the lookups, or None."""
        async for entity in self.find_iter(entity_type, **filters):
            return entity
        return None

    async def find_iter(
        self,
        entity_type: type[T],
        query_batch: int = 40,
        **filters: Any,
    ) -> AsyncIterator[T]:
        """The entities that meet the lookups, `query_batch` a request, as they are asked for."""
        if query_batch < 1:
            raise LookupRefusedError("query_batch must be positive.")
        kind = kind_of(entity_type)
        lookups = parse(kind, filters)
        known = self._remembered(kind, lookups)
        if known is not None:
            for entity in known:
                yield entity  # type: ignore[misc]  # the memory is kept by type
            return
        async for page in self._pages(kind, lookups, kind.full, query_batch):
            await self._complete_related(page)
            for entity in page:
                if matches(entity, lookups):
                    yield entity  # type: ignore[misc]

    def _remembered(self, kind: EntityType, lookups: list[Lookup]) -> list[Entity] | None:
        if len(self._lookup_caches) == 1:
            return None
        return next(
            (a for m in reversed(self._lookup_caches) if (a := m.answer(kind, lookups)) is not None), None
        )

    async def _pages(
        self, kind: EntityType, lookups: list[Lookup], selection: str, per_page: int
    ) -> AsyncIterator[list[Entity]]:
        for part in split(lookups):
            ids = next((lookup.value for lookup in part if lookup.asks == "id"), None)
            if ids is not None:
                yield list((await self._read_ids(kind.entity, ids, selection)).values())
                continue
            async for rows in self._row_pages(kind, part, selection, per_page):
                yield self._take(kind, rows)

    async def rows(
        self, entity_type: type[T], selection: str, **filters: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """The raw rows that meet the lookups, without making entities of them.

        Raises:
            LookupRefusedError: one of them is by ids, for which there is no filter.
        """
        kind = kind_of(entity_type)
        lookups = parse(kind, filters)
        if any(lookup.asks == "id" for lookup in lookups):
            raise LookupRefusedError(f"Rows of {kind.name} cannot be looked up by ids; get_many reads those.")
        for part in split(lookups):
            async for rows in self._row_pages(kind, part, selection, ROWS):
                for row in rows:
                    yield row

    async def rows_between_ids(
        self, entity_type: type[T], selection: str, first: int, last: int
    ) -> list[dict[str, Any]]:
        """Return the raw rows whose ids are from `first` to `last`."""
        within = {"value": first, "value2": last, "modifier": "BETWEEN"}
        return [row async for row in self.rows(entity_type, selection, id=within)]

    async def _row_pages(
        self, kind: EntityType, lookups: list[Lookup], selection: str, per_page: int
    ) -> AsyncIterator[list[dict[str, Any]]]:
        number = 1
        while True:
            field = find(kind, criteria(lookups), selection, page=number, per_page=per_page)
            try:
                reply = await self._ask(document("query", [field]))
            except RequestRefusedError as error:
                parts = in_two(lookups) if error.is_too_large and number == 1 else []
                if not parts:
                    raise
                for part in parts:
                    async for rows in self._row_pages(kind, part, selection, per_page):
                        yield rows
                return
            rows, _ = page_in(reply, 0, kind, number, per_page)
            yield rows
            if len(rows) < per_page:
                break
            number += 1
