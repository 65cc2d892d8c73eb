"""Flush what was decided, and keep what Stash said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.processing.context import RUN_SCOPED_TYPES

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from stash.journal import Outcome
    from stash.processing.base import StashProcessingBase
    from stash.store.entity_types import Entity


class Flusher:
    """Has the store write entities. What Stash refused is rolled back, and decided anew by the next run."""

    def __init__(self, processing: StashProcessingBase) -> None:
        self._processing = processing

    async def flush(self, entities: Sequence[Entity] | None = None) -> None:
        """Write these entities, or whatever is pending."""
        store, work = self._processing.store, self._processing.work
        flushed = await store.flush(entities, with_names=True)
        if flushed.failed:
            store.rollback(entities, keeping=RUN_SCOPED_TYPES)
        work.flushed.add(flushed)

    def outcomes(self, among: Container[object] | None = None) -> list[Outcome]:
        """Return the outcomes that are not recorded yet, of these entities or of all."""
        log = self._processing.flush_log
        return [] if log is None else log.take(among)
