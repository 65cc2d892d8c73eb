"""Natural keys: names, aliases and codes, matched exactly and ignoring case."""

from __future__ import annotations

from functools import partial
from itertools import batched
from typing import TYPE_CHECKING

from stash.halving import fitting
from stash.store.batcher import Batcher
from stash.store.documents import document, find
from stash.store.kinds import KINDS, Entity, Kind
from stash.store.lookups import any_of
from stash.store.preloading import PreloadingStore
from stash.store.reading import PAGE
from stash.store.replies import all_rows_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.connection import Connection


class Births:
    """New entities by their natural keys, each until Stash has it or it is given up."""

    def __init__(self) -> None:
        self._entities: dict[tuple[str, str], Entity] = {}
        self._places: dict[int, tuple[str, str]] = {}

    def get(self, kind: Kind, key: str) -> Entity | None:
        """The new entity of a key, ignoring case."""
        return self._entities.get((kind.name, key.casefold()))

    def begin(self, kind: Kind, key: str, entity: Entity) -> Entity:
        """Have an entity be the one of a key."""
        place = self._places[id(entity)] = kind.name, key.casefold()
        self._entities[place] = entity
        return entity

    def end(self, entity: Entity) -> None:
        """It is new no more."""
        if (place := self._places.pop(id(entity), None)) is not None:
            del self._entities[place]


class NamingStore(PreloadingStore):
    """A reading store that finds entities by what they are called; concurrent questions share a request."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        for kind in KINDS.values():
            for field in kind.names:
                self._memories[0].cover(kind, field, [])
        self._naming: Batcher[tuple[str, str], Entity | None] = Batcher(self._find_named)

    def _by_key(self, kind: Kind, key: str) -> list[Entity] | None:
        """Who carries the natural key, best first; None where Stash has to be asked."""
        fields = kind.names or (kind.key or "",)
        known = [entity for entity in self._memories[0].known(kind, fields, key) if self._is_current(entity)]
        named = [entity for entity in known if _rank(kind, entity, key) < _NO_RANK]
        if named:
            return sorted(named, key=lambda entity: _rank(kind, entity, key))
        for memory in reversed(self._memories[1:]):
            carriers = memory.carriers(kind, fields, key)
            if carriers is not None:
                return sorted(carriers, key=lambda entity: _rank(kind, entity, key))
        return None

    def _is_current(self, entity: Entity) -> bool:
        return self.entry(entity.__type_name__, entity.id) is entity and not self._is_stale(entity)

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
        parts = await fitting(keys, partial(self._read_some_keys, kind))
        return [one for part in parts for one in part]

    async def _read_some_keys(self, kind: Kind, keys: Sequence[str]) -> list[tuple[Entity, str]]:
        fields = kind.names or (kind.key or "",)
        result = []
        for page in batched(keys, PAGE):
            where = any_of(fields, page)
            rows = all_rows_in(await self._ask(document("query", [find(kind, where, kind.full)])), 0, kind)
            entities = self._take(kind, rows)
            for key in page:
                carriers = [entity for entity in entities if _rank(kind, entity, key) < _NO_RANK]
                if carriers:
                    result.append((min(carriers, key=lambda entity: _rank(kind, entity, key)), key))
        return result


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
