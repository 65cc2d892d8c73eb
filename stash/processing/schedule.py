"""Overlap deciding and writing: while Stash works on one batch of a chunk, the next is decided.

decide   | people and tags | find files | batch 1 | batch 2 | batch 3 |          | chapters |
flush    |                 | people ... |         | batch 1 | batch 2 | batch 3  |          | the rest |
record   |                              |                   | batch 1 | batch 2 | batch 3  |          | the rest |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.concurrency import TaskPipeline
from stash.processing.flush import Flusher
from stash.processing.prune import Pruner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stash.processing.chunk import FlushBatch
    from stash.processing.item_processing import ItemProcessing
    from stash.processing.record import ChunkRecorder
    from stash.reconcile.chunk import Chunk
    from stash.source.items import Item

FIRST_BATCH = 40
"""Items of the first batch, so that Stash has work soon. Each further one has twice as many."""

MAX_BATCH = 160
"""Items of a batch at most."""

YIELD_EVERY = 4
"""Items that are decided before another task gets its turn, such as the next request: a few milliseconds."""

MAX_QUEUED = 3
"""Batches that may wait for Stash to take them."""


class Schedule:
    """Decides and writes one chunk."""

    def __init__(self, processing: ItemProcessing, recorder: ChunkRecorder) -> None:
        self._processing = processing
        self._recorder = recorder
        self._flusher = Flusher(processing)
        self._pruner = Pruner(processing)

    async def run(self, chunk: Chunk) -> None:
        """Decide a chunk, and flush and record each batch of it while the next one is decided."""
        processing = self._processing
        in_flight = processing.store.connection.transport.requests_in_flight
        async with TaskPipeline() as recording:
            async with TaskPipeline(depth=MAX_QUEUED) as flushing:
                known = await processing.link_known_items(chunk)
                await flushing.start(self._flusher.flush(known))
                files = await processing.find_files(chunk)
                batches = list(batches_of(chunk.items))
                for number, batch in enumerate(batches, start=1):
                    for place, item in batch:
                        await processing.sync_item(item, files)
                        if place % YIELD_EVERY == 0:
                            await flushing.run_until(in_flight)
                    if number == len(batches):
                        await processing.sync_unattached(chunk, files)
                    await flushing.start(self._write(processing.take_batch(), recording))
            await self._sync_chapters()
            await self._write(processing.take_batch(), recording, is_last=True)

    async def plan(self, chunk: Chunk) -> None:
        """Decide a chunk, and write nothing."""
        processing = self._processing
        files = await processing.find_files(chunk)
        for item in chunk.items:
            await processing.sync_item(item, files)
        await processing.sync_unattached(chunk, files)
        await self._sync_chapters()

    async def _sync_chapters(self) -> None:
        await self._processing.sync_chapters()
        await self._pruner.prune(self._processing.work.galleries)

    async def _write(self, batch: FlushBatch, recording: TaskPipeline, *, is_last: bool = False) -> None:
        """Flush a batch, or with the last one whatever is pending, and record what Stash confirmed."""
        await self._flusher.flush(None if is_last else batch.entities())
        outcomes = self._flusher.outcomes(None if is_last else batch.results)
        await recording.start(self._recorder.record(batch, outcomes))


def batches_of(items: Sequence[Item]) -> Iterator[list[tuple[int, Item]]]:
    """Part the items of a chunk, each with its place. There is at least one batch, which may be empty."""
    size = FIRST_BATCH
    numbered = list(enumerate(items))
    yield numbered[:size]
    start = size
    while start < len(numbered):
        size = min(2 * size, MAX_BATCH)
        yield numbered[start : start + size]
        start += size
