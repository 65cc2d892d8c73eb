"""stash-sync, as `stash-sync sync` runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.cli.gc_tuning import tuned
from stash.settings import Settings
from stash.sync import SyncOptions
from stash.sync import sync as run

if TYPE_CHECKING:
    from benchmarks.competitors import Task


class Silent:
    """Progress that nobody watches."""

    def start(self, step: str, total: int | None = None) -> None:
        """Nothing."""

    def advance(self, amount: int = 1) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""


async def sync(task: Task) -> None:
    """One run; ends with an error where anything was left out."""
    settings = Settings(url=task.url, database=str(task.database), downloads=task.downloads)
    with tuned():
        report = await run(settings, SyncOptions(), Silent())
    assert report.exit_code == 0, report.summary()
