"""Reading ahead for a session: whole types, many ids, many values. Hits and misses are both kept."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any, TypeVar

from stash.concurrency import gather_or_cancel
from stash.store.documents import among, document, find, newest, unlinked_among
from stash.store.entity_types import ENTITY_TYPES, Entity, EntityType, kind_of
from stash.store.lookup_cache import COMPLETE_FIELDS
from stash.store.lookups import matches, parse
from stash.store.reading import ID_PAGE, INDEX_PAGE, grouped, in_order
from stash.store.reply_validation import all_rows_in, page_in, rows_in, rows_of_ids, validating_reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stash.store.lookups import Lookup
    from stash.store.reading import StashReader
    from stash.transport.graphql import Reply

T = TypeVar("T", bound=Entity)

INDEX_LIMIT = 20_000
"""A type with more entities than this is not read as a whole."""


class Preloader:
    """Reads ahead into the identity map and the lookup caches."""

    def __init__(self, reader: StashReader) -> None:
        self._reader = reader
        self._registry = reader.registry
        self._caches = reader.caches

    async def preload(self, entity_type: type[T], *, selection: str | None = None, **filters: Any) -> list[T]:
        """Read the entities that the session will ask for, and keep hits and misses until its end.

        Args:
            entity_type: the library's type.
            selection: GraphQL fields to read. The default are those that a sync compares.
            filters: `field__in=[…]` lookups; none reads the whole type, up to 20,000 entities.
        """
        kind = kind_of(entity_type)
        lookups = parse(kind, filters)
        if not lookups:
            await self.preload_index(entity_type)
            return self._registry.of_type(entity_type)
        self._cover(kind, lookups)
        pages = self._reader.pages(kind, lookups, selection or kind.compare_fields, ID_PAGE)
        return [e async for page in pages for e in page if matches(e, lookups)]  # type: ignore[misc]  # kept by type

    async def preload_any(self, entity_type: type[T], **filters: Any) -> int:
        """Preload once per lookup, so that an entity may meet any of them.

        If Stash has no entity of this type, no lookup is sent.

        Args:
            entity_type: the library's type.
            filters: `field__in=[…]` lookups.

        Returns:
            An id that an entity of this type had before; each that is made from now on gets a higher one.
        """
        kind = kind_of(entity_type)
        before = await self._newest(kind)
        if before:
            await gather_or_cancel(
                *(self.preload(entity_type, **{name: value}) for name, value in filters.items())
            )
        else:
            self._cover(kind, parse(kind, filters))
        return before

    def _cover(self, kind: EntityType, lookups: Iterable[Lookup]) -> None:
        for lookup in lookups:
            values = lookup.value if isinstance(lookup.value, tuple) else (lookup.value,)
            self._caches.cover(kind, lookup.field, [str(value) for value in values])

    async def _newest(self, kind: EntityType) -> int:
        reply = await self._reader.ask(document("query", [newest(kind)]))
        rows = rows_in(reply, 0, kind)
        with validating_reply(f"its {kind.plural}"):
            return max(int(row["id"]) for row in rows) if int(reply.data["f0"]["count"]) else 0

    async def preload_index(self, *entity_types: type[Entity]) -> None:
        """Read whole types in one request, plus one for each further 5,000 entities. Types that are too large are skipped."""
        kinds = [kind_of(entity_type) for entity_type in entity_types]
        first = [find(kind, {}, kind.compare_fields, per_page=INDEX_PAGE) for kind in kinds]
        reply = await self._reader.ask_about(first)
        for number, kind in enumerate(kinds):
            rows, count = page_in(reply, number, kind, per_page=INDEX_PAGE)
            if count > INDEX_LIMIT:
                continue
            for field in COMPLETE_FIELDS:
                self._caches.cover(kind, field, None)
            self._reader.take(kind, rows)
            for page in range(2, -(-count // INDEX_PAGE) + 1):
                more = find(kind, {}, kind.compare_fields, page=page, per_page=INDEX_PAGE)
                answer = await self._reader.ask(document("query", [more]))
                self._reader.take(kind, page_in(answer, 0, kind, page, INDEX_PAGE)[0])

    async def rows_of_ids(
        self, ids: Mapping[type[Entity], Sequence[str]]
    ) -> dict[str, list[dict[str, Any]]] | None:
        """Read the raw rows of entities by ids, several types a request. None if Stash lacks one of them.

        Known tags, performers and studios are left out.
        """
        asked = [(kind_of(t), entity_id) for t, many in ids.items() for entity_id in many]
        wanted = in_order(
            (kind, i) for kind, i in asked if kind.key != "name" or not self._registry.is_read(kind, i)
        )
        rows: dict[str, list[dict[str, Any]]] = {}
        for page in batched(wanted, ID_PAGE):
            if (read := await self._rows_of(grouped(page))) is None:
                return None
            for name, found in read.items():
                rows.setdefault(name, []).extend(found)
        return rows

    async def _rows_of(self, groups: Mapping[str, list[str]]) -> dict[str, list[dict[str, Any]]] | None:
        fields = [
            among(ENTITY_TYPES[name], group, ENTITY_TYPES[name].compare_fields)
            for name, group in groups.items()
        ]
        reply = await self._reader.ask_about(fields, is_checked=False)
        rows: dict[str, list[dict[str, Any]]] = {}
        for number, (name, group) in enumerate(groups.items()):
            found = _found(reply, number, ENTITY_TYPES[name], group)
            if found is None or len(found) < len(set(group)):
                return None
            rows[name] = found
        return rows

    def take(self, rows: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        """Make entities of raw rows."""
        for name, found in rows.items():
            self._reader.take(ENTITY_TYPES[name], found)

    async def preload_ids(
        self, ids: Mapping[type[Entity], Sequence[str]], *, is_complete: bool = False
    ) -> None:
        """Read entities by ids that existed once, several types a request. Missing ids are noted."""
        asked = [(kind_of(t), entity_id) for t, many in ids.items() for entity_id in dict.fromkeys(many)]
        wanted = in_order((kind, i) for kind, i in asked if not self._registry.is_read(kind, i))
        pages = map(grouped, batched(wanted, ID_PAGE))
        await gather_or_cancel(*(self._read_groups(groups, is_complete=is_complete) for groups in pages))

    async def preload_new(self, ids: Mapping[type[Entity], Sequence[str]]) -> None:
        """Read entities by ids that are likely to have no links, as after a scan.

        Lists cost Stash ten times as much as all other fields together. So entities with empty lists are read
        without them, and the others by `preload_ids`.
        """
        asked = [(kind_of(t), entity_id) for t, many in ids.items() for entity_id in dict.fromkeys(many)]
        wanted = in_order((kind, i) for kind, i in asked if not self._registry.is_read(kind, i))
        await gather_or_cancel(*(self._read_unlinked(grouped(page)) for page in batched(wanted, ID_PAGE)))
        await self.preload_ids(ids)

    async def _read_unlinked(self, groups: Mapping[str, list[str]]) -> None:
        unlinked = {name: unlinked_among(ENTITY_TYPES[name], group) for name, group in groups.items()}
        fields = {name: field for name, field in unlinked.items() if field is not None}
        if not fields:
            return
        reply = await self._reader.ask_about(list(fields.values()), is_checked=False)
        for number, name in enumerate(fields):
            rows = _found(reply, number, ENTITY_TYPES[name], groups[name]) or ()
            self._reader.take(ENTITY_TYPES[name], [{**row, **_NO_LINKS} for row in rows])

    async def _read_groups(self, groups: Mapping[str, list[str]], *, is_complete: bool) -> None:
        selections = {
            name: ENTITY_TYPES[name].all_fields if is_complete else ENTITY_TYPES[name].compare_fields
            for name in groups
        }
        fields = [among(ENTITY_TYPES[name], group, selections[name]) for name, group in groups.items()]
        reply = await self._reader.ask_about(fields, is_checked=False)
        for number, (name, group) in enumerate(groups.items()):
            rows = _found(reply, number, ENTITY_TYPES[name], group)
            if rows is None:
                await self._reader.read_ids(ENTITY_TYPES[name].entity, group, selections[name])
                continue
            self._reader.take(ENTITY_TYPES[name], rows)
            standing = {row["id"] for row in rows}
            self._registry.note_missing(ENTITY_TYPES[name], (one for one in group if one not in standing))


_NO_LINKS: dict[str, list[Any]] = {"urls": [], "performers": [], "tags": [], "galleries": []}


def _found(reply: Reply, number: int, kind: EntityType, ids: Iterable[str]) -> list[dict[str, Any]] | None:
    """Return the rows of these ids. None if the field failed as a whole, because Stash lacks an id."""
    if reply.data.get(f"f{number}") is None:
        return None
    wanted = set(ids)
    if "count" not in reply.data[f"f{number}"]:
        return rows_of_ids(reply, number, kind, wanted)
    return [row for row in all_rows_in(reply, number, kind) if row["id"] in wanted]
