"""Work that overlaps: in the background and in order, or a few things at once."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Self, overload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Sequence


class Line:
    """Runs pieces of work in their order, up to `depth` at a time; at the end of its block all of them are done.

    An error of a piece is raised where a later one is started, or at the end. On an error of the block itself the
    pieces under way are ended, on its cancellation they are cancelled. A line may queue `after` another: its first
    piece waits for the other's last, and meets its error.
    """

    def __init__(self, depth: int = 1, after: Line | None = None) -> None:
        self._depth = depth
        self._after = after
        self._under_way: deque[asyncio.Task[None]] = deque()

    async def start(self, work: Coroutine[None, None, None]) -> None:
        """Begin a piece of work as soon as there is room for it."""
        try:
            if self._after is not None:
                await self._after.passed()
                self._after = None
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

    async def passed(self) -> None:
        """Wait, from without, until what was started is done."""
        if self._under_way:
            await asyncio.wait(self._under_way)
            self._under_way[-1].result()
        elif self._after is not None:
            await self._after.passed()

    async def __aenter__(self) -> Self:
        """Nothing is under way."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End what is under way."""
        if kind is None:
            await self.caught_up()
            return
        if kind is asyncio.CancelledError:
            for piece in self._under_way:
                piece.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)  # the block's error is the one to tell


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
