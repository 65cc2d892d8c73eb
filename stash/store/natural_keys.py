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
from stash.store.reading import ID_PAGE
from stash.store.reply_validation import all_rows_in
from stash.texts import fold
from stash.transport.halving import send_in_halves

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stash.store.reading import StashReader

T = TypeVar("T", bound=Entity)


class NaturalKeys:
    """Finds entities by names, aliases and codes. Concurrent questions share a request."""

    def __init__(self, reader: StashReader) -> None:
        self._reader = reader
        self._registry = reader.registry
        self._caches = reader.caches
        self._naming: DataLoader[tuple[str, str], list[Entity]] = DataLoader(self._find_named)

    def _by_key(self, kind: EntityType, key: str) -> list[Entity] | None:
        """Return the known carriers of a natural key, the best first. None if Stash has to be asked."""
        fields = kind.names or (kind.key or "",)
        known = self._caches.known(kind, fields, key)
        named = _ranked(kind, [entity for entity in known if self._registry.is_current(entity)], key)
        if named:
            return named
        carriers = self._caches.carriers(kind, fields, key)
        return None if carriers is None else _ranked(kind, carriers, key)

    async def rivals(self, entity_type: type[T], name: str) -> list[T]:
        """Return the entities because of which Stash refuses a new entity of this name.

        They have the name, or as a studio or tag an alias, in any case.
        """
        kind = kind_of(entity_type)
        complete = self._caches.complete(kind, kind.names)
        if complete is None:
            where = _either(kind.names, {"value": name, "modifier": "EQUALS"})
            reply = await self._reader.ask(document("query", [find(kind, where, kind.compare_fields)]))
            self._reader.take(kind, all_rows_in(reply, 0, kind))
        known: Iterable[Any] = self._registry.of_type(entity_type)
        # A sync renames studios, so the cache may have their old names only.
        if complete is not None and not is_pattern(name) and entity_type is not Studio:
            known = dict.fromkeys(complete.known(kind, kind.names, name))
        return [one for one in known if any(is_taken_by(name, text) for text in _called(kind, one))]

    async def named(self, entity_type: type[T], name: str) -> list[T]:
        """Return the best carriers of a natural key.

        They have the name in this case, else in any case, else as an alias.
        """
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
            for key, found in (await self.read_carriers(ENTITY_TYPES[name], keys)).items():
                answers[name, key] = found
        return answers

    async def read_carriers(self, kind: EntityType, keys: Sequence[str]) -> dict[str, list[Entity]]:
        """Read the carriers of each natural key, ignoring case, the best first. One request reads a thousand keys."""
        parts = await send_in_halves(keys, partial(self._read_some_carriers, kind))
        return {key: found for part in parts for key, found in part.items()}

    async def _read_some_carriers(self, kind: EntityType, keys: Sequence[str]) -> dict[str, list[Entity]]:
        fields = kind.names or (kind.key or "",)
        result: dict[str, list[Entity]] = {}
        for page in batched(keys, ID_PAGE):
            pattern = anchored(page, ignoring_case=True)
            where = _either(fields, {"value": pattern, "modifier": "MATCHES_REGEX"})
            rows = all_rows_in(
                await self._reader.ask(document("query", [find(kind, where, kind.all_fields)])), 0, kind
            )
            entities = self._reader.take(kind, rows)
            result |= {key: _ranked(kind, entities, key) for key in page}
        return result


def _either(fields: Sequence[str], criterion: dict[str, Any]) -> dict[str, Any]:
    """Build a filter for entities that meet a criterion in one of the fields."""
    result: dict[str, Any] = {}
    for field in reversed(fields):
        result = {field: criterion, **({"OR": result} if result else {})}
    return result


_NO_RANK = (9, True)


def _ranked(kind: EntityType, entities: Iterable[Entity], key: str) -> list[Entity]:
    """Return the carriers of a natural key, each once, the best first."""
    ranks = {entity: _rank(kind, entity, key) for entity in entities}
    return sorted((entity for entity, rank in ranks.items() if rank < _NO_RANK), key=ranks.__getitem__)


def _rank(kind: EntityType, entity: Entity, key: str) -> tuple[int, bool]:
    """Rank a carrier of a natural key: a name before an alias, the same case before another, low is good."""
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
    """Return the names of an entity, now and in Stash."""
    texts: list[str] = []
    for known in (entity.__dict__, snapshot(entity)):
        for field in kind.names:
            value = known.get(field)
            texts += value if isinstance(value, list) else [value] if isinstance(value, str) else []
    return texts
