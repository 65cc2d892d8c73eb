"""Asking Stash, and making entities of its replies."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any, TypeVar

from stash_graphql_client.types.unset import UNSET

from stash.errors import RejectedError, RequestRefusedError
from stash.store.documents import by_id, by_ids, document, find
from stash.store.entities import is_stub
from stash.store.entity_types import ENTITY_TYPES, Entity, EntityType, kind_of
from stash.store.lookups import Lookup, criteria, split
from stash.store.reply_validation import page_in, rows_of_ids, validating_reply
from stash.store.split_requests import halved, in_two, joined, merged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from stash.store.documents import Field
    from stash.store.hydration import Hydrator
    from stash.store.lookup_cache import LookupCaches
    from stash.store.registry import Registry
    from stash.transport.client import Connection
    from stash.transport.graphql import Reply

T = TypeVar("T", bound=Entity)

ID_PAGE = 1000
"""Entities, ids or values a request."""

INDEX_PAGE = 5000
"""Raw rows, tags, performers or studios a request. They are small."""


class StashReader:
    """Asks Stash. What a reply holds is entered into the registry and the lookup caches."""

    def __init__(
        self, connection: Connection, registry: Registry, hydrator: Hydrator, caches: LookupCaches
    ) -> None:
        self.connection = connection
        self.registry = registry
        self.hydrator = hydrator
        self.caches = caches

    async def ask(self, query: tuple[str, dict[str, Any]], *, is_checked: bool = True) -> Reply:
        """Ask Stash.

        Raises:
            RejectedError: the reply holds an error, and `is_checked`.
        """
        reply = await self.connection.query(*query)
        if is_checked and reply.errors:
            raise RejectedError(f"Stash refused a question: {reply.errors[0].get('message', '')[:300]}")
        return reply

    async def ask_about(self, fields: Sequence[Field], *, is_checked: bool = True) -> Reply:
        """Ask for several fields in one request, or in halves if that is too large. A field of many ids is split too."""
        try:
            return await self.ask(document("query", fields), is_checked=is_checked)
        except RequestRefusedError as error:
            half = len(fields) // 2
            parts = (fields[:half], fields[half:]) if half else halved(fields[0])
            if not error.is_too_large or parts is None:
                raise
        first, second = [await self.ask_about(part, is_checked=is_checked) for part in parts]
        return joined(first, second, half) if half else merged(first, second)

    def take(self, kind: EntityType, rows: Iterable[dict[str, Any]]) -> list[Any]:
        """Make entities of rows, and enter them into the lookup caches."""
        with validating_reply(f"its {kind.plural}"):
            entities = [self.hydrator.hydrate(kind, row) for row in rows]
        self.registry.mark_read(kind, entities)
        self.caches.index(kind, entities)
        return entities

    async def read_ids(self, entity_type: type[T], ids: Sequence[str], selection: str) -> dict[str, T]:
        """Read the entities of these ids that Stash has. One request reads a page."""
        kind = kind_of(entity_type)
        read: dict[str, T] = {}
        for page in batched(ids, ID_PAGE):
            reply = await self.ask_about([by_ids(kind, page, selection)], is_checked=False)
            if reply.errors:
                reply = await self.ask_about([by_id(kind, i, selection) for i in page])
                rows = [row for row in reply.data.values() if isinstance(row, dict)]
            else:
                rows = rows_of_ids(reply, 0, kind, page)
            read |= {entity.id: entity for entity in self.take(kind, rows)}
            self.registry.note_missing(kind, (i for i in page if i not in read))
        return read

    async def complete_related(self, entities: Iterable[Entity]) -> None:
        """Read every related entity of which only the id is known, with one request."""
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
            by_ids(ENTITY_TYPES[name], list(ids), ENTITY_TYPES[name].all_fields)
            for name, ids in stubs.items()
        ]
        reply = await self.ask_about(fields)
        for number, (name, some) in enumerate(stubs.items()):
            self.take(ENTITY_TYPES[name], rows_of_ids(reply, number, ENTITY_TYPES[name], some))

    async def read_fields(
        self, entities: Sequence[Entity], fields: Callable[[Entity], Iterable[str]]
    ) -> None:
        """Read these relations of these entities, one request per type and page."""
        by_kind: dict[str, list[Entity]] = {}
        for entity in entities:
            by_kind.setdefault(entity.__type_name__, []).append(entity)
        for name, group in by_kind.items():
            names = sorted({field for entity in group for field in fields(entity)})
            selection = " ".join(["id", *(f"{field} {{ id }}" for field in names)])
            await self.read_ids(ENTITY_TYPES[name].entity, [entity.id for entity in group], selection)

    async def read_again(self, entities: Iterable[Entity]) -> None:
        """Read these entities afresh. Unsaved edits stay, the snapshots of Stash are updated."""
        by_kind: dict[str, dict[str, Entity]] = {}
        for entity in entities:
            by_kind.setdefault(entity.__type_name__, {})[entity.id] = entity
        for name, group in by_kind.items():
            await self.read_ids(ENTITY_TYPES[name].entity, list(group), ENTITY_TYPES[name].all_fields)

    async def pages(
        self, kind: EntityType, lookups: list[Lookup], selection: str, per_page: int
    ) -> AsyncIterator[list[Entity]]:
        """Give out what meets the lookups, a page of entities at a time. Some may fail the exact check."""
        for part in split(lookups):
            ids = next((lookup.value for lookup in part if lookup.asks == "id"), None)
            if ids is not None:
                yield list((await self.read_ids(kind.entity, ids, selection)).values())
                continue
            async for rows in self.row_pages(kind, part, selection, per_page):
                yield self.take(kind, rows)

    async def row_pages(
        self, kind: EntityType, lookups: list[Lookup], selection: str, per_page: int
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Give out raw rows, a page at a time. A request that is too large is split by its values."""
        number = 1
        while True:
            field = find(kind, criteria(lookups), selection, page=number, per_page=per_page)
            try:
                reply = await self.ask(document("query", [field]))
            except RequestRefusedError as error:
                parts = in_two(lookups) if error.is_too_large and number == 1 else []
                if not parts:
                    raise
                for part in parts:
                    async for rows in self.row_pages(kind, part, selection, per_page):
                        yield rows
                return
            rows, _ = page_in(reply, 0, kind, number, per_page)
            yield rows
            if len(rows) < per_page:
                break
            number += 1


def in_order(wanted: Iterable[tuple[EntityType, str]]) -> list[tuple[EntityType, str]]:
    """Sort ids by type and number, so that one request asks for ids that lie close together."""
    return sorted(wanted, key=lambda one: (one[0].name, len(one[1]), one[1]))


def grouped(page: Iterable[tuple[EntityType, str]]) -> dict[str, list[str]]:
    """Group ids by the name of their type."""
    groups: dict[str, list[str]] = {}
    for kind, entity_id in page:
        groups.setdefault(kind.name, []).append(entity_id)
    return groups
