"""`StashStore`: the library's `StashEntityStore`, made to keep its word."""

from __future__ import annotations

from contextlib import AbstractContextManager, asynccontextmanager
from itertools import batched
from typing import TYPE_CHECKING, Any, TypeVar

from stash_graphql_client.client.batch import BatchOperation, BatchResult
from stash_graphql_client.store import StashEntityStore
from stash_graphql_client.types.unset import UNSET

from stash.errors import LookupRefusedError, RejectedError
from stash.merge import as_kept
from stash.store.batcher import Batcher
from stash.store.changes import Change, edited_fields
from stash.store.documents import Field, by_id, by_ids, document, find
from stash.store.entities import Done
from stash.store.hydration import Entry, Hydrator, is_stub, received
from stash.store.kinds import KINDS, Entity, Kind, kind_of
from stash.store.lookups import Lookup, any_of, criteria, matches, parse
from stash.store.memory import COMPLETE_FIELDS, Memory
from stash.store.unit_of_work import Flushed, UnitOfWork, UnreadLinks

if TYPE_CHECKING:
    from stash_graphql_client.types import Gallery

    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from stash.connection import Connection, Reply, Requests

T = TypeVar("T", bound=Entity)

PAGE = 1000
"""Entities, ids or values a request."""

INDEX_LIMIT = 20_000
"""Up to this many tags, performers or studios are read whole."""


class Found(list[T]):
    """Entities in the order asked for; `missing` are the ids that Stash does not know."""

    def __init__(self, entities: Iterable[T], missing: Iterable[str] = ()) -> None:
        super().__init__(entities)
        self.missing = tuple(missing)


class StashStore(StashEntityStore):
    """The identity map of one Stash: lookups that ask little, and one writer.

    Outside of a `window` every find asks Stash and every `get_or_create` is saved at once; inside, lookups are
    served from what `preload` read, and what is made or changed waits for `flush`.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, default_ttl=None)
        self.connection = connection
        connection.guard = self.keeping_edits
        self.unread = UnreadLinks()
        self._unit = UnitOfWork(self)
        self._hydrator = Hydrator(self)
        self._stale: set[tuple[str, str]] = set()
        self._memories: list[Memory] = [Memory()]
        self._born: dict[tuple[str, str], Entity] = {}
        self._naming: Batcher[tuple[str, str], Entity | None] = Batcher(self._find_named)
        self._creating: Batcher[int, Entity] = Batcher(self._create_all)

    @property
    def requests(self) -> Requests:
        """What went over the wire so far."""
        return self.connection.requests

    @property
    def identity(self) -> tuple[str, str]:
        """What tells one Stash from another: its address, and the path of its database."""
        return self.connection.wire.url.rstrip("/"), self.connection.database_path

    # --- the identity map -------------------------------------------------------------------------------------

    def entry(self, type_name: str, entity_id: str) -> Entity | None:
        """The known object of an id, stale or not."""
        entry = self._cache.get((type_name, entity_id))
        return None if entry is None else entry.entity

    def remember(self, entity: Entity) -> None:
        """Enter an object into the identity map."""
        self._cache[entity.__type_name__, entity.id] = Entry(entity)  # type: ignore[assignment]  # our own entry
        self._type_index.setdefault(entity.__type_name__, set()).add(entity.id)

    def _cache_entity(self, entity: Entity) -> None:
        self._hydrator.adopt(entity)
        self.remember(entity)
        self._stale.discard((entity.__type_name__, entity.id))

    def name(self, entity: Entity, raw: dict[str, Any]) -> None:
        """Give a created entity the id that Stash gave it."""
        old = entity.id
        self.forget(entity)
        entity.update_id(raw["id"])
        self.remember(entity)
        self._hydrator.hydrate(kind_of(entity), raw)
        self._born = {key: e for key, e in self._born.items() if e.id != old}

    def forget(self, entity: Entity) -> None:
        """Take an object out of the identity map."""
        self._cache.pop((entity.__type_name__, entity.id), None)
        self._type_index.get(entity.__type_name__, set()).discard(entity.id)

    def edited(self) -> list[Entity]:
        """Every known entity that differs from what Stash has."""
        return [
            e.entity
            for e in list(self._cache.values())
            if e.entity.__tracked_fields__ and edited_fields(e.entity)
        ]

    def get_cached(self, entity_type: type[T], entity_id: str) -> T | None:
        """A known and complete entity, without a request."""
        entity = self.entry(entity_type.__type_name__, str(entity_id))
        return entity if entity is not None and self._is_complete(entity) else None  # type: ignore[return-value]

    def is_cached(self, entity_type: type[T], entity_id: str) -> bool:
        """Whether an entity can be had without a request."""
        return self.get_cached(entity_type, entity_id) is not None

    def _is_complete(self, entity: Entity) -> bool:
        if (entity.__type_name__, entity.id) in self._stale:
            return False
        return entity.is_new() or kind_of(entity).complete <= received(entity)

    def all_cached(self, entity_type: type[T]) -> list[T]:
        """Every known entity of a type but those of which only the id is known."""
        ids = self._type_index.get(entity_type.__type_name__, set())
        known = [self._cache[entity_type.__type_name__, entity_id].entity for entity_id in list(ids)]
        return [entity for entity in known if not is_stub(entity)]

    def filter(self, entity_type: type[T], predicate: Callable[[T], bool]) -> list[T]:
        """The known entities that meet a predicate, without a request."""
        return [entity for entity in self.all_cached(entity_type) if predicate(entity)]

    def invalidate(self, entity_type_or_obj: Any, entity_id: str | None = None) -> Done:  # type: ignore[override]  # noqa: ANN401 - may be awaited too
        """Read an entity afresh the next time it is asked for; the object stays the same. May be awaited."""
        if isinstance(entity_type_or_obj, Entity):
            self._stale.add((entity_type_or_obj.__type_name__, entity_type_or_obj.id))
        else:
            self._stale.add((entity_type_or_obj.__type_name__, str(entity_id)))
        return Done()

    def invalidate_type(self, entity_type: type[T]) -> Done:  # type: ignore[override]  # may be awaited too
        """Read every entity of a type afresh. May be awaited."""
        ids = self._type_index.get(entity_type.__type_name__, set())
        self._stale |= {(entity_type.__type_name__, entity_id) for entity_id in ids}
        return Done()

    def invalidate_all(self) -> Done:  # type: ignore[override]  # may be awaited too
        """Read everything afresh. May be awaited."""
        self._stale |= set(self._cache)
        return Done()

    # --- reading ----------------------------------------------------------------------------------------------

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
        if self.is_in_window and self._is_read(kind_of(entity_type), entity_id):
            return self.entry(entity_type.__type_name__, entity_id)  # type: ignore[return-value]  # kept by type
        found = await self.get_many(entity_type, [entity_id])
        return found[0] if found else None

    async def get_many(self, entity_type: type[T], ids: Sequence[str]) -> Found[T]:  # type: ignore[override]  # ids may be numbers
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
        for page in batched(ids, PAGE, strict=False):
            reply = await self._ask(document("query", [by_ids(kind, page, selection)]), is_checked=False)
            if reply.errors:
                reply = await self._ask(document("query", [by_id(kind, i, selection) for i in page]))
                rows = [row for row in reply.data.values() if row is not None]
            else:
                rows = reply.data["f0"][kind.plural]
            read |= {row["id"]: self._take(kind, row) for row in rows}
        return read

    def _take(self, kind: Kind, row: dict[str, Any]) -> Any:  # noqa: ANN401 - the caller knows the type
        entity = self._hydrator.hydrate(kind, row)
        self._stale.discard((kind.name, row["id"]))
        for memory in self._memories:
            memory.index(kind, entity)
        return entity

    async def _ask(self, query: tuple[str, dict[str, Any]], *, is_checked: bool = True) -> Reply:
        reply = await self.connection.query(*query)
        if is_checked and reply.errors:
            raise RejectedError(f"Stash refused a question: {reply.errors[0].get('message', '')[:300]}")
        return reply

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
        fields = [by_ids(KINDS[name], list(ids), KINDS[name].full) for name, ids in stubs.items()]
        reply = await self._ask(document("query", fields))
        for number, name in enumerate(stubs):
            for row in reply.data[f"f{number}"][KINDS[name].plural]:
                self._take(KINDS[name], row)

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
            await self._read_ids(KINDS[name].entity, [entity.id for entity in group], selection)

    async def find(self, entity_type: type[T], **filters: Any) -> list[T]:  # noqa: ANN401
        """Every entity that meets the lookups, whatever their number; see `stash.store.lookups`.

        Raises:
            LookupRefusedError: an unknown field or operator, or a value of the wrong type.
        """
        return [entity async for entity in self.find_iter(entity_type, PAGE, **filters)]

    async def find_one(self, entity_type: type[T], **filters: Any) -> T | None:  # noqa: ANN401
        """The first entity that meets the lookups, or None."""
        async for entity in self.find_iter(entity_type, **filters):
            return entity
        return None

    async def find_iter(  # type: ignore[override]  # an async generator, as the library's own
        self,
        entity_type: type[T],
        query_batch: int = 40,
        **filters: Any,  # noqa: ANN401
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

    def _remembered(self, kind: Kind, lookups: list[Lookup]) -> list[Entity] | None:
        if len(self._memories) == 1:
            return None
        return next((a for m in reversed(self._memories) if (a := m.answer(kind, lookups)) is not None), None)

    async def _pages(
        self, kind: Kind, lookups: list[Lookup], selection: str, per_page: int
    ) -> AsyncIterator[list[Entity]]:
        for part in _split(lookups):
            ids = next((lookup.value for lookup in part if lookup.asks == "id"), None)
            if ids is not None:
                yield list((await self._read_ids(kind.entity, ids, selection)).values())
                continue
            async for rows in self._row_pages(kind, part, selection, per_page):
                yield [self._take(kind, row) for row in rows]

    async def rows(
        self, entity_type: type[T], selection: str, **filters: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """The raw rows that meet the lookups, a request a thousand, without making entities of them."""
        kind = kind_of(entity_type)
        for part in _split(parse(kind, filters)):
            async for rows in self._row_pages(kind, part, selection, PAGE):
                for row in rows:
                    yield row

    async def _row_pages(
        self, kind: Kind, lookups: list[Lookup], selection: str, per_page: int
    ) -> AsyncIterator[list[dict[str, Any]]]:
        number = 1
        while True:
            field = find(kind, criteria(lookups), selection, page=number, per_page=per_page)
            rows = (await self._ask(document("query", [field]))).data["f0"][kind.plural]
            yield rows
            if len(rows) < per_page:
                break
            number += 1

    # --- a window ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def window(self) -> AsyncIterator[StashStore]:
        """Work on a bounded part: lookups are served from what is preloaded, writing waits for `flush`.

        Windows nest: what the outer one knows, the inner one knows too. At its end the inner one's images, scenes
        and galleries leave memory, unless they are still to be written.
        """
        known = set(self._cache)
        self._memories.append(Memory())
        try:
            yield self
        finally:
            self._memories.pop()
            self._release(set(self._cache) - known)

    def _release(self, keys: set[tuple[str, str]]) -> None:
        kept = {id(entity) for entity in self._unit.pending()}
        for type_name, entity_id in keys:
            if type_name not in {"Tag", "Performer", "Studio"}:
                entity = self._cache[type_name, entity_id].entity
                if id(entity) not in kept:
                    self.forget(entity)

    @property
    def is_in_window(self) -> bool:
        """Whether writing waits for `flush`."""
        return len(self._memories) > 1

    async def preload(self, entity_type: type[T], *, selection: str | None = None, **filters: Any) -> list[T]:  # noqa: ANN401
        """Read what the window will ask for, and remember hits and misses until its end.

        Args:
            entity_type: the library's type.
            selection: GraphQL fields to read; by default those that a sync compares.
            filters: `field__in=[…]` lookups; none reads the whole type, up to 20,000 entities.
        """
        kind = kind_of(entity_type)
        lookups = parse(kind, filters)
        memory = self._memories[-1]
        if not lookups:
            await self.preload_index(entity_type)
            return self.all_cached(entity_type)
        for lookup in lookups:
            values = lookup.value if isinstance(lookup.value, tuple) else (lookup.value,)
            memory.cover(kind, lookup.field, [str(value) for value in values])
        chosen = selection or kind.lean
        return [e async for page in self._pages(kind, lookups, chosen, PAGE) for e in page]  # type: ignore[misc]

    async def preload_index(self, *entity_types: type[Entity]) -> None:
        """Read whole types in one request (a further one a thousand of each), if they are not too many."""
        kinds = [kind_of(entity_type) for entity_type in entity_types]
        first = [find(kind, {}, kind.lean, per_page=PAGE) for kind in kinds]
        reply = await self._ask(document("query", first))
        for number, kind in enumerate(kinds):
            count, rows = reply.data[f"f{number}"]["count"], reply.data[f"f{number}"][kind.plural]
            if count > INDEX_LIMIT:
                continue
            for field in COMPLETE_FIELDS:
                self._memories[-1].cover(kind, field, None)
            for row in rows:
                self._take(kind, row)
            for page in range(2, -(-count // PAGE) + 1):
                more = find(kind, {}, kind.lean, page=page, per_page=PAGE)
                for row in (await self._ask(document("query", [more]))).data["f0"][kind.plural]:
                    self._take(kind, row)

    async def preload_ids(self, ids: Mapping[type[Entity], Sequence[str]]) -> None:
        """Read entities by ids that were known once, several types a request; those that are gone stay unknown."""
        asked = [(kind_of(t), entity_id) for t, many in ids.items() for entity_id in dict.fromkeys(many)]
        wanted = [(kind, entity_id) for kind, entity_id in asked if not self._is_read(kind, entity_id)]
        for page in batched(wanted, PAGE, strict=False):
            groups: dict[str, list[str]] = {}
            for kind, entity_id in page:
                groups.setdefault(kind.name, []).append(entity_id)
            fields = [by_ids(KINDS[name], group, KINDS[name].lean) for name, group in groups.items()]
            reply = await self._ask(document("query", fields), is_checked=False)
            for number, (name, group) in enumerate(groups.items()):
                answer = reply.data.get(f"f{number}")
                if answer is None:
                    await self._read_ids(KINDS[name].entity, group, KINDS[name].lean)
                else:
                    for row in answer[KINDS[name].plural]:
                        self._take(KINDS[name], row)

    def _is_read(self, kind: Kind, entity_id: str) -> bool:
        known = self.entry(kind.name, entity_id)
        return known is not None and not is_stub(known) and (kind.name, entity_id) not in self._stale

    async def images_in_order(self, galleries: Sequence[Gallery]) -> dict[str, list[str]]:
        """The ids of the images of galleries in Stash's own order, which is by path; one request for them all."""
        if not galleries:
            return {}
        fields = [
            Field(
                "findImages",
                {
                    "filter": ("FindFilterType", {"per_page": -1, "sort": "path", "direction": "ASC"}),
                    "image_filter": (
                        "ImageFilterType",
                        {"galleries": {"value": [gallery.id], "modifier": "INCLUDES"}},
                    ),
                },
                "images { id }",
            )
            for gallery in galleries
        ]
        reply = await self._ask(document("query", fields))
        return {
            gallery.id: [row["id"] for row in reply.data[f"f{number}"]["images"]]
            for number, gallery in enumerate(galleries)
        }

    # --- making -----------------------------------------------------------------------------------------------

    async def get_or_create(
        self, entity_type: type[T], create_if_missing: bool = True, **fields: Any
    ) -> T | None:  # type: ignore[override]
        """Find by the natural key alone, else create with the other fields, saved (or queued in a window).

        Raises:
            LookupRefusedError: the natural key is not given, or a field is unknown.
            RejectedError: Stash refused to create it.
        """
        kind = kind_of(entity_type)
        key = as_kept(fields.get(kind.key or "", ""))
        if kind.key is None or not key:
            raise LookupRefusedError(f"get_or_create({kind.name}) needs a {kind.key or 'natural key'}.")
        _check_fields(kind, fields)
        known = self._by_key(kind, key)
        entity = known[0] if known else await self._naming.ask((kind.name, key)) if known is None else None
        if entity is None and create_if_missing:
            entity = self._born.get((kind.name, key.casefold()))
            if entity is None:
                entity = self._born[kind.name, key.casefold()] = self._built(kind, fields)
                self.queue(entity)
            if not self.is_in_window:
                entity = await self._creating.ask(id(entity))
        return entity  # type: ignore[return-value]

    def _by_key(self, kind: Kind, key: str) -> list[Entity] | None:
        """Who carries the natural key, best first; None where Stash has to be asked."""
        if not self.is_in_window:
            return None
        fields = kind.names or (kind.key or "",)
        for memory in reversed(self._memories):
            carriers = memory.carriers(kind, fields, key)
            if carriers is not None:
                return sorted(carriers, key=lambda entity: _rank(kind, entity, key))
        return None

    async def _find_named(self, questions: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Entity | None]:
        answers: dict[tuple[str, str], Entity | None] = dict.fromkeys(questions)
        by_kind: dict[str, list[str]] = {}
        for name, key in questions:
            by_kind.setdefault(name, []).append(key)
        for name, keys in by_kind.items():
            for found, key in await self._read_keys(KINDS[name], keys):
                answers[name, key] = found
        return answers

    async def _read_keys(self, kind: Kind, keys: Sequence[str]) -> list[tuple[Entity, str]]:
        """The best carrier of each natural key, ignoring case, a request a thousand keys."""
        fields = kind.names or (kind.key or "",)
        result = []
        for page in batched(keys, PAGE, strict=False):
            where = any_of(fields, page)
            rows = (await self._ask(document("query", [find(kind, where, kind.full)]))).data["f0"][
                kind.plural
            ]
            entities = [self._take(kind, row) for row in rows]
            for key in page:
                carriers = [entity for entity in entities if _rank(kind, entity, key) < _NO_RANK]
                if carriers:
                    result.append((min(carriers, key=lambda entity: _rank(kind, entity, key)), key))
        return result

    async def create(self, entity_type: type[T], **fields: Any) -> T:  # noqa: ANN401
        """Create at once; where Stash has one of that natural key already, that one is returned.

        Raises:
            RejectedError: Stash refused it for another reason.
        """
        kind = kind_of(entity_type)
        _check_fields(kind, fields)
        entity = self._built(kind, fields)
        self.queue(entity)
        return await self._creating.ask(id(entity))  # type: ignore[return-value]

    def _built(self, kind: Kind, fields: dict[str, Any]) -> Entity:
        entity = kind.entity(
            **{name: value for name, value in fields.items() if name in kind.entity.model_fields}
        )
        self._cache_entity(entity)
        return entity

    async def _create_all(self, queued: Sequence[int]) -> dict[int, Entity | BaseException]:
        entities = {identity: self._unit.queued[identity] for identity in queued}
        done = await self._unit.flush(only=list(entities.values()))
        answers: dict[int, Entity | BaseException] = {}
        for identity, entity in entities.items():
            failure = done.failure_of(entity)
            if failure is None:
                answers[identity] = self.entry(entity.__type_name__, entity.id) or entity
            else:
                self._discard(entity)
                answers[identity] = _rejection(entity, failure.message)
        return answers

    def _discard(self, entity: Entity) -> None:
        self._unit.queued.pop(id(entity), None)
        self._born = {key: e for key, e in self._born.items() if e is not entity}
        self.forget(entity)

    def discard(self, entities: Iterable[Entity]) -> None:
        """Forget entities with whatever is pending on them."""
        for entity in entities:
            self._unit.attached.pop(id(entity), None)
            self._discard(entity)

    def queue(self, entity: Entity) -> None:
        """Have a new entity created by the next flush, and found by lookups of this window."""
        self._cache_entity(entity)
        self._unit.queued[id(entity)] = entity
        for memory in self._memories:
            memory.index(kind_of(entity), entity)

    def add(self, obj: Entity) -> None:
        """Enter an object; a new one is created by the next flush."""
        if obj.is_new():
            self.queue(obj)
        else:
            self._cache_entity(obj)

    def attach(self, entity: Entity, **content: str) -> None:
        """Have a write-only field sent with the next write: an `image` or `cover_image` as data URL."""
        self._unit.attached[id(entity)] = (entity, content)

    async def adopt_existing(self, entities: Sequence[Entity]) -> set[int]:
        """Let new entities be those that Stash has of the same natural key; answers the ids of the objects."""
        adopted: set[int] = set()
        for name in {entity.__type_name__ for entity in entities if kind_of(entity).key}:
            kind = KINDS[name]
            new = {as_kept(e.__dict__[kind.key or ""] or ""): e for e in entities if e.__type_name__ == name}
            for existing, key in await self._read_keys(kind, [key for key in new if key]):
                self._become(new[key], existing)
                adopted.add(id(new[key]))
        return adopted

    def _become(self, entity: Entity, existing: Entity) -> None:
        """A new entity turned out to exist: it takes the other's place in the identity map."""
        self.forget(entity)
        self._born = {key: e for key, e in self._born.items() if e is not entity}
        entity.update_id(existing.id)
        entity.__dict__.update(existing.__dict__)
        for name, value in (existing.__pydantic_private__ or {}).items():
            (entity.__pydantic_private__ or {})[name] = value
        self.remember(entity)

    # --- writing ----------------------------------------------------------------------------------------------

    def pending(self) -> list[Change]:
        """What a flush would write, field by field."""
        return self._unit.changes()

    async def flush(self) -> Flushed:
        """Write everything that is pending.

        Raises:
            RetriableError: Stash did not answer; what it did not confirm is still pending.
            AccessRefusedError: the key was refused.
        """
        return await self._unit.flush()

    async def save(self, obj: T, _cascade_depth: int = 0) -> T:  # type: ignore[override]  # the guide's: it answers the object
        """Write one entity and what it needs.

        Raises:
            RejectedError: Stash refused it.
        """
        self._hydrator.adopt(obj)
        done = await self._unit.flush(only=[obj])
        if done.failed:
            failure = done.failure_of(obj) or done.failed[0]
            raise _rejection(failure.entity, failure.message)
        return obj

    async def save_batch(self, objects: Sequence[Entity], **_options: Any) -> BatchResult:  # type: ignore[override]  # noqa: ANN401
        """Write these entities; what was refused carries its error and stays pending."""
        done = await self._unit.flush(only=objects)
        operations = [BatchOperation(mutation_name="save", input_type_name="", variables={}) for _ in objects]
        for operation, entity in zip(operations, objects, strict=True):
            failure = done.failure_of(entity)
            operation.result = {"id": entity.id}
            operation.error = None if failure is None else _rejection(entity, failure.message)
        return BatchResult(operations=operations, raw_response=None)

    async def save_all(self, **_options: Any) -> BatchResult:  # type: ignore[override]  # noqa: ANN401
        """Write everything that is pending."""
        return await self.save_batch(self._unit.pending())

    def keeping_edits(self) -> AbstractContextManager[None]:
        """Let the library parse a reply without losing unsaved edits."""
        return self._hydrator.keeping_edits()


_NO_RANK = (9, True)


def _rank(kind: Kind, entity: Entity, key: str) -> tuple[int, bool]:
    """How well an entity carries a natural key: its own name before an alias, the same case before another."""
    name = entity.__dict__.get(kind.key or "")
    is_other = bool(entity.__dict__.get("disambiguation"))
    if name == key:
        return (0, is_other)
    if isinstance(name, str) and name.casefold() == key.casefold():
        return (1, is_other)
    aliases = entity.__dict__.get("aliases") if "aliases" in kind.names else None
    if isinstance(aliases, list) and key.casefold() in {alias.casefold() for alias in aliases}:
        return (2, is_other)
    return _NO_RANK


def _split(lookups: list[Lookup]) -> list[list[Lookup]]:
    """Lookups of more values than a request takes, in parts; the parts' results together are the answer."""
    for place, lookup in enumerate(lookups):
        if lookup.operator == "in" and lookup.asks == "StringCriterionInput" and len(lookup.value) > PAGE:
            return [
                [*lookups[:place], Lookup(lookup.field, "in", part, lookup.asks), *lookups[place + 1 :]]
                for part in batched(lookup.value, PAGE, strict=False)
            ]
        if lookup.operator == "in" and not lookup.value:
            return []
    return [lookups]


def _check_fields(kind: Kind, fields: dict[str, Any]) -> None:
    unknown = [
        n for n in fields if n not in kind.entity.model_fields and n not in _WITHOUT_PLACE.get(kind.name, ())
    ]
    if unknown:
        raise LookupRefusedError(f"{kind.name} has no field {unknown[0]!r}.")


_WITHOUT_PLACE = {"Studio": ("performers",)}
"""Fields that callers written after the guide give, and that Stash has no place for."""


def _rejection(entity: Entity, message: str) -> RejectedError:
    name = entity.__dict__.get("name") or entity.__dict__.get("title") or entity.id
    return RejectedError(f"Stash refused {entity.__type_name__} {name!r}: {message[:300]}")
