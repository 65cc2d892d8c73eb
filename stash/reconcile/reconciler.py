"""Reconcile one entity: the three-way merge of its desired state, its baseline, and what Stash has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types.unset import UNSET

from stash.journal import as_text
from stash.reconcile.merge import merge_set, merge_value
from stash.reconcile.merge_result import MergeResult
from stash.store.entities import assign
from stash.store.entity_types import Entity
from stash.store.library_internals import is_new
from stash.texts import normalize_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from stash.journal import Baseline
    from stash.mapping.desired import DesiredState
    from stash.mapping.keys import SourceKey
    from stash.reconcile.merge import SetMerge


def reconcile(
    entity: Entity,
    key: SourceKey,
    desired: DesiredState,
    baseline: Baseline | None,
    overwrite: Collection[str],
) -> MergeResult:
    """Bring an entity of the store to what the merge decides. Nothing is sent yet.

    Args:
        entity: the entity as Stash has it, or a new one.
        key: its key at the source.
        desired: what the source wants.
        baseline: what earlier runs left, None where they left nothing.
        overwrite: fields that are written over a user's edits.
    """
    merge = _EntityMerge(MergeResult(entity, key), desired, baseline, overwrite)
    for name in desired.values:
        merge.value(name)
    for name in desired.texts:
        merge.texts(name)
    for name in desired.links:
        merge.links(name)
    assign(entity, merge.writes)
    return merge.result


@dataclass(slots=True)
class _EntityMerge:
    """The merge of one entity, field by field. `writes` are the fields to assign."""

    result: MergeResult
    desired: DesiredState
    baseline: Baseline | None
    overwrite: Collection[str]
    writes: dict[str, Any] = field(default_factory=dict)

    def value(self, name: str) -> None:
        """Merge a plain value or a single link."""
        result, value = self.result, self.desired.values[name]
        current, desired = _plain(result.entity.__dict__.get(name)), _plain(value)
        if self.baseline is not None and self._is_as_undo_left_it(self.baseline, name, current, desired):
            return
        decision = merge_value(
            current,
            desired,
            _base(self.baseline, name, current),
            predecessors=self.desired.predecessors.get(name, ()),
            overwrite=name in self.overwrite,
        )
        result.reasons[name] = decision.reason
        if decision.action == "write":
            self.writes[name] = value
        elif decision.action == "keep":
            result.kept.append(name)
        if decision.remembered is not None:
            result.last_applied[name] = decision.remembered
            if isinstance(value, Entity):
                result.singles[name] = value
        elif self.baseline is not None and name in self.baseline.last_applied:
            result.last_applied[name] = self.baseline.last_applied[name]

    def _is_as_undo_left_it(
        self, baseline: Baseline, name: str, current: str | None, desired: str | None
    ) -> bool:
        """Tell whether a field is as an undo left it. Then it stays so, and so does what the baseline says of it."""
        mark = baseline.undo_marks.get(name)
        if mark is None or name in self.overwrite:
            return False
        if normalize_text(current) != normalize_text(as_text(mark.left)) or (
            desired is not None and normalize_text(current) == normalize_text(desired)
        ):
            return False
        self.result.undo_marks[name] = mark
        if name in baseline.last_applied:
            self.result.last_applied[name] = baseline.last_applied[name]
        return True

    def texts(self, name: str) -> None:
        """Merge a set of texts."""
        desired = self.desired.texts[name]
        merge = self._merge_set(name, desired, _listed(self.result.entity, name))
        self.result.sets[name] = (merge, {})
        self._keep_undo_mark(name, desired)
        if merge.added or merge.removed:
            self.writes[name] = list(merge.result)

    def links(self, name: str) -> None:
        """Merge a set of links, by the ids of the entities."""
        current, members = _listed(self.result.entity, name), self.desired.links[name]
        by_id = {member.id: member for member in (*current, *members)}
        desired = [member.id for member in members]
        merge = self._merge_set(name, desired, [member.id for member in current])
        self.result.sets[name] = (merge, by_id)
        self._keep_undo_mark(name, desired)
        if merge.added or merge.removed:
            self.writes[name] = [by_id[key] for key in merge.result]

    def _merge_set(self, name: str, desired: Sequence[str], current: Sequence[str]) -> SetMerge:
        known_members, last_applied = members_of(self.baseline, name)
        is_complete = name not in self.desired.partial
        merge = merge_set(current, desired, known_members, last_applied, is_complete=is_complete)
        self.result.reasons[name] = merge.reason
        return merge

    def _keep_undo_mark(self, name: str, desired: Sequence[str]) -> None:
        if self.baseline is not None:
            is_complete = name not in self.desired.partial
            self.result.keep_undo_mark(name, desired, self.baseline, is_complete=is_complete)


def _base(baseline: Baseline | None, name: str, current: str | None) -> list[str] | None:
    """Return every value that we wrote to a field. None where we never did.

    A value that a killed run was about to write counts only where it stands, because it may never have been sent.
    """
    if baseline is None:
        return None
    before = [*baseline.previously_applied.get(name, ()), *map(_plain_text, baseline.in_flight.get(name, ()))]
    if name in baseline.last_applied:
        return [*before, baseline.last_applied[name]]
    return before if normalize_text(current) in {normalize_text(value) for value in before} else None


def _plain_text(value: Any) -> str:
    return _plain(value) or ""


def members_of(baseline: Baseline | None, name: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return the known and the applied members of a set. What a killed run was about to add counts as applied."""
    if baseline is None:
        return (), ()
    applied = [*baseline.last_applied.get(name, ()), *baseline.in_flight.get(name, ())]
    return baseline.known_members.get(name, ()), applied


def _listed(entity: Entity, name: str) -> list[Any]:
    """Return the members that Stash has. A new entity has none there, whatever it was made with."""
    value = entity.__dict__.get(name, UNSET)
    return list(value) if isinstance(value, list) and not is_new(entity) else []


def _plain(value: Any) -> Any:
    """Return a value as the merge compares it: a link as its id, everything else as text."""
    if isinstance(value, str):
        return value
    if value is UNSET or value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else ""
    return value.id if isinstance(value, Entity) else str(value)
