"""What differs between an entity and what Stash has of it, and the inputs that say so. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from stash_graphql_client.types.base import StashInput
from stash_graphql_client.types.unset import UNSET

from stash.merge import as_kept
from stash.store.entities import is_new, snapshot
from stash.store.kinds import Entity

if TYPE_CHECKING:
    from collections.abc import Iterable

SEPARATE = frozenset(
    {("Gallery", "cover"), ("Gallery", "images"), ("Gallery", "chapters"), ("Image", "galleries")}
)
"""Fields that Stash takes by mutations of their own."""

_ORDERED = frozenset({"urls"})


class Change(NamedTuple):
    """One field or link of one entity that is to differ, or that was made to."""

    entity: Entity
    action: Literal["create", "update", "link"]
    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Failure:
    """An entity of which Stash refused these fields, and its words."""

    entity: Entity
    message: str
    fields: tuple[str, ...] = ()


def edited_fields(entity: Entity) -> list[str]:
    """The tracked fields whose value is not what Stash has, as Stash keeps values."""
    data, tracked = entity.__dict__, entity.__tracked_fields__
    if is_new(entity):
        return sorted([field for field in tracked if data.get(field, UNSET) is not UNSET])
    known = snapshot(entity)
    fields = [field for field, before in known.items() if _differs(field, before, data[field])]
    assigned = entity.__pydantic_fields_set__.difference(known).intersection(tracked)
    fields += [field for field in assigned if data[field] is not UNSET]
    return sorted(fields) if len(fields) > 1 else fields


def _differs(field: str, before: Any, after: Any) -> bool:
    if after is before or after is UNSET:
        return False
    return before is UNSET or not _same(field, before, after)


def _known(entity: Entity) -> dict[str, Any]:
    """What Stash has; of a new entity it has nothing."""
    return {} if is_new(entity) else snapshot(entity)


def _same(field: str, before: Any, after: Any) -> bool:
    if before == after:
        return True
    if isinstance(before, list) and isinstance(after, list):
        if field in _ORDERED:
            return list(map(as_kept, before)) == list(map(as_kept, after))
        return len(before) == len(after) and {_plain(b) for b in before} == {_plain(a) for a in after}
    if isinstance(before, str | None) and isinstance(after, str | date | None):
        return as_kept(before) == as_kept(_text(field, after))
    return False


def _plain(value: object) -> object:
    return (value.__type_name__, value.id) if isinstance(value, Entity) else str(value)


def _text(field: str, value: Any) -> str | None:
    if isinstance(value, date):
        return value.isoformat()[:10]
    if field == "date" and isinstance(value, str) and "T" in value:
        return value[:10]
    return value  # type: ignore[no-any-return]  # every other value goes as it is


def to_input(entity: Entity, fields: Iterable[str]) -> dict[str, Any]:
    """The input of a create or an update with these fields; ids of related entities are read now."""
    model = entity.__create_input_type__ if is_new(entity) else entity.__update_input_type__
    allowed = model.model_fields if model is not None else {}
    result: dict[str, Any] = {}
    for field in fields:
        relation = entity.__relationships__.get(field)
        value = entity.__dict__.get(field, UNSET)
        if value is UNSET or (entity.__type_name__, field) in SEPARATE:
            continue
        name = relation.target_field if relation is not None else field
        if field == "custom_fields" and not is_new(entity):
            diff = entity._diff_custom_fields(entity)  # noqa: SLF001 - the library's own rule
            value = UNSET if diff is None else diff.to_graphql()
        elif relation is not None:
            value = _links(relation.transform, value)
        else:
            value = value.value if isinstance(value, Enum) else _text(field, value)
        if name in allowed and value is not UNSET:
            result[name] = value
    return result


def sendable(entity: Entity, fields: Iterable[str]) -> list[str]:
    """The fields that an update takes; what it does not take can only be given on creation, or not at all."""
    taken = _taken_by_update(type(entity))
    return [field for field in fields if field in taken]


@cache
def _taken_by_update(entity_type: type[Entity]) -> frozenset[str]:
    taken, relations = entity_type.__update_input_type__.model_fields, entity_type.__relationships__
    fields = entity_type.__tracked_fields__
    return frozenset(f for f in fields if (relations[f].target_field if f in relations else f) in taken)


def _links(transform: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return [_links(transform, one) for one in _saved(value)]
    if transform is None:
        return value.id
    linked = transform(value)
    return linked.to_graphql() if isinstance(linked, StashInput) else linked


def before(entity: Entity, field: str) -> Any:
    """What Stash has in a field, None where that is not known."""
    value = _known(entity).get(field, UNSET)
    return None if value is UNSET else value


def mark_sent(entity: Entity, sent: dict[str, Any]) -> None:
    """Remember what was written; an edit made meanwhile stays an edit."""
    known = snapshot(entity)
    for field, value in sent.items():
        known[field] = list(value) if isinstance(value, list) else value


def values(entity: Entity, fields: Iterable[str]) -> dict[str, Any]:
    """A copy of the fields as they are now, without links to what Stash has not got yet."""
    data = entity.__dict__
    return {f: _saved(data[f]) if isinstance(data[f], list) else data[f] for f in fields}


def _saved(members: Iterable[Any]) -> list[Any]:
    return [one for one in members if not (isinstance(one, Entity) and is_new(one))]


def related(entity: Entity) -> list[Entity]:
    """The entities that an entity's tracked relations point to."""
    data, found = entity.__dict__, []
    for field in _relations(type(entity)):
        value = data.get(field)
        found += [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, Entity)]
    return found


@cache
def _relations(entity_type: type[Entity]) -> tuple[str, ...]:
    return tuple(entity_type.__tracked_fields__ & entity_type.__relationships__.keys())
