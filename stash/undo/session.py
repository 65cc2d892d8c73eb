"""Undo: take back what a run did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.opening import SyncOptions, open_database, open_journal
from stash.reach import open_stash
from stash.report import Report
from stash.undo.execute import UndoRun
from stash.undo.select_run import chosen_run

if TYPE_CHECKING:
    import httpx

    from stash.opening import Progress
    from stash.settings import Settings

__all__ = ["SyncOptions", "undo"]


async def undo(
    settings: Settings,
    named: str,
    options: SyncOptions,
    progress: Progress | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> tuple[int, Report]:
    """Take back what a run did, by its number or `last`. Return the number and what was done.

    Raises:
        UsageError: there is no such run, or what it changed is not kept any more.
        RefusedError: it was with another Stash.
    """
    report = Report(plan=[] if options.dry_run else None)
    async with (
        open_database(settings, options) as database,
        open_stash(settings, progress, transport, is_dry=options.dry_run) as context,
    ):
        await context.get_client()
        async with open_journal(settings, database, context, options) as (journal, _):
            run = await chosen_run(journal, named)
            await UndoRun(context.store, journal, report, is_forced=options.is_forced).undo(run)
            if not options.dry_run:
                await journal.log.retain(settings.keep_runs)
    return run.id, report
