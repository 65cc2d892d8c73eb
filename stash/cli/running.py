"""Running a command's work, so that a signal ends it in order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from stash.cli.signals import BOTH, Signalled, heed

if TYPE_CHECKING:
    import signal
    from collections.abc import Coroutine


def finish[T](work: Coroutine[None, None, T]) -> T:
    """Do the work. SIGINT and SIGTERM cancel it, so that it leaves everything in order.

    Raises:
        Signalled: a signal ended it.
    """
    received: list[signal.Signals] = []

    async def guarded() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - this is one

        def stop(number: signal.Signals) -> None:
            received.append(number)
            task.cancel()

        for number in BOTH:
            loop.add_signal_handler(number, stop, number)
        return await work

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        if not received:
            raise
    finally:
        heed()
    raise Signalled(received[0])
