"""Tasks that overlap: in the background and in order, or a few at once."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self, overload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterable, Sequence


class TaskPipeline:
    """Runs tasks in their order, up to `depth` at a time. At the end of its block all of them are done.

    The error of a task is raised where a later one is started, or at the end. On an error the running tasks are
    awaited. On a cancellation of the block they are cancelled.
    """

    def __init__(self, depth: int = 1) -> None:
        self._depth = depth
        self._under_way: deque[asyncio.Task[None]] = deque()

    async def start(self, work: Coroutine[None, None, None]) -> None:
        """Start a task as soon as fewer than `depth` are running."""
        try:
            while len(self._under_way) >= self._depth:
                await self._under_way[0]
                self._under_way.popleft()
        except BaseException:
            work.close()
            raise
        self._under_way.append(asyncio.create_task(work))

    async def drain(self) -> None:
        """Wait until every started task is done."""
        for piece in tuple(self._under_way):
            await piece

    async def run_until(self, event: asyncio.Event) -> None:
        """Let the running tasks go on until an event, or to their end."""
        under_way = [piece for piece in self._under_way if not piece.done()]
        if event.is_set() or not under_way:
            await asyncio.sleep(0)
            return
        waiting = asyncio.create_task(event.wait())
        try:
            await asyncio.wait([waiting, *under_way], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    async def __aenter__(self) -> Self:
        """Begin with no task."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for the running tasks, or cancel them with the block."""
        try:
            if kind is None:
                await self.drain()
        finally:
            if kind is asyncio.CancelledError:
                for piece in self._under_way:
                    piece.cancel()
            # the first error is the one to tell
            await asyncio.gather(*self._under_way, return_exceptions=True)


class EntityLocks:
    """Pipelines side by side, of which no two work on the same entity at once."""

    def __init__(self) -> None:
        self._locked: dict[TaskPipeline, set[object]] = {}

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[TaskPipeline]:
        """Return a pipeline. The entities that it locked are free at its end."""
        try:
            async with TaskPipeline() as task_pipeline:
                yield task_pipeline
        finally:
            self._locked.pop(task_pipeline, None)

    async def lock(self, task_pipeline: TaskPipeline, entities: Iterable[object]) -> None:
        """Lock entities, after the pipelines that locked some of them before are drained."""
        wanted = set(entities)
        for other in [other for other, locked in self._locked.items() if not wanted.isdisjoint(locked)]:
            await other.drain()
        self._locked[task_pipeline] = wanted


class FifoLock:
    """A fair (FIFO) lock. If a holder raises, everyone already waiting raises the same error."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.errors: list[Exception] = []

    def ticket(self) -> Ticket:
        """Return a ticket, to be entered as a block."""
        return Ticket(self)


class Ticket:
    """One hold of the lock. It may be released before its block ends, while what began in it is still running."""

    def __init__(self, turns: FifoLock) -> None:
        self._turns = turns
        self._is_held = False

    async def __aenter__(self) -> Self:
        """Acquire the lock."""
        errors_before = len(self._turns.errors)
        await self._turns.lock.acquire()
        self._is_held = True
        if len(self._turns.errors) > errors_before:
            self.release()
            raise self._turns.errors[-1]
        return self

    def release(self) -> None:
        """Release the lock to the next ticket."""
        if self._is_held:
            self._is_held = False
            self._turns.lock.release()

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Release the lock, if it is still held."""
        if isinstance(error, Exception):
            self._turns.errors.append(error)
        self.release()


@overload
async def gather_or_cancel[A, B](one: Awaitable[A], other: Awaitable[B], /) -> tuple[A, B]: ...


@overload
async def gather_or_cancel[T](*work: Awaitable[T]) -> Sequence[T]: ...


async def gather_or_cancel(*work: Awaitable[Any]) -> Sequence[Any]:
    """Await a few tasks at once. If one raises, the others are cancelled."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def in_background(work: Awaitable[Any]) -> AsyncIterator[None]:
    """Run a task while the block runs. An error of the block cancels the task and is the one that is raised."""
    task = asyncio.ensure_future(work)
    try:
        yield
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
