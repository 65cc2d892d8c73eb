"""Natural keys: names, aliases and codes, matched exactly and ignoring case."""

from __future__ import annotations

from functools import partial
from itertools import batched
from typing import TYPE_CHECKING, Any, TypeVar

from stash_graphql_client.types import Studio

from stash.mapping.titles import is_pattern, is_taken_by
from stash.store.dataloader import DataLoader
from stash.store.documents import document, find
from stash.store.entity_types import ENTITY_TYPES, Entity, EntityType, kind_of
from stash.store.library_internals import snapshot
from stash.store.lookups import anchored
from stash.store.preloading import PreloadingStore
from stash.store.reading import PAGE
from stash.store.reply_validation import all_rows_in
from stash.texts import fold
from stash.transport.halving import fitting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stash.transport.client import Connection

T = TypeVar("T", bound=Entity)


class PendingByKey:
    """New entities by their natural keys, each until Stash has it or it is given up."""

    def __init__(self) -> None:
        self._entities: dict[tuple[str, str], Entity] = {}
        self._places: dict[Entity, tuple[str, str]] = {}

    def get(self, kind: EntityType, key: str) -> Entity | None:
        """The new entity of a key, ignoring case."""
        return self._entities.get((kind.name, fold(key)))

    def begin(self, kind: EntityType, key: str, entity: Entity) -> Entity:
        """Have an entity be the one of a key."""
        place = self._places[entity] = kind.name, fold(key)
        self._entities[place] = entity
        return entity

    def end(self, entity: Entity) -> None:
        """It is new no more."""
        if (place := self._places.pop(entity, None)) is not None:
            del self._entities[place]


class NamingStore(PreloadingStore):
    """A reading store that finds entities by what they are called. Concurrent questions share a request."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        for kind in ENTITY_TYPES.values():
            for field in kind.names:
                self._lookup_caches[0].cover(kind, field, [])
        self._naming: DataLoader[tuple[str, str], list[Entity]] = DataLoader(self._find_named)

    def _by_key(self, kind: EntityType, key: str) -> list[Entity] | None:
        """Tell who carries the natural key, best first. None where Stash has to be asked."""
        fields = kind.names or (kind.key or "",)
        known = self._lookup_caches[0].known(kind, fields, key)
        named = _ranked(kind, [entity for entity in known if self._is_current(entity)], key)
        if named:
            return named
        for cache in reversed(self._lookup_caches[1:]):
            carriers = cache.carriers(kind, fields, key)
            if carriers is not None:
                return _ranked(kind, carriers, key)
        return None

    async def rivals(self, entity_type: type[T], name: str) -> list[T]:
        """Those for whose name, or a studio's or tag's alias, Stash refuses a new entity of this name."""
        kind = kind_of(entity_type)
        whole = next((cache for cache in self._lookup_caches if cache.has_all(kind, kind.names)), None)
        if whole is None:
            where = _either(kind.names, {"value": name, "modifier": "EQUALS"})
            reply = await self._ask(document("query", [find(kind, where, kind.lean)]))
            self._take(kind, all_rows_in(reply, 0, kind))
        known: Iterable[Any] = self.all_cached(entity_type)
        if whole is not None and not is_pattern(name) and entity_type is not Studio:  # those are renamed, too
            known = dict.fromkeys(whole.known(kind, kind.names, name))
        return [one for one in known if any(is_taken_by(name, text) for text in _called(kind, one))]

    def _is_current(self, entity: Entity) -> bool:
        return self.entry(entity.__type_name__, entity.id) is entity and not self._is_stale(entity)

    async def named(self, entity_type: type[T], name: str) -> list[T]:
        """Tell who carries a natural key best: those of a name in this case, else in any, else with it as an alias."""
        kind = kind_of(entity_type)
        found = self._by_key(kind, name)
        carriers = await self._naming.ask((kind.name, name)) if found is None else found
        ranks = [_rank(kind, entity, name)[0] for entity in carriers]
        return [entity for entity, rank in zip(carriers, ranks, strict=True) if rank == ranks[0]]  # type: ignore[misc]  # kept by type

    async def _find_named(self, questions: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[Entity]]:
        by_kind: dict[str, list[str]] = {}
        for name, key in questions:
            by_kind.setdefault(name, []).append(key)
        answers: dict[tuple[str, str], list[Entity]] = {}
        for name, keys in by_kind.items():
            for key, found in (await self._read_carriers(ENTITY_TYPES[name], keys)).items():
                answers[name, key] = found
        return answers

    async def _read_carriers(self, kind: EntityType, keys: Sequence[str]) -> dict[str, list[Entity]]:
        """Tell who carries each natural key, ignoring case, the best first. A request a thousand keys."""
        parts = await fitting(keys, partial(self._read_some_carriers, kind))
        return {key: found for part in parts for key, found in part.items()}

    async def _read_some_carriers(self, kind: EntityType, keys: Sequence[str]) -> dict[str, list[Entity]]:
        fields = kind.names or (kind.key or "",)
        result: dict[str, list[Entity]] = {}
        for page in batched(keys, PAGE):
            pattern = anchored(page, ignoring_case=True)
            where = _either(fields, {"value": pattern, "modifier": "MATCHES_REGEX"})
            rows = all_rows_in(await self._ask(document("query", [find(kind, where, kind.full)])), 0, kind)
            entities = self._take(kind, rows)
            result |= {key: _ranked(kind, entities, key) for key in page}
        return result


def _either(fields: Sequence[str], criterion: dict[str, Any]) -> dict[str, Any]:
    """A filter for entities that meet a criterion in one of the fields."""
    result: dict[str, Any] = {}
    for field in reversed(fields):
        result = {field: criterion, **({"OR": result} if result else {})}
    return result


_NO_RANK = (9, True)


def _ranked(kind: EntityType, entities: Iterable[Entity], key: str) -> list[Entity]:
    """Those that carry a natural key, each once, the best first."""
    ranks = {entity: _rank(kind, entity, key) for entity in entities}
    return sorted((entity for entity, rank in ranks.items() if rank < _NO_RANK), key=ranks.__getitem__)


def _rank(kind: EntityType, entity: Entity, key: str) -> tuple[int, bool]:
    """Tell how well an entity carries a natural key: its own name before an alias, the same case before another."""
    name = entity.__dict__.get(kind.key or "")
    is_other = bool(entity.__dict__.get("disambiguation"))
    if name == key:
        return (0, is_other)
    folded = fold(key)
    if isinstance(name, str) and fold(name) == folded:
        return (1, is_other)
    aliases = entity.__dict__.get("aliases") if "aliases" in kind.names else None
    if isinstance(aliases, list) and folded in map(fold, aliases):
        return (2, is_other)
    return _NO_RANK


def _called(kind: EntityType, entity: Entity) -> list[str]:
    """Return what an entity is called, and what Stash has of it where that is another name yet."""
    texts: list[str] = []
    for known in (entity.__dict__, snapshot(entity)):
        for field in kind.names:
            value = known.get(field)
            texts += value if isinstance(value, list) else [value] if isinstance(value, str) else []
    return texts
