"""`stash-sync report`: what a run did, on one screen, as JSON, or as a page."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from stash.cli.commands import LOOK, command, make_output, make_settings
from stash.cli.flags import DatabaseUrl, Downloads, Html, Json
from stash.cli.groups import OutputFlags
from stash.cli.history import journal_of
from stash.cli.places import writable_page
from stash.cli.running import finish
from stash.cli.summaries import UNDO_COLUMNS, report_lines, undo_rows
from stash.cli.times import local
from stash.errors import UsageError
from stash.undo.select_run import undone_by

LAST = "last"

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.journal import LogEntry, RunRow
    from stash.settings import Settings


@command(LOOK)
def report(
    run: Annotated[str, typer.Argument(help="The run's number, or `last`: the newest.")] = LAST,
    *,
    html: Html = None,
    database: DatabaseUrl = None,
    downloads: Downloads = None,
    json: Json = False,
) -> int:
    """Tell what a run did: its figures, what could not be matched and why, what was kept for you."""
    from stash.report import report_of  # noqa: PLC0415 - as the others

    output = make_output(OutputFlags(json=json, quiet=True))
    writable_page(html)
    settings = make_settings(database=database, downloads=downloads)
    found, operations, undone = finish(_read(settings, _number(run), with_operations=json))
    if html is not None:
        from stash.page import write_page_of_run  # noqa: PLC0415 - only a page needs it

        finish(write_page_of_run(html, settings, found.id, "stash-sync sync"))
    about = {name: value for name, value in asdict(found).items() if name != "counts"}
    changes = [one._asdict() for one in operations]
    output.emit({**found.counts, **about, "undone_by": undone, "exit_code": 0, "changes": changes})
    ended = f"to {found.ended_at.astimezone():%H:%M}" if found.ended_at else "did not end"
    names = ", ".join(found.creators[:5]) + (" …" if len(found.creators) > 5 else "")  # noqa: PLR2004 - one line
    undoing = f", undone by run {undone}" if undone is not None else ""
    output.say(
        f"Run {found.id}: {found.command} of {names or 'nobody'}, {local(found.started_at)} {ended}{undoing}"
    )
    told = report_of(found.counts)
    if found.command.startswith("undo "):
        output.screen(UNDO_COLUMNS, undo_rows(told), partial(report_lines, told, is_new=False))
    elif not json:
        output.report(told, is_new=False)
    if html is not None:
        output.say(f"The page is in {html}.")
    return 0


def _number(text: str) -> int | None:
    """The number of a run. None means the newest.

    Raises:
        UsageError: it is neither a number nor `last`.
    """
    if text == LAST:
        return None
    if not text.isdecimal():
        raise UsageError(
            f"{text!r} is no run; give a number, as `stash-sync runs` lists them, or `{LAST}` for the newest."
        )
    return int(text)


async def _read(
    settings: Settings, number: int | None, *, with_operations: bool
) -> tuple[RunRow, Sequence[LogEntry], int | None]:
    from stash.page import find_run  # noqa: PLC0415 - slow to import

    async with journal_of(settings) as journal:
        run = await find_run(journal, number)
        operations = await journal.log.entries(run.id) if with_operations else ()
        return run, operations, undone_by(await journal.runs.undos()).get(run.id)
