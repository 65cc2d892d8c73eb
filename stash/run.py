"""Run: download with a command of the user's, ingest payloads, then sync."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stash.download_command import download
from stash.opening import database_address
from stash.sync import sync

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from metadata.ingest import IngestResult
    from stash.opening import Progress, SyncOptions
    from stash.report import Report
    from stash.settings import Settings


@dataclass(frozen=True)
class SyncSource:
    """The steps before a sync: a command that downloads, and files or folders of API payloads. Both may be absent."""

    download_command: str | None = None
    payloads: tuple[Path, ...] = ()


async def run(settings: Settings, options: SyncOptions, progress: Progress, source: SyncSource) -> Report:
    """Download with a command of the user's (or not at all), ingest payloads (or none), then sync.

    A dry run plans the sync alone, of what there is already.

    Raises:
        UsageError: the command failed.
    """
    if source.download_command is not None and not options.dry_run:
        progress.start("download")
        await download(source.download_command)
        progress.finish()
    ingested = (
        await ingest(settings, source.payloads, progress) if source.payloads and not options.dry_run else None
    )
    report = await sync(settings, options, progress)
    for failure in ingested.failures if ingested is not None else ():
        report.skip("payload", "", str(failure), is_failure=True)
    return report


async def ingest(settings: Settings, payloads: Sequence[Path], progress: Progress) -> IngestResult:
    """Load payloads into a database of our own, made where there is none."""
    from metadata.ingest import ingest_paths  # noqa: PLC0415 - only `ingest` and `run` need it
    from metadata.making import open_or_make  # noqa: PLC0415 - likewise

    left = 0

    def on_file(still: int) -> None:
        nonlocal left
        if not left:
            progress.start("ingest", still)
        progress.advance(max(0, left - still))
        left = still

    async with await open_or_make(database_address(settings)) as database:
        result = await ingest_paths(database, payloads, on_file)
    if left:
        progress.advance(left)
        progress.finish()
    return result
