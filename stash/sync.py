"""Sync: bring into Stash what may have changed since the last sync."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from stash.look.session import LookKey, report_nothing_new, see
from stash.opening import SyncOptions, downloads_folder, find_files, open_database

if TYPE_CHECKING:
    import httpx

    from stash.opening import Progress
    from stash.report import Report
    from stash.settings import Settings

__all__ = ["SyncOptions", "sync"]


async def sync(
    settings: Settings,
    options: SyncOptions,
    progress: Progress,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Report:
    """Bring what the metadata database and the downloads hold into Stash.

    Raises:
        SyncError: nothing could be done, or no more. What was done is remembered.
        MetadataError: the metadata database cannot be read.
    """
    began = time.monotonic()
    downloads_folder(settings)
    async with open_database(settings, options) as database:
        key = LookKey(
            options.server or str(settings.url or ""), options.creators, options.scan, options.looks_at_all
        )
        seen = await see(settings, key, database, partial(find_files, settings, progress))
        if seen.is_source_unchanged:
            report = await report_nothing_new(seen, settings, database, transport, is_dry=options.dry_run)
            if report is not None:
                report.header.seconds = time.monotonic() - began
                return report
        from stash.sync_session import Session, bring  # noqa: PLC0415 - the library behind it is slow to import

        session = Session(settings, options, progress, transport, began, asked=int(seen.is_source_unchanged))
        return await bring(session, seen, database)
