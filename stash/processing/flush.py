"""Writing what was decided, one batch behind the deciding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stash.processing.record import RUN_SCOPED_TYPES, Recording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.concurrency import TaskPipeline
    from stash.processing.record import Decided
    from stash.reconcile.reconciler import MergeResult
    from stash.store.entity_types import Entity

    type Stamp = tuple[str, int, Entity]


@dataclass
class Batch:
    """What was decided since the last batch: entities, and the downloader's rows that are to carry their ids."""

    applied: dict[Entity | MergeResult, MergeResult]
    stamps: list[Stamp]

    def entities(self) -> list[Entity]:
        """The entities, and the files that joined or left their galleries."""
        found: dict[Entity, None] = {}
        for applied in self.applied.values():
            found[applied.entity] = None
            for name in ("images", "scenes"):
                if name in applied.sets:
                    found |= dict.fromkeys(applied.sets[name][1].values())
        return list(found)


class Writing(Recording):
    """Writes a batch of what was decided while the next one is being decided."""

    async def _write(
        self, decided: Decided, batch: Batch, remembering: TaskPipeline, *, is_last: bool = False
    ) -> None:
        """Write a batch, or as the last one whatever is pending. Remember what Stash confirmed."""
        await self._flush(decided, None if is_last else batch.entities())
        among = None if is_last else batch.applied
        outcomes = self.run.recorder.take(among) if self.run.recorder is not None else []
        await remembering.start(self._remember(batch, decided.refused, outcomes))

    async def _flush(self, decided: Decided, entities: Sequence[Entity] | None = None) -> None:
        """Write these entities, or whatever is pending. What Stash refused is decided anew by the next run."""
        flushed = await self.store.flush(entities, with_names=True)
        if flushed.failed:
            self.store.rollback(entities, keeping=RUN_SCOPED_TYPES)
        decided.note(flushed)

    def _take(self) -> Batch:
        batch = Batch(self.run.unwritten, self.run.stamps)
        self.run.unwritten, self.run.stamps = {}, []
        return batch
