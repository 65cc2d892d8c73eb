"""Hydration: making entities of Stash's replies, one object per id, without dropping an unsaved edit.

The library's own parsing costs half a millisecond an entity and overwrites edits. So entities are built here, field
by field. A contract test compares the result with the library's.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types.unset import UNSET

from stash.store.changes import edited_fields, is_other
from stash.store.entities import OWN, assign
from stash.store.entity_types import ENTITY_TYPES, FILES, Entity, EntityType, kind_of
from stash.store.library_internals import blank, mark_created, mark_new, received, set_received, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stash.store.registry import Registry


_NUMBERS = count(1)
"""Counter for temporary ids of new entities.

The library recognises a new entity by an id of 32 characters that are not all digits."""


class Hydrator:
    """Makes and refreshes the entities of one store."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._received: dict[tuple[frozenset[str], tuple[str, ...]], frozenset[str]] = {}

    def hydrate(self, kind: EntityType, raw: Mapping[str, Any]) -> Entity:
        """Return the entity of a row, with the received fields brought up to date.

        A field with an unsaved edit keeps its value. Only the snapshot of Stash is updated.
        """
        known = self._registry.entry(kind.name, raw["id"])
        entity = known or self.reference(kind, raw["id"])
        known_values, data, tracked = snapshot(entity), entity.__dict__, kind.entity.__tracked_fields__
        defaults, made = kind.defaults, kind.made
        values = {
            field: self._value(kind, field, value)
            if value is not None and (field in made or type(value) not in _TYPES.get(field, _PLAIN))
            else value
            for field, value in raw.items()
            if field in defaults
        }
        standing = {f: [*v] if type(v) is list else v for f, v in values.items() if f in tracked}
        if known is not None:
            edited = [
                f
                for f in standing
                if (now := data.get(f, UNSET)) != (had := known_values.get(f, UNSET)) and is_other(now, had)
            ]
            for field in edited:
                del values[field]
        known_values.update(standing)
        data.update(values)
        set_received(entity, self._merged(received(entity), raw))
        return entity

    def fresh(self, kind: EntityType, fields: Mapping[str, Any]) -> Entity:
        """Make a new entity with these fields. Each is checked like an assignment."""
        entity = blank(OWN.get(kind.name, kind.entity), kind.defaults, f"f{next(_NUMBERS):031x}")
        mark_new(entity)
        assign(entity, fields)
        return entity

    def reference(self, kind: EntityType, entity_id: str) -> Entity:
        """Return the known object of an id, or make one of which only the id is known."""
        entry = self._registry.entry(kind.name, entity_id)
        if entry is not None:
            return entry
        entity = blank(OWN.get(kind.name, kind.entity), kind.defaults, entity_id)
        self._registry.remember(entity)
        return entity

    def _value(self, kind: EntityType, field: str, value: Any) -> Any:
        if field in {"visual_files", "files"} and isinstance(value, list):
            return [
                self.hydrate(ENTITY_TYPES[FILES[file["__typename"]].__type_name__], file) for file in value
            ]
        relation = kind.relations.get(field)
        if relation is None:
            convert = kind.converters.get(field)
            return _checked(field, value) if convert is None else convert(value)
        target = ENTITY_TYPES[relation.__type_name__]
        if isinstance(value, list):
            return [self._related(target, one) for one in value]
        return self._related(target, value)

    def _related(self, kind: EntityType, raw: Mapping[str, Any]) -> Entity:
        return self.reference(kind, raw["id"]) if len(raw) == 1 else self.hydrate(kind, raw)

    def _merged(self, before: frozenset[str], raw: Mapping[str, Any]) -> frozenset[str]:
        """Return the shared set of received fields. There are as many sets as selections."""
        key = before, tuple(raw)
        known = self._received.get(key)
        if known is None:
            known = self._received[key] = key[0].union(raw) - {"__typename"}
        return known

    def assign_id(self, entity: Entity, raw: dict[str, Any]) -> None:
        """Give a created entity its id. A row with a damaged field gives none."""
        kind = kind_of(entity)
        for field in kind.converters.keys() & raw.keys():
            kind.converters[field](raw[field])
        self._registry.forget(entity)
        entity.__dict__["id"] = raw["id"]
        mark_created(entity)
        self._registry.replace(entity)
        self.hydrate(kind, raw)

    def set_update_time(self, entity: Entity, raw: dict[str, Any]) -> None:
        """Set when Stash wrote an entity, if the reply tells."""
        if (written := raw.get("updated_at")) is not None:
            entity.__dict__["updated_at"] = datetime.fromisoformat(written)

    @contextmanager
    def keeping_edits(self) -> Iterator[None]:
        """Let the library parse a reply, then restore the edits that it has overwritten."""
        edits = [
            (entity, {field: entity.__dict__[field] for field in edited_fields(entity)})
            for entity in self._registry.edited()
        ]
        yield
        for entity, edit in edits:
            entity.__dict__.update(edit)


def _checked(field: str, value: Any) -> Any:
    """Return a list of texts, or the JSON of a field that holds JSON.

    Raises:
        TypeError: the field takes no such value.
    """
    if field not in _TYPES and isinstance(value, list) and all(type(one) is str for one in value):
        return value
    if field in _JSON:
        return value
    raise TypeError(f"{field} is {type(value).__name__}")


_PLAIN = frozenset({str, int, float, bool})
_JSON = frozenset({"custom_fields"})
_TEXTS = ("title", "code", "details", "date", "name", "disambiguation")
_TYPES = {**dict.fromkeys(_TEXTS, frozenset({str})), "organized": frozenset({bool})}
"""Fields that the merge compares, with the types accepted. A number in a text field would look like a user's edit."""
