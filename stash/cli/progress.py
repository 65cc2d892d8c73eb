"""Progress on stderr: a bar on a terminal, plain lines now and then elsewhere, nothing when quiet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from stash.cli.gc_tuning import freeze_loaded

if TYPE_CHECKING:
    from rich.progress import Task

    from stash.cli.output import Output

STEPS = {
    "download": "Downloading",
    "ingest": "Reading payloads",
    "files": "Looking through the downloads",
    "scan": "Asking Stash for its files",
    "job": "Stash scans, percent",
    "sync": "Syncing posts and messages",
}

EVERY = 10.0
"""Seconds between two plain lines of one step."""


SHORT = 1.0
"""Seconds that a step must take to leave a line on a terminal."""


SLOW = 10.0
"""Rate a second below which tenths are shown."""


class _Count(ProgressColumn):
    """Show the parts that are done, the total, and the rate."""

    def render(self, task: Task) -> Text:
        done, speed = int(task.completed), task.finished_speed or task.speed
        count = f"{done}" if task.total is None else f"{done}/{int(task.total)}"
        return Text(f"{count}, {_rate(speed)}" if speed else count)


def _rate(speed: float) -> str:
    """Tell how many a second: a slow one with its tenths, so that it is not told as none."""
    return f"{speed:.0f}/s" if speed >= SLOW else f"{speed:.1f}/s"


class ConsoleProgress:
    """Show the steps of a run. See `stash.opening.Progress`."""

    def __init__(self, output: Output) -> None:
        self._console = output.err
        self._is_quiet = output.is_quiet
        self._bar: Progress | None = None
        self._step = ""
        self._total: int | None = None
        self._began = self._told = 0.0
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """However a step ended, the terminal is as it was."""
        self._stop()

    def start(self, step: str, total: int | None = None) -> None:
        """A step begins."""
        if step == "sync":  # the survey is done, and lasts as long as the run
            freeze_loaded()
        self._step, self._total, self._count = STEPS.get(step, step), total, 0
        self._began = self._told = time.monotonic()
        if self._is_quiet or not self._console.is_terminal:
            if not self._is_quiet and step not in STEPS:
                self._say(step)  # a wait, which may be long
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(None),
            _Count(),
            TimeRemainingColumn(compact=True),
        )
        self._bar = Progress(*columns, console=self._console, transient=True, expand=True)
        self._bar.start()
        self._bar.add_task(self._step, total=total)

    def advance(self, amount: int = 1) -> None:
        """So many parts more are done."""
        self._count += amount
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0], amount)
        elif not self._is_quiet and time.monotonic() - self._told >= EVERY:
            self._told = time.monotonic()
            self._say(f"{self._step}: {self._so_far()}")

    def finish(self) -> None:
        """The step is done."""
        self._stop()
        seconds = time.monotonic() - self._began
        if not self._is_quiet and not (self._console.is_terminal and seconds < SHORT):
            rate = f", {_rate(self._count / seconds)}" if self._count and seconds > 1 else ""
            count = f"{self._count} done, " if self._count else ""
            self._say(f"{self._step}: {count}{seconds:.1f} s{rate}")

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _so_far(self) -> str:
        seconds = time.monotonic() - self._began
        rate = self._count / seconds if seconds else 0.0
        if self._total is None or not rate:
            return f"{self._count} done, {_rate(rate)}"
        left = max(0, self._total - self._count) / rate
        return f"{self._count} of {self._total}, {_rate(rate)}, {left:.0f} s left"

    def _say(self, text: str) -> None:
        self._console.print(Text(text))
