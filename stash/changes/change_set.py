"""A change set: what a store is about to send, with the key of each entity and the reason of each field.

A sync and an undo log it before they send it. A dry run of either shows it as the plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag
from stash_graphql_client.types.unset import UNSET

from stash.journal import LogEntry
from stash.mapping.keys import SourceKey
from stash.reconcile.merge_result import names_of
from stash.report import FieldChange
from stash.store.entity_types import Entity
from stash.store.library_internals import is_new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from stash.reconcile.merge_result import MergeResult
    from stash.store import Change

_LINKS = frozenset({"performers", "tags", "galleries", "images", "scenes"})
_LINKABLE = (Tag, Performer, Gallery, Scene, Image)
_PLAIN = (str, int, type(None))  # a union is made anew, and looked at slowly, each time


class PlannedField(NamedTuple):
    """One field of a change: how a plan shows it, and the names of the members that a set of links gains and loses."""

    change: Change
    shown: FieldChange
    added: Sequence[str]
    removed: Sequence[str]


class ChangeSet:
    """Pending changes of a store.

    Args:
        changes: the changes, in the order in which they are sent.
        result_of: returns what was decided for an entity, None where nothing was.
    """

    def __init__(self, changes: Iterable[Change], result_of: Callable[[Entity], MergeResult | None]) -> None:
        self._changes = changes
        self._result_of = result_of

    def fields(self) -> Iterator[PlannedField]:
        """Return the fields of the changes, as a plan shows them."""
        for change in self._changes:
            result = self._result_of(change.entity)
            for name in change.after:
                yield PlannedField(change, _shown_field(change, name, result), *_moved_members(change, name))

    def log_entries(self) -> list[LogEntry]:
        """Return an entry for each change, as the write-ahead log stores it."""
        return [_log_entry(change, self._result_of(change.entity)) for change in self._changes]


def new_links(change: Change, name: str, members: Sequence[Entity] | None) -> int:
    """Count the links that a field gains. Fields of values gain none."""
    if name not in _LINKS:
        return 0
    before = set(change.before.get(name) or ())
    return len([one for one in members or () if one not in before])


def plain(value: Any) -> Any:
    """Return a value of an entity as JSON, with links as ids."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return [one if type(one) is str else one.id if isinstance(one, Entity) else str(one) for one in value]
    if isinstance(value, Entity):
        return value.id
    return None if value is UNSET else str(value)


def _log_entry(change: Change, result: MergeResult | None) -> LogEntry:
    entity, is_create = change.entity, change.action == "create"
    before = {n: v if type(v) is str else plain(v) for n, v in change.before.items()}
    after = {n: v if type(v) is str else plain(v) for n, v in change.after.items()}
    reasons, pictures = (result.reasons, result.pictures) if result is not None else ({}, {})
    for name in pictures.keys() & after.keys():
        before[name], after[name] = pictures[name]
    return LogEntry(
        type=entity.__type_name__,
        key=result.key if result is not None else SourceKey(entity.__type_name__, entity.id),
        action=change.action,
        before=before,
        after=after,
        why={} if is_create else {name: reasons[name] for name in change.after if name in reasons},
        stash_id="" if is_create else entity.id,
    )


def _shown_field(change: Change, name: str, result: MergeResult | None) -> FieldChange:
    entity = change.entity
    reason = "new" if change.action == "create" else result.reasons.get(name, "") if result else ""
    before, after = _shown(change.before.get(name)), _shown(_planned_value(change, name))
    key = " ".join(result.key if result else (entity.__type_name__, entity.id))
    label = names_of([entity])[0] if is_new(entity) else entity.id
    return FieldChange(entity.__type_name__, label, name, before, after, reason, key)


def _planned_value(change: Change, name: str) -> Any:
    """Return the value that a field will have, with the links to unsaved entities, which a change leaves out."""
    value = change.entity.__dict__.get(name)
    return value if isinstance(value, list) and change.action != "link" else change.after[name]


def _moved_members(change: Change, name: str) -> tuple[list[str], list[str]]:
    """Return the names of the members that a field of links gains, and of those that it loses."""
    if name not in _LINKS:
        return [], []
    before, after = change.before.get(name) or [], _planned_value(change, name) or []
    added, removed = (
        [one for one in some if one not in others]
        for some, others in ((after, set(before)), (before, set(after)))
    )
    return names_of(added), names_of(removed)


def _shown(value: Any) -> Any:
    if value is UNSET or value is None or isinstance(value, str | int | float):
        return None if value is UNSET else value
    if isinstance(value, list):
        return [_shown(one) for one in value]
    if isinstance(value, (Studio, *_LINKABLE)):
        return names_of([value])[0]
    return str(value)
