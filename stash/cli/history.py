"""The commands that look back: runs, status, forget."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stash.cli.commands import (
    DatabaseUrl,
    Json,
    alone,
    app,
    make_output,
    make_settings,
)
from stash.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from stash.journal import Journal, RunRow
    from stash.settings import Settings

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def runs(
    *,
    limit: Annotated[int, typer.Option("--limit", help="So many, the newest first.")] = 20,
    database: DatabaseUrl = None,
    json: Json = False,
) -> int:
    """The runs so far, the newest first: when, what, and how they ended."""
    output = make_output(json, quiet=True, verbose=False)

    async def read(settings: Settings) -> Sequence[RunRow]:
        async with journal_of(settings) as journal:
            return await journal.runs(limit)

    found = asyncio.run(read(make_settings(database=database)))
    output.emit({"exit_code": 0, "runs": [asdict(run) for run in found]})
    output.table("Runs", ("run", "command", "started", "ended", "outcome"), [_run_row(run) for run in found])
    return 0


def _run_row(run: RunRow) -> tuple[object, ...]:
    ended = run.ended_at.strftime("%Y-%m-%d %H:%M") if run.ended_at else "-"
    return run.id, run.command, run.started_at.strftime("%Y-%m-%d %H:%M"), ended, run.outcome or "did not end"


@app.command()
def status(*, database: DatabaseUrl = None, json: Json = False) -> int:
    """Each creator of the database: when it was last synced, and how that ended."""
    output = make_output(json, quiet=True, verbose=False)
    rows = asyncio.run(_status(make_settings(database=database)))
    output.emit({"exit_code": 0, "creators": rows})
    shown = [
        (one["username"], one["media"], one["last_sync"] or "never", one["outcome"] or "-") for one in rows
    ]
    output.table("Creators", ("creator", "media synced", "last sync", "outcome"), shown)
    return 0


async def _status(settings: Settings) -> list[dict[str, Any]]:
    from metadata.database import Database  # noqa: PLC0415 - slow to import
    from metadata.reader import Reader  # noqa: PLC0415 - likewise

    async with (
        journal_of(settings) as journal,
        await Database.open(_address(settings), read_only=True) as database,
    ):
        creators = await Reader(database).creators()
        last: dict[str, RunRow] = {}
        for run in reversed(await journal.runs(1000)):
            last |= dict.fromkeys(run.creators, run)
        counts = await journal.media_by_account()
    rows = []
    for creator in creators:
        newest = last.get(creator.username)
        ended = newest.ended_at.isoformat() if newest is not None and newest.ended_at else None
        outcome = newest.outcome if newest is not None else None
        media = counts.get(creator.id, 0)
        rows.append({"username": creator.username, "media": media, "last_sync": ended, "outcome": outcome})
    return rows


@app.command()
def forget(*, yes: Yes = False, database: DatabaseUrl = None, json: Json = False) -> int:
    """Drop what stash-sync remembers (its sync_ tables); the downloader's tables and Stash stay as they are."""
    output = make_output(json, quiet=True, verbose=False)
    settings = make_settings(database=database)
    if not yes:
        raise UsageError(
            "This forgets what was synced, so that later edits cannot be told apart; say --yes to do it."
        )

    async def drop() -> None:
        async with journal_of(settings, is_read_only=False) as journal:
            await journal.forget()

    asyncio.run(alone(settings, drop))
    output.emit({"exit_code": 0, "outcome": "forgotten"})
    output.say("Forgotten; the next sync starts afresh and keeps whatever stands in Stash.")
    return 0


def _address(settings: Settings) -> str:
    if settings.database is None:
        raise UsageError("No metadata database is named; set STASH_SYNC_DATABASE_URL or give --database.")
    return settings.database


@asynccontextmanager
async def journal_of(settings: Settings, *, is_read_only: bool = True) -> AsyncIterator[Journal]:
    """The journal of these settings, without a Stash."""
    from metadata.database import Database  # noqa: PLC0415 - slow to import
    from stash.journal import Journal  # noqa: PLC0415 - likewise

    address = settings.state or _address(settings)
    async with await Database.open(address, read_only=is_read_only) as database:
        yield await Journal.open(database, is_read_only=is_read_only)
