"""The net change of a run: all its log entries of an entity as one. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Image

from stash.journal import as_text
from stash.store.entity_types import ENTITY_TYPES
from stash.texts import normalize_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from stash.journal import LogEntry, SourceKey

type EntityRef = tuple[str, str]
"""An entity in Stash: its type and its id."""

RESTORED_CHAPTER = "gallery"
"""The field of a chapter whose undo mark says that an undo restored the chapter after a sync had pruned it."""


@dataclass
class NetField:
    """A field before and after a run. Of a set, the members that the run removed and those that it added.

    `full_before` is a set before the run, in its order, where that is known.
    """

    before: Any
    after: Any
    is_set: bool = False
    full_before: list[Any] | None = None


@dataclass
class NetChange:
    """The changes of a run to one entity. `deleted` has the fields that the entity had when the run deleted it."""

    ref: EntityRef
    key: SourceKey
    is_created: bool = False
    deleted: Mapping[str, Any] | None = None
    fields: dict[str, NetField] = field(default_factory=dict)

    def add(self, name: str, before: Any, after: Any) -> None:
        """Add what one log entry did to a field."""
        known = self.fields.get(name)
        if not isinstance(before, list) and not isinstance(after, list):
            self.fields[name] = NetField(before if known is None else known.before, after)
            return
        old, new = list(before or ()), list(after or ())
        added, removed = without(new, old), without(old, new)
        if known is None:
            self.fields[name] = NetField(removed, added, is_set=True, full_before=old)
            return
        changed = [*known.before, *known.after]
        known.before = [*without(known.before, added), *without(removed, changed)]
        known.after = [*without(known.after, removed), *without(added, changed)]


def net_changes(entries: Iterable[LogEntry]) -> dict[EntityRef, NetChange]:
    """Return the net change of each entity, in the order of the log. An entry without an outcome counts as applied."""
    found: dict[EntityRef, NetChange] = {}
    for entry in entries:
        if entry.state == "failed" or not entry.stash_id:
            continue
        ref = entry.type, entry.stash_id
        change = found.setdefault(ref, NetChange(ref, entry.key))
        change.is_created |= entry.action == "create"
        if entry.action == "destroy":
            change.deleted = entry.before
        for name, after in entry.after.items():
            change.add(name, entry.before.get(name), after)
    return found


def new_ids(entries: Iterable[LogEntry]) -> dict[EntityRef, str]:
    """Return the new ids of entities that were deleted and that an undo made again, by the old ones."""
    deleted: dict[tuple[str, SourceKey], list[EntityRef]] = {}
    found: dict[EntityRef, str] = {}
    for entry in entries:
        key = entry.type, entry.key
        if entry.action == "destroy":
            deleted.setdefault(key, []).append((entry.type, entry.stash_id))
        elif entry.action == "create" and entry.stash_id:
            found |= dict.fromkeys(deleted.get(key, ()), entry.stash_id)
    return found


def with_ids(entries: Iterable[LogEntry], ids: Mapping[EntityRef, str]) -> list[LogEntry]:
    """Return the log entries with the new ids of entities that were made again since."""
    return [
        entry._replace(
            stash_id=ids.get((entry.type, entry.stash_id), entry.stash_id),
            before=fields_with_ids(entry.type, entry.before, ids),
            after=fields_with_ids(entry.type, entry.after, ids),
        )
        for entry in entries
    ]


def fields_with_ids(
    type_name: str, fields: Mapping[str, Any], ids: Mapping[EntityRef, str]
) -> dict[str, Any]:
    """Return an entity's fields with new ids in its links."""
    return {name: with_new_ids(target_of(type_name, name), value, ids) for name, value in fields.items()}


def with_new_ids(target: str | None, value: Any, ids: Mapping[EntityRef, str]) -> Any:
    """Return one link or several to entities of a type with the new ids."""
    if target is None or not value:
        return value
    if isinstance(value, list):
        return [ids.get((target, one), one) for one in value]
    return ids.get((target, value), value)


def target_of(type_name: str, name: str) -> str | None:
    """Return the type that a field links to. None for a field of values."""
    target = Image if name == "images" else ENTITY_TYPES[type_name].relations.get(name)
    return None if target is None else target.__type_name__


def without[T: Hashable](members: Iterable[T], others: Iterable[T]) -> list[T]:
    """Return the members that are not among the others, in their order."""
    left_out = set(others)
    return [one for one in members if one not in left_out]


def comparable(value: Any) -> str:
    """Return a value as a text: the same for values that Stash keeps alike. The order of a set does not count."""
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True) if value else ""
    if isinstance(value, list):
        return json.dumps(sorted(set(map(comparable, value)))) if value else ""
    return normalize_text(as_text(value))
