"""Work that overlaps: in the background one piece at a time, or a few things at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, overload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Sequence


class OneBehind:
    """Runs pieces of work in their order; at the end of its block all of them are done.

    An error of a piece is raised where the next one is started, or at the end. On an error of the block itself the
    piece that is under way is ended, on its cancellation it is cancelled.
    """

    def __init__(self) -> None:
        self._under_way: asyncio.Task[None] | None = None

    async def start(self, work: Coroutine[None, None, None]) -> None:
        """Begin a piece of work as soon as the one before is done."""
        try:
            await self.caught_up()
        except BaseException:
            work.close()
            raise
        self._under_way = asyncio.create_task(work)

    async def caught_up(self) -> None:
        """Wait until what was started is done."""
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            await under_way

    async def __aenter__(self) -> Self:
        """Nothing is under way."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End what is under way."""
        if kind is None:
            await self.caught_up()
            return
        if kind is asyncio.CancelledError and self._under_way is not None:
            self._under_way.cancel()
        with suppress(Exception, asyncio.CancelledError):  # the error of the block is the one to tell
            await self.caught_up()


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
