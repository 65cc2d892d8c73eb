"""`stash-sync undo`: takes back what a run did."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from stash.cli.commands import SYNC, alone, app, make_output, make_settings, server_of, with_stash
from stash.cli.flags import DatabaseUrl, Downloads, EmbeddedDir, Json, Url
from stash.cli.helping import Command
from stash.cli.progress import ConsoleProgress
from stash.cli.running import finish
from stash.cli.summaries import UNDO_COLUMNS, undo_lines, undo_rows

if TYPE_CHECKING:
    from stash.report import Report


@app.command(cls=Command, rich_help_panel=SYNC)
def undo(  # noqa: PLR0913 - each flag is a parameter, as typer has it
    run: Annotated[str, typer.Argument(help="The run's number, or `last`: the newest not taken back yet.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be taken back, and write nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Take back also what was edited in Stash since.")
    ] = False,
    url: Url = None,
    database: DatabaseUrl = None,
    downloads: Downloads = None,
    embedded_dir: EmbeddedDir = None,
    json: Json = False,
) -> int:
    """Take back what a run did, as far as nobody has changed it since. Later syncs leave it so until `sync --redo`."""
    output = make_output(json, quiet=True, verbose=False)
    settings = make_settings(url=url, database=database, downloads=downloads)

    async def work() -> tuple[int, Report]:
        from stash.undo import session  # noqa: PLC0415 - slow to import, so the lock is taken before

        options = session.SyncOptions(dry_run=dry_run, server=server_of(embedded_dir), is_forced=force)
        with ConsoleProgress(make_output(json, quiet=False, verbose=False)) as steps:
            return await with_stash(settings, embedded_dir, lambda s: session.undo(s, run, options, steps))

    number, report = finish(work() if dry_run else alone(settings, work))
    output.emit({**report.summary(), "undone": number})
    output.screen(UNDO_COLUMNS, undo_rows(report), partial(undo_lines, number, report))
    return report.exit_code
