"""Work that overlaps: in the background and in order, or a few things at once."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self, overload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterable, Sequence


class TaskPipeline:
    """Runs pieces of work in their order, up to `depth` at a time. At the end of its block all of them are done.

    An error of a piece is raised where a later one is started, or at the end. On an error the pieces under way are
    ended, on a cancellation of the block they are cancelled.
    """

    def __init__(self, depth: int = 1) -> None:
        self._depth = depth
        self._under_way: deque[asyncio.Task[None]] = deque()

    async def start(self, work: Coroutine[None, None, None]) -> None:
        """Begin a piece of work as soon as there is room for it."""
        try:
            while len(self._under_way) >= self._depth:
                await self._under_way[0]
                self._under_way.popleft()
        except BaseException:
            work.close()
            raise
        self._under_way.append(asyncio.create_task(work))

    async def drain(self) -> None:
        """Wait until what was started is done."""
        for piece in tuple(self._under_way):
            await piece

    async def run_until(self, event: asyncio.Event) -> None:
        """Let what is under way go on until an event, or to its end."""
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
        """Nothing is under way."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End what is under way."""
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
    """Lines side by side that never work on the same thing at once."""

    def __init__(self) -> None:
        self._claimed: dict[TaskPipeline, set[object]] = {}

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[TaskPipeline]:
        """A line. What it claimed is free at its end."""
        try:
            async with TaskPipeline() as line:
                yield line
        finally:
            self._claimed.pop(line, None)

    async def lock(self, line: TaskPipeline, things: Iterable[object]) -> None:
        """Claim things, once those lines have caught up that claimed some of them before."""
        wanted = set(things)
        for other in [other for other, theirs in self._claimed.items() if not wanted.isdisjoint(theirs)]:
            await other.drain()
        self._claimed[line] = wanted


class FifoLock:
    """Lets one block in at a time, in the order of asking. Who waits while another fails meets its error."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.errors: list[Exception] = []

    def ticket(self) -> Ticket:
        """A turn, to be waited for as a block."""
        return Ticket(self)


class Ticket:
    """A block's turn. It may be passed on before the block ends, while what was begun in it is still under way."""

    def __init__(self, turns: FifoLock) -> None:
        self._turns = turns
        self._is_held = False

    async def __aenter__(self) -> Self:
        """Wait for the turn."""
        met = len(self._turns.errors)
        await self._turns.lock.acquire()
        self._is_held = True
        if len(self._turns.errors) > met:
            self.release()
            raise self._turns.errors[-1]
        return self

    def release(self) -> None:
        """The next one's turn."""
        if self._is_held:
            self._is_held = False
            self._turns.lock.release()

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        """The next one's turn, if it is not yet."""
        if isinstance(error, Exception):
            self._turns.errors.append(error)
        self.release()


@overload
async def gather_or_cancel[A, B](one: Awaitable[A], other: Awaitable[B], /) -> tuple[A, B]: ...


@overload
async def gather_or_cancel[T](*work: Awaitable[T]) -> Sequence[T]: ...


async def gather_or_cancel(*work: Awaitable[Any]) -> Sequence[Any]:
    """Do a few things at once. An error of one ends the others."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def in_background(work: Awaitable[Any]) -> AsyncIterator[None]:
    """Do something while the block runs. An error of the block is the one to tell, and ends it."""
    task = asyncio.ensure_future(work)
    try:
        yield
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
