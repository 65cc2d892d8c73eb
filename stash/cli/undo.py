"""`stash-sync undo`: takes back what a run did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from stash.cli.commands import SYNC, alone, command, make_output, make_settings, with_stash
from stash.cli.flags import EmbeddedDir, Json
from stash.cli.groups import OutputFlags, SourceFlags, server_of
from stash.cli.progress import ConsoleProgress
from stash.cli.running import finish
from stash.cli.summaries import UNDO_COLUMNS, undo_lines, undo_rows

if TYPE_CHECKING:
    from stash.report import Report


@dataclass(frozen=True, kw_only=True)
class UndoFlags:
    """Flags for the way an undo works."""

    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be taken back, and write nothing.")
    ] = False
    force: Annotated[bool, typer.Option("--force", help="Take back also what was edited in Stash since.")] = (
        False
    )


@command(SYNC)
def undo(
    run: Annotated[str, typer.Argument(help="The run's number, or `last`: the newest not taken back yet.")],
    *,
    how: UndoFlags,
    source: SourceFlags,
    embedded_dir: EmbeddedDir = None,
    json: Json = False,
) -> int:
    """Take back what a run did, as far as nobody has changed it since. Later syncs leave it so until `sync --redo`."""
    output = make_output(OutputFlags(json=json, quiet=True))
    settings = make_settings(**asdict(source))

    async def work() -> tuple[int, Report]:
        from stash.undo import session  # noqa: PLC0415 - slow to import, so the lock is taken before

        options = session.SyncOptions(
            dry_run=how.dry_run, server=server_of(embedded_dir), is_forced=how.force
        )
        with ConsoleProgress(make_output(OutputFlags(json=json))) as steps:
            return await with_stash(settings, embedded_dir, lambda s: session.undo(s, run, options, steps))

    number, report = finish(work() if how.dry_run else alone(settings, work))
    output.emit({**report.summary(), "undone": number})
    output.screen(UNDO_COLUMNS, undo_rows(report), partial(undo_lines, number, report))
    return report.exit_code
