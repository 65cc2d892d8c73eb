"""The commands that look back at runs, and the one that forgets them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from stash.cli.commands import LOOK, OTHER, alone, command, make_output, make_settings
from stash.cli.flags import DatabaseUrl, Json
from stash.cli.groups import OutputFlags
from stash.cli.running import finish
from stash.cli.times import lasting, local
from stash.errors import UsageError
from stash.undo.select_run import undone_by

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from stash.journal import Journal, RunRow
    from stash.settings import Settings

_MEANS = (
    "Without its memory stash-sync cannot undo earlier runs, nor tell your edits from what it wrote: the next sync "
    "keeps whatever stands in Stash, and makes again what you emptied or deleted there."
)

Yes = Annotated[bool, typer.Option("--yes", help="Really do it: what is forgotten cannot be had back.")]


@command(LOOK)
def runs(
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="So many, the newest first.")] = 20,
    database: DatabaseUrl = None,
    json: Json = False,
) -> int:
    """The runs so far, the newest first: when, what, and how they ended."""
    output = make_output(OutputFlags(json=json, quiet=True))

    async def read(settings: Settings) -> tuple[Sequence[RunRow], dict[int, int]]:
        async with journal_of(settings) as journal:
            return await journal.runs.newest(limit), undone_by(await journal.runs.undos())

    found, undone = finish(read(make_settings(database=database)))
    listed = [{**asdict(run), "undone_by": undone.get(run.id)} for run in found]
    output.emit({"exit_code": 0, "runs": listed})
    columns = (
        "run", "command", "started", "took", "outcome", "made", "changed", "removed", "kept", "creators",
    )  # fmt: skip
    if found:
        output.listing("Runs, the newest first", columns, [_run_row(run, undone) for run in found])
        output.say("`stash-sync report RUN` tells what one of them did, --html FILE as a page.")
    else:
        output.say("There was no run yet; `stash-sync sync --dry-run` shows what the first would do.")
    return 0


def _run_row(run: RunRow, undone: Mapping[int, int]) -> tuple[object, ...]:
    counts = [one for one in (run.counts.get("entities") or {}).values() if isinstance(one, dict)]
    made, changed, kept = (sum(one.get(name, 0) for one in counts) for name in ("created", "updated", "kept"))
    removed = sum((run.counts.get("removed") or {}).values())
    took, names = lasting(run.started_at, run.ended_at), ", ".join(run.creators)
    outcome = f"undone by {undone[run.id]}" if run.id in undone else run.outcome or "did not end"
    when = local(run.started_at)
    return run.id, run.command, when, took, outcome, made, changed, removed, kept, names


@command(OTHER)
def forget(*, yes: Yes = False, database: DatabaseUrl = None, json: Json = False) -> int:
    """Drop what stash-sync remembers (its sync_ tables). The downloader's tables and Stash stay as they are."""
    output = make_output(OutputFlags(json=json, quiet=True))
    settings = make_settings(database=database)
    if not yes:
        raise UsageError(f"{_MEANS} Say --yes to do it.")

    async def drop() -> Path | None:
        async with journal_of(settings, is_read_only=False) as journal:
            return await journal.forget()

    copy = finish(alone(settings, drop))
    output.emit({"exit_code": 0, "outcome": "forgotten", "copy": None if copy is None else str(copy)})
    if copy is not None:
        output.say(f"The database was copied to {copy} before.")
    output.say(f"Forgotten. {_MEANS}")
    return 0


def address_of(settings: Settings) -> str:
    """The metadata database that is named.

    Raises:
        UsageError: none is.
    """
    if settings.database is None:
        raise UsageError("No metadata database is named; set STASH_SYNC_DATABASE_URL or give --database.")
    return settings.database


@asynccontextmanager
async def journal_of(settings: Settings, *, is_read_only: bool = True) -> AsyncIterator[Journal]:
    """The journal of these settings, without a Stash."""
    from stash.journal import Journal, open_state  # noqa: PLC0415 - likewise
    from stash.source.database import Database  # noqa: PLC0415 - slow to import

    if is_read_only and settings.state is not None and settings.database is not None:
        async with (
            await Database.open(settings.database, read_only=True) as database,
            Journal.reading(database, settings.state) as journal,
        ):
            yield journal
        return
    opening = (
        open_state(settings.state, read_only=is_read_only)
        if settings.state is not None
        else Database.open(address_of(settings), read_only=is_read_only)
    )
    async with await opening as database:
        yield await Journal.open(database, is_read_only=is_read_only)
