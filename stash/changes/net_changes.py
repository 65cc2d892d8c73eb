"""What a run did to each entity: all its operations on it as one. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Image

from stash.journal import UndoMark, as_text
from stash.store.entity_types import ENTITY_TYPES
from stash.texts import normalize_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from stash.journal import LogEntry, SourceKey

type EntityRef = tuple[str, str]
"""An entity in Stash: its type and its id."""


@dataclass
class FieldChange:
    """What a run turned one field from and to. Of a set the members that it took out, and those that it put in.

    `was` is a set as it stood before, in its order, where that is known.
    """

    before: Any
    after: Any
    is_set: bool = False
    was: list[Any] | None = None


@dataclass
class NetChange:
    """What a run did to one entity: whether it made it or took it out of Stash (as it was then), and its fields."""

    place: EntityRef
    key: SourceKey
    is_made: bool = False
    was: Mapping[str, Any] | None = None
    turns: dict[str, FieldChange] = field(default_factory=dict)

    def note(self, name: str, before: Any, after: Any) -> None:
        """Add what one operation did to a field."""
        turn = self.turns.get(name)
        if not isinstance(before, list) and not isinstance(after, list):
            self.turns[name] = FieldChange(before if turn is None else turn.before, after)
            return
        old, new = list(before or ()), list(after or ())
        put_in, taken_out = without(new, old), without(old, new)
        if turn is None:
            self.turns[name] = FieldChange(taken_out, put_in, is_set=True, was=old)
            return
        known = turn.after
        turn.after = [*without(known, taken_out), *without(put_in, [*turn.before, *known])]
        turn.before = [*without(turn.before, put_in), *without(taken_out, [*turn.before, *known])]


def net_changes(operations: Iterable[LogEntry]) -> dict[EntityRef, NetChange]:
    """Return what a run did, by entity, in its order. What it was only about to do may have been done."""
    found: dict[EntityRef, NetChange] = {}
    for one in operations:
        if one.state == "failed" or not one.stash_id:
            continue
        place = one.type, one.stash_id
        effect = found.setdefault(place, NetChange(place, one.key))
        effect.is_made = effect.is_made or one.action == "create"
        if one.action == "destroy":
            effect.was = one.before
        for name, after in one.after.items():
            effect.note(name, one.before.get(name), after)
    return found


def new_ids(operations: Iterable[LogEntry]) -> dict[EntityRef, str]:
    """The ids of what was taken out and then made again by an undo, by the id before. Operations are in their order."""
    gone: dict[tuple[str, SourceKey], list[EntityRef]] = {}
    found: dict[EntityRef, str] = {}
    for one in operations:
        key = one.type, one.key
        if one.action == "destroy":
            gone.setdefault(key, []).append((one.type, one.stash_id))
        elif one.action == "create" and one.stash_id:
            found |= dict.fromkeys(gone.get(key, ()), one.stash_id)
    return found


def with_ids(operations: Iterable[LogEntry], ids: Mapping[EntityRef, str]) -> list[LogEntry]:
    """Operations with the new ids of what was made again since."""
    if not ids:
        return list(operations)

    def of(one: LogEntry, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: renamed(one.type, name, value, ids) for name, value in fields.items()}

    return [
        one._replace(
            stash_id=ids.get((one.type, one.stash_id), one.stash_id),
            before=of(one, one.before),
            after=of(one, one.after),
        )
        for one in operations
    ]


def renamed(type_name: str, name: str, value: Any, ids: Mapping[EntityRef, str]) -> Any:
    """A field's value with new ids in its links."""
    target = Image if name == "images" else ENTITY_TYPES[type_name].relations.get(name)
    if target is None or not value:
        return value
    kind = target.__type_name__
    if isinstance(value, list):
        return [ids.get((kind, one), one) for one in value]
    return ids.get((kind, value), value)


def without[T: Hashable](members: Iterable[T], others: Iterable[T]) -> list[T]:
    """The members that are not among the others, in their order."""
    left_out = set(others)
    return [one for one in members if one not in left_out]


def is_same(one: Any, other: Any) -> bool:
    """Tell whether Stash keeps two values alike. Sets whatever their order."""
    if isinstance(one, dict) or isinstance(other, dict):
        return (one or {}) == (other or {})
    if isinstance(one, list) or isinstance(other, list):
        return set(map(_kept, one or ())) == set(map(_kept, other or ()))
    return _kept(one) == _kept(other)


def _kept(value: Any) -> str:
    return normalize_text(as_text(value))


def declined_by(mark: UndoMark | None, taken: Any, left: Any) -> UndoMark | None:
    """Return what is declined of a field once `taken` was taken from it and `left` is left there.

    None where that brings back what an earlier undo took.
    """
    if isinstance(taken, list):
        had = mark or UndoMark([], [])
        result = UndoMark(
            without(dict.fromkeys([*had.taken, *without(taken, had.left)]), left),
            without(dict.fromkeys([*had.left, *without(left, had.taken)]), taken),
        )
        return result if result.taken or result.left else None
    if mark is None:
        return UndoMark(taken, left)
    return None if is_same(mark.taken, left) else UndoMark(mark.taken, left)
