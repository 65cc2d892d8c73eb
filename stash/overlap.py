"""Work that overlaps: in the background and in order, or a few things at once."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Self, overload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Sequence


class Line:
    """Runs pieces of work in their order, up to `depth` at a time; at the end of its block all of them are done.

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

    async def caught_up(self) -> None:
        """Wait until what was started is done."""
        for piece in self._under_way:
            await piece

    async def until(self, event: asyncio.Event) -> None:
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
                await self.caught_up()
        finally:
            if kind is asyncio.CancelledError:
                for piece in self._under_way:
                    piece.cancel()
            # the first error is the one to tell
            await asyncio.gather(*self._under_way, return_exceptions=True)


class Turns:
    """Lets one block in at a time, in the order of asking; who waits while another fails meets its error."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._errors: list[Exception] = []

    async def __aenter__(self) -> Self:
        """Wait for the turn."""
        met = len(self._errors)
        await self._lock.acquire()
        if len(self._errors) > met:
            self._lock.release()
            raise self._errors[-1]
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        """The next one's turn."""
        if isinstance(error, Exception):
            self._errors.append(error)
        self._lock.release()


@overload
async def together[A, B](one: Awaitable[A], other: Awaitable[B], /) -> tuple[A, B]: ...


@overload
async def together(*work: Awaitable[None]) -> Sequence[None]: ...


async def together(*work: Awaitable[Any]) -> Sequence[Any]:
    """Do a few things at once; an error of one ends the others."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
