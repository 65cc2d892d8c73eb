"""The commands that look back: runs, status, forget."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stash.cli.commands import BESIDE, LOOK, alone, app, make_output, make_settings
from stash.cli.flags import DatabaseUrl, Downloads, Json
from stash.cli.running import finish
from stash.engine.choosing import undone_by
from stash.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    from metadata.reader import Reader
    from stash.journal import Journal, RunRow
    from stash.settings import Settings

Yes = Annotated[bool, typer.Option("--yes", help="Really do it: what is forgotten cannot be had back.")]


@app.command(rich_help_panel=LOOK)
def runs(
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="So many, the newest first.")] = 20,
    database: DatabaseUrl = None,
    json: Json = False,
) -> int:
    """The runs so far, the newest first: when, what, and how they ended."""
    output = make_output(json, quiet=True, verbose=False)

    async def read(settings: Settings) -> tuple[Sequence[RunRow], dict[int, int]]:
        async with journal_of(settings) as journal:
            return await journal.runs(limit), undone_by(await journal.undos())

    found, undone = finish(read(make_settings(database=database)))
    listed = [{**asdict(run), "undone_by": undone.get(run.id)} for run in found]
    output.emit({"exit_code": 0, "runs": listed})
    columns = (
        "run", "command", "started (UTC)", "took", "outcome", "made", "changed", "removed", "kept", "creators",
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
    took = f"{(run.ended_at - run.started_at).total_seconds():.0f} s" if run.ended_at else "-"
    outcome = f"undone by {undone[run.id]}" if run.id in undone else run.outcome or "did not end"
    names = ", ".join(run.creators)
    started = f"{run.started_at:%Y-%m-%d %H:%M}"
    return run.id, run.command, started, took, outcome, made, changed, removed, kept, names


@app.command(rich_help_panel=LOOK)
def status(*, database: DatabaseUrl = None, downloads: Downloads = None, json: Json = False) -> int:
    """Each creator of the database: when it was last synced, how that ended, and what is pending."""
    output = make_output(json, quiet=True, verbose=False)
    settings = make_settings(database=database, downloads=downloads)
    rows = finish(_status(settings))
    output.emit({"exit_code": 0, "creators": rows})
    shown = [
        (
            one["username"],
            one["media"],
            "?" if one["pending"] is None else one["pending"],
            (one["last_sync"] or "never")[:16].replace("T", " "),
            one["outcome"] or "-",
        )
        for one in sorted(rows, key=lambda one: -(one["pending"] or 0))
    ]
    columns = ("creator", "files synced", "pending", "last sync (UTC)", "outcome")
    output.listing("Creators", columns, shown)
    output.say(_next_after_status(rows))
    return 0


def _next_after_status(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return "The database has no creator with downloaded media; `stash-sync doctor` looks why."
    if rows[0]["pending"] is None:
        return (
            "What is pending can be told with the downloads: set STASH_SYNC_DOWNLOADS, or give --downloads."
        )
    pending = sum(one["pending"] for one in rows)
    if pending:
        return f"{pending} files are not synced yet: `stash-sync sync --dry-run` shows what a sync would do."
    return "Every file with a row is synced; `stash-sync check` compares it with Stash, field by field."


async def _status(settings: Settings) -> list[dict[str, Any]]:
    from metadata.database import Database  # noqa: PLC0415 - slow to import
    from metadata.reader import Reader  # noqa: PLC0415 - likewise

    async with (
        journal_of(settings) as journal,
        await Database.open(_address(settings), read_only=True) as database,
    ):
        reader = Reader(database)
        creators = await reader.creators()
        last: dict[str, RunRow] = {}
        for run in reversed(await journal.runs(1000)):
            last |= dict.fromkeys(run.creators, run)
        counts = await journal.media_by_account()
        pending = await _pending(settings, reader, await journal.synced_media())
    rows = []
    for creator in creators:
        newest = last.get(creator.username)
        ended = newest.ended_at.isoformat() if newest is not None and newest.ended_at else None
        rows.append(
            {
                "username": creator.username,
                "media": counts.get(creator.id, 0),
                "pending": None if pending is None else pending[creator.id],
                "last_sync": ended,
                "outcome": newest.outcome if newest is not None else None,
            }
        )
    return rows


async def _pending(settings: Settings, reader: Reader, synced: Collection[int]) -> Counter[int] | None:
    """How many media of each account lie on disk and were never synced; None where no downloads are named."""
    from stash.host_files import walk  # noqa: PLC0415 - slow to import

    if settings.downloads is None:
        return None
    files = [file for file in walk(settings.downloads) if file.kind]
    owners = await reader.find_media((file.name, file.media_id) for file in files)
    waiting = {one.media: one.accountId for one in owners.values() if one.media not in synced}
    return Counter(account for account in waiting.values() if account is not None)


@app.command(rich_help_panel=BESIDE)
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

    finish(alone(settings, drop))
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

    if is_read_only and settings.state is not None and settings.database is not None:
        async with (
            await Database.open(settings.database, read_only=True) as database,
            Journal.reading(database, settings.state) as journal,
        ):
            yield journal
        return
    address = settings.state or _address(settings)
    async with await Database.open(address, read_only=is_read_only) as database:
        yield await Journal.open(database, is_read_only=is_read_only)
