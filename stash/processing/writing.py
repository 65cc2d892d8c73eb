"""Writing what was decided, one batch behind the deciding."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stash.processing.recording import LASTING, Recording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

    from stash.processing.recording import Decided
    from stash.processing.wishes import Applied
    from stash.store.kinds import Entity

    type Stamp = tuple[str, int, Entity]


@dataclass
class Batch:
    """What was decided since the last batch: entities, and the downloader's rows that are to carry their ids."""

    applied: dict[int, Applied]
    stamps: list[Stamp]

    def entities(self) -> list[Entity]:
        """The entities, and the files that joined or left their galleries."""
        found: dict[int, Entity] = {}
        for applied in self.applied.values():
            found[id(applied.entity)] = applied.entity
            for name in ("images", "scenes"):
                if name in applied.sets:
                    found |= {id(file): file for file in applied.sets[name][1].values()}
        return list(found.values())


class Writing(Recording):
    """Writes a batch of what was decided while the next one is being decided."""

    async def _write(self, decided: Decided, batch: Batch, *, is_last: bool = False) -> None:
        """Write a batch, and with the last one whatever else is pending; remember what Stash confirmed."""
        entities = batch.entities()
        flushed = await self.store.flush(None if is_last else entities)
        await self._remember(batch, flushed)
        decided.flushed.add(flushed)
        if flushed.failed:  # the next run decides it anew
            self.store.rollback(None if is_last else entities, keeping=LASTING)

    def _take(self) -> Batch:
        batch = Batch(self.run.unwritten, self.run.stamps)
        self.run.unwritten, self.run.stamps = {}, []
        return batch


@asynccontextmanager
async def one_behind() -> AsyncIterator[Callable[[Coroutine[None, None, None]], Awaitable[None]]]:
    """Run one piece of work in the background, the next when it has ended; at the end of the block all is done."""
    under_way: asyncio.Task[None] | None = None

    async def start(work: Coroutine[None, None, None]) -> None:
        nonlocal under_way
        if under_way is not None:
            try:
                await under_way
            except BaseException:
                work.close()
                raise
        under_way = asyncio.create_task(work)

    try:
        yield start
        if under_way is not None:
            await under_way
    finally:
        if under_way is not None and not under_way.done():
            under_way.cancel()
            with suppress(asyncio.CancelledError):
                await under_way
