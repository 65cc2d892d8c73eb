"""Lookup caches: a session asks Stash for no value twice. Hits and misses are both kept."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stash.store.entity_types import ENTITY_TYPES
from stash.store.lookups import Lookup, matches, values_of
from stash.texts import fold, normalize_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from stash.store.entity_types import Entity, EntityType

COMPLETE_FIELDS = ("name", "aliases", "url", "code")
"""The fields that are indexed when all entities of a type were read."""


@dataclass
class FieldCache:
    """The values of one field that were asked for, all or some, and the entities that carry each value."""

    is_complete: bool = False
    asked: set[str] = field(default_factory=set)
    carriers: dict[str, list[Entity]] = field(default_factory=dict)

    def answers(self, value: str) -> bool:
        """Tell whether a lookup of this value needs no request."""
        return self.is_complete or value in self.asked

    def add(self, value: str, entity: Entity) -> None:
        """Note that an entity carries a value."""
        carriers = self.carriers.setdefault(_folded(value), [])
        if not any(carrier is entity for carrier in carriers):
            carriers.append(entity)


class LookupCache:
    """The field caches of every type, for one session."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[str, FieldCache]] = {}

    def cover(self, kind: EntityType, field_name: str, values: Iterable[str] | None) -> None:
        """Note that these values of a field were asked for. None stands for all values."""
        coverage = self._kinds.setdefault(kind.name, {}).setdefault(field_name, FieldCache())
        if values is None:
            coverage.is_complete = True
        else:
            coverage.asked.update(_folded(value) for value in values)

    def _of(self, kind: EntityType) -> dict[str, FieldCache]:
        return self._kinds.get(kind.name, {})

    def index(self, kind: EntityType, entities: Collection[Entity]) -> None:
        """Enter entities under their values of the fields that were asked for."""
        for field_name, coverage in self._of(kind).items():
            for entity in entities:
                for value in values_of(entity, field_name) or ():
                    if isinstance(value, str):
                        coverage.add(value, entity)

    def answer(self, kind: EntityType, lookups: list[Lookup]) -> list[Entity] | None:
        """Return the entities that meet the conditions. None if Stash has to be asked."""
        for lookup in lookups:
            if lookup.operator not in {"exact", "iexact", "in"} or lookup.asks != "StringCriterionInput":
                continue
            coverage = self._of(kind).get(lookup.field)
            wanted = [_folded(v) for v in (lookup.value if lookup.operator == "in" else [lookup.value])]
            if coverage is not None and all(map(coverage.answers, wanted)):
                found = dict.fromkeys(e for value in wanted for e in coverage.carriers.get(value, ()))
                return [entity for entity in found if matches(entity, lookups)]
        return None

    def has_all(self, kind: EntityType, fields: Iterable[str]) -> bool:
        """Tell whether every entity of a type is known by these fields."""
        found = self._of(kind)
        return all(name in found and found[name].is_complete for name in fields)

    def known(self, kind: EntityType, fields: Iterable[str], value: str) -> list[Entity]:
        """Return known carriers of a value in one of the fields, ignoring case. Stash may have others."""
        found = (self._of(kind).get(field_name) for field_name in fields)
        return [
            entity for coverage in found if coverage for entity in coverage.carriers.get(_folded(value), ())
        ]

    def carriers(self, kind: EntityType, fields: Iterable[str], value: str) -> list[Entity] | None:
        """Return the carriers of a value in one of the fields, ignoring case. None if one field was not asked for."""
        found: list[Entity] = []
        for field_name in fields:
            coverage = self._of(kind).get(field_name)
            if coverage is None or not coverage.answers(_folded(value)):
                return None
            found += coverage.carriers.get(_folded(value), ())
        return found


class LookupCaches:
    """The lookup caches of the open sessions, the innermost last. The first one lasts as long as the store."""

    def __init__(self) -> None:
        lasting = LookupCache()
        for kind in ENTITY_TYPES.values():
            for field_name in kind.names:
                lasting.cover(kind, field_name, [])
        self._caches = [lasting]

    @property
    def is_in_session(self) -> bool:
        """Tell whether a session is open."""
        return len(self._caches) > 1

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Open a session."""
        self._caches.append(LookupCache())
        try:
            yield
        finally:
            self._caches.pop()

    def index(self, kind: EntityType, entities: Collection[Entity]) -> None:
        """Make entities known to every session."""
        for cache in self._caches:
            cache.index(kind, entities)

    def cover(self, kind: EntityType, field_name: str, values: Iterable[str] | None) -> None:
        """Note in the innermost session that a field was asked for. See `LookupCache.cover`."""
        self._caches[-1].cover(kind, field_name, values)

    def answer(self, kind: EntityType, lookups: list[Lookup]) -> list[Entity] | None:
        """Return the entities that meet the conditions. None if Stash has to be asked."""
        if not self.is_in_session:
            return None
        answers = (cache.answer(kind, lookups) for cache in reversed(self._caches))
        return next((answer for answer in answers if answer is not None), None)

    def known(self, kind: EntityType, fields: Iterable[str], value: str) -> list[Entity]:
        """Return known carriers of a value, read at any time. Stash may have others."""
        return self._caches[0].known(kind, fields, value)

    def carriers(self, kind: EntityType, fields: Collection[str], value: str) -> list[Entity] | None:
        """Return the carriers of a value. None if no session asked for it."""
        answers = (cache.carriers(kind, fields, value) for cache in reversed(self._caches[1:]))
        return next((answer for answer in answers if answer is not None), None)

    def complete(self, kind: EntityType, fields: Collection[str]) -> LookupCache | None:
        """Return a cache that knows every entity of a type by these fields."""
        return next((cache for cache in self._caches if cache.has_all(kind, fields)), None)


def _folded(value: str) -> str:
    return fold(normalize_text(value))
