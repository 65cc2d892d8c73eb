"""What is remembered of an entity, and what a run makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.processing.context import Working
from stash.reconcile.reconciler import DesiredState, MergeResult, is_remembered, reconcile

if TYPE_CHECKING:
    from collections.abc import Collection

    from stash.journal import Baseline, SourceKey
    from stash.store.entity_types import Entity


UNDONE = "it was taken back by undo; --redo brings it again"


class Applying(Working):
    """Brings entities to what the source asks for. What a user made of them stays."""

    def _baseline(self, entity: Entity, key: SourceKey) -> Baseline | None:
        """Return what an earlier run left of this very entity, or a killed one was about to make of it.

        What was left of another entity with the same key says nothing of this one.
        """
        baseline = self.run.baseline(entity.__type_name__, key)
        if baseline is not None and is_remembered(entity, baseline):
            return baseline
        return self.run.unsettled.get((entity.__type_name__, key))

    async def _baselines_of_other_keys(self, entity: Entity, own: Collection[SourceKey]) -> list[Baseline]:
        """Return what is remembered of an entity as another one's than these keys say."""
        if self.run.journal is None:
            return []
        recorded = await self.run.journal.baselines_of(entity.__type_name__, entity.id)
        return [
            baseline for baseline in recorded if is_remembered(entity, baseline) and baseline.key not in own
        ]

    async def _is_deleted(self, entity_type: type[Entity], key: SourceKey) -> bool:
        """Tell whether what an earlier sync recorded was deleted in Stash since, so that it is not to be made again."""
        baseline = self.run.baseline(entity_type.__type_name__, key)
        if baseline is None or (self.run.recreate and not baseline.is_undone):
            return False
        return await self.store.get(entity_type, baseline.stash_id) is None

    def _is_undone(self, entity_type: type[Entity], key: SourceKey) -> bool:
        """Tell whether what is deleted was taken back by undo: then another one of its name takes no part in a sync either."""
        baseline = self.run.baseline(entity_type.__type_name__, key)
        return baseline is not None and baseline.is_undone

    def _left_out(self, entity_type: type[Entity], key: SourceKey) -> None:
        is_undone = self._is_undone(entity_type, key)
        reason = UNDONE if is_undone else "it was deleted in Stash; --recreate makes it again"
        self.run.report.skip(key.kind, key.id, reason)

    def _apply(self, entity: Entity, key: SourceKey, wish: DesiredState) -> MergeResult:
        """Bring an entity to what the source asks for, without overwriting what the user edited."""
        applied = reconcile(entity, key, wish, self._baseline(entity, key), self.run.overwrite)
        if applied.undo_marks:
            self.run.report.skip(key.kind, key.id, UNDONE)
        return self._note(applied)

    def _note(self, applied: MergeResult) -> MergeResult:
        entity, unwritten = applied.entity, self.run.unwritten
        before = unwritten.get(entity)
        if before is not None and before.key != applied.key:
            unwritten[before] = before  # one entity may be several at the source
        self.run.applied[entity] = unwritten[entity] = applied
        return applied

    def _leave(self, entity: Entity, key: SourceKey, why: str) -> None:
        """Leave an entity as it is. What is remembered of it stays as well."""
        self._note(MergeResult(entity, key, kept=[why], is_left=True))
        self.run.report.keep(entity.__type_name__, entity.id, why)
