"""Time as a test has it: what is waited for between two attempts passes at once, and counts all the same."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import tenacity
from tenacity import AsyncRetrying

from stash.transport import retry as patience

if TYPE_CHECKING:
    import pytest


class Clock:
    """The time that passed, in seconds; waiting moves it on."""

    def __init__(self) -> None:
        self.waited = 0.0

    def monotonic(self) -> float:
        """The time now."""
        return time.monotonic() + self.waited

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        self.waited += seconds
        await asyncio.sleep(0)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Have the waits between two attempts at a request pass on this clock."""
        patch.setattr(tenacity, "time", self)
        patch.setattr(patience, "AsyncRetrying", partial(AsyncRetrying, sleep=self.sleep))


@dataclass
class Seconds:
    """The clock of a Stash, `step` seconds later each time that it is read: Stash keeps whole seconds."""

    moment: datetime
    step: float = 1

    def __call__(self) -> datetime:
        """The time now."""
        self.moment += timedelta(seconds=self.step)
        return self.moment
