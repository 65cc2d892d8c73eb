"""Edits: the fields of an entity that differ from Stash, and the GraphQL inputs for them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from stash_graphql_client.types.base import StashInput
from stash_graphql_client.types.unset import UNSET

from stash.store.entity_types import Entity
from stash.store.library_internals import assigned_fields, custom_fields_diff, is_new, snapshot
from stash.texts import normalize_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SENT_SEPARATELY = frozenset(
    {("Gallery", "cover"), ("Gallery", "images"), ("Gallery", "chapters"), ("Image", "galleries")}
)
"""Fields that have a mutation of their own in Stash."""

_ORDERED = frozenset({"urls"})


@dataclass(slots=True, eq=False)
class Change:
    """Values and links of one entity before and after one mutation, by field."""

    entity: Entity
    action: Literal["create", "update", "link", "destroy"]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True)
class Failure:
    """A change that Stash refused, and Stash's error message."""

    change: Change
    message: str

    @property
    def entity(self) -> Entity:
        """Return the entity of the change."""
        return self.change.entity


def edited_fields(entity: Entity) -> list[str]:
    """Return the tracked fields whose value differs from Stash's, after Stash's own normalization."""
    data, tracked = entity.__dict__, entity.__tracked_fields__
    if is_new(entity):
        return sorted([field for field in tracked if data.get(field, UNSET) is not UNSET])
    known = snapshot(entity)
    assigned = assigned_fields(entity).difference(known)
    edited = [field for field in assigned if field in tracked and data[field] is not UNSET]
    # Most entities are unedited, and comparing whole dictionaries is much faster than comparing item by item.
    if not known.items() <= data.items():
        edited += [
            field
            for field, before in known.items()
            if (after := data[field]) is not before and after != before and _differs(field, before, after)
        ]
    return sorted(edited) if len(edited) > 1 else edited


def _known(entity: Entity) -> dict[str, Any]:
    """Return the values that Stash has. A new entity has none."""
    return {} if is_new(entity) else snapshot(entity)


def _differs(field: str, before: Any, after: Any) -> bool:
    """Tell whether Stash would store another value than it has."""
    if type(after) is str and isinstance(before, _TEXT) and field != "date":
        return (normalize_text(before) if before else "") != normalize_text(after)
    if after is UNSET:
        return False
    if isinstance(before, list) and isinstance(after, list):
        if field in _ORDERED:
            return list(map(normalize_text, before)) != list(map(normalize_text, after))
        return len(before) != len(after) or {_plain(b) for b in before} != {_plain(a) for a in after}
    if isinstance(before, _TEXT) and isinstance(after, _TEXT_OR_DATE):
        return normalize_text(before) != normalize_text(_text(field, after))
    return is_other(after, before)


def is_other(value: Any, known: Any) -> bool:
    """Tell whether two unequal values mean different things. Two objects of one id mean the same."""
    if type(value) is not type(known):
        return True
    if type(value) is list:
        pairs = zip(value, known, strict=False)
        return len(value) != len(known) or any(one != other and is_other(one, other) for one, other in pairs)
    return type(value) in _NO_ENTITIES or not isinstance(value, Entity) or value.id != known.id


_TEXT = (str, type(None))  # isinstance with `str | None` builds a union each time, which is slow
_TEXT_OR_DATE = (*_TEXT, date)


def _plain(value: object) -> object:
    return (value.__type_name__, value.id) if isinstance(value, Entity) else str(value)


def _text(field: str, value: Any) -> str | None:
    if isinstance(value, date):
        return value.isoformat()[:10]
    if field == "date" and isinstance(value, str) and "T" in value:
        return value[:10]
    return value  # type: ignore[no-any-return]  # every other value goes as it is


def to_input(entity: Entity, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Build the input of a create or an update from these `values`. Ids of related entities are read now."""
    names = _input_names(type(entity), is_new(entity))
    given = {
        names[field]: value if type(value) is str and field != "date" else _given(entity, field, value)
        for field, value in sent.items()
        if field in names
    }
    return {name: value for name, value in given.items() if value is not UNSET}


def _given(entity: Entity, field: str, value: Any) -> Any:
    """Convert a value for an input. UNSET leaves the field out."""
    relation = entity.__relationships__.get(field)
    if value is not UNSET and field == "custom_fields" and not is_new(entity):
        diff = custom_fields_diff(entity)
        return UNSET if diff is None else diff.to_graphql()
    if value is not UNSET and relation is not None:
        return _links(relation.transform, value)
    return value.value if isinstance(value, Enum) else _text(field, value)


@cache
def _input_names(entity_type: type[Entity], is_creation: bool) -> dict[str, str]:  # noqa: FBT001 - a key of the cache
    """Map the fields that an input takes to their names in it."""
    model = entity_type.__create_input_type__ if is_creation else entity_type.__update_input_type__
    allowed = model.model_fields if model is not None else {}
    relations = entity_type.__relationships__
    names = {f: relations[f].target_field if f in relations else f for f in entity_type.model_fields}
    return {
        f: name
        for f, name in names.items()
        if name in allowed and (entity_type.__type_name__, f) not in SENT_SEPARATELY
    }


def sendable(entity_type: type[Entity], fields: Iterable[str]) -> list[str]:
    """Return the fields that an update takes. Other fields can be set on creation at most."""
    taken, relations = entity_type.__update_input_type__.model_fields, entity_type.__relationships__
    return [f for f in fields if (relations[f].target_field if f in relations else f) in taken]


def _links(transform: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return [one.id for one in value] if transform is None else [_links(transform, one) for one in value]
    if transform is None:
        return value.id
    linked = transform(value)
    return linked.to_graphql() if isinstance(linked, StashInput) else linked


def before(entity: Entity, field: str) -> Any:
    """Return the value that Stash has in a field, None if it is unknown."""
    value = _known(entity).get(field, UNSET)
    return None if value is UNSET else value


def mark_sent(entity: Entity, sent: dict[str, Any]) -> None:
    """Note the values that were written. An edit made meanwhile stays an edit."""
    known = snapshot(entity)
    for field, value in sent.items():
        known[field] = [*value] if type(value) is list else value


def values(entity: Entity, fields: Iterable[str]) -> dict[str, Any]:
    """Copy the fields as they are now. Links to entities that Stash lacks are left out."""
    data = entity.__dict__
    return {f: _saved(value) if type(value := data[f]) is list else value for f in fields}


def _saved(members: Iterable[Any]) -> list[Any]:
    return [one for one in members if not is_unmade(one)]


def is_unmade(value: object) -> bool:
    """Tell whether a value is an entity that Stash lacks so far."""
    return type(value) not in _NO_ENTITIES and isinstance(value, Entity) and is_new(value)


_NO_ENTITIES = frozenset({str, list, bool, type(None)})  # isinstance with a pydantic class is slow


def related(entity: Entity) -> list[Entity]:
    """Return the entities that an entity's tracked relations point to."""
    data, found = entity.__dict__, []
    for field in _relations(type(entity)):
        value = data.get(field)
        if value is UNSET or value is None:
            continue
        if isinstance(value, list):
            found += [one for one in value if isinstance(one, Entity)]
        elif isinstance(value, Entity):
            found.append(value)
    return found


@cache
def _relations(entity_type: type[Entity]) -> tuple[str, ...]:
    return tuple(entity_type.__tracked_fields__ & entity_type.__relationships__.keys())
