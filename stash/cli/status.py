"""`stash-sync status`: the creators, and what of them is in which Stash."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from stash.cli.commands import LOOK, command, make_output, make_settings
from stash.cli.flags import DatabaseUrl, Downloads, Json
from stash.cli.groups import OutputFlags
from stash.cli.history import address_of, journal_of
from stash.cli.running import finish
from stash.cli.times import local
from stash.report import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stash.cli.output import Output
    from stash.journal import Journal, RunRow, SyncedMedia
    from stash.settings import Settings
    from stash.source.items import Creator
    from stash.source.reader import Reader


@command(LOOK)
def status(*, database: DatabaseUrl = None, downloads: Downloads = None, json: Json = False) -> int:
    """Each creator of the database: when it was last synced, how that ended, and what is pending."""
    output = make_output(OutputFlags(json=json, quiet=True))
    groups = finish(_status(make_settings(database=database, downloads=downloads)))
    output.emit({"exit_code": 0, "creators": [_for_scripts(row) for rows in groups for row in rows]})
    for rows in groups:
        server = rows[0]["server"] if rows else ""
        _show(output, f"Creators, with the Stash {server}" if len(groups) > 1 else "Creators", rows)
    return 0


def _for_scripts(row: dict[str, Any]) -> dict[str, Any]:
    ended = row["last_sync"]
    return row | {"last_sync": None if ended is None else ended.isoformat()}


def _show(output: Output, title: str, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        output.say("The database has no creator with downloaded media; `stash-sync doctor` looks why.")
        return
    has_undone = any(row["undone"] for row in rows)
    shown = [
        (
            row["username"],
            row["media"],
            "?" if row["pending"] is None else row["pending"],
            *([row["undone"]] if has_undone else []),
            "never" if row["last_sync"] is None else local(row["last_sync"]),
            row["outcome"] or "-",
        )
        for row in sorted(rows, key=lambda row: -(row["pending"] or 0))
    ]
    undone = ["of it undone"] if has_undone else []
    output.listing(title, ("creator", "files synced", "pending", *undone, "last sync", "outcome"), shown)
    for line in _next_steps(rows):
        output.say(line)


def _next_steps(rows: Sequence[dict[str, Any]]) -> list[str]:
    if rows[0]["pending"] is None:
        return [
            "What is pending can be told with the downloads: set STASH_SYNC_DOWNLOADS, or give --downloads."
        ]
    undone = sum(row["undone"] for row in rows)
    new = sum(row["pending"] for row in rows) - undone
    found = []
    if new:
        what = counted(new, "files")
        found.append(f"{what} not synced yet: `stash-sync sync --dry-run --scan` shows what a sync would do.")
    if undone:
        found.append(
            f"{counted(undone, 'files')} taken back by undo: `stash-sync sync --redo` brings it again."
        )
    return found or [
        "Every file with a row is synced; `stash-sync check` compares it with Stash, field by field."
    ]


async def _status(settings: Settings) -> list[list[dict[str, Any]]]:
    """The rows of each Stash that there was a run with. Those of none where there was no run."""
    from stash.source.database import Database  # noqa: PLC0415 - slow to import
    from stash.source.reader import Reader  # noqa: PLC0415 - likewise

    async with (
        journal_of(settings) as journal,
        await Database.open(address_of(settings), read_only=True) as database,
    ):
        reader = Reader(database)
        creators = await reader.creators()
        on_disk = await _on_disk(settings, reader)
        servers = await journal.history.addresses() or [("", "")]
        return [await _of_server(journal, reader, creators, server, on_disk) for server in servers]


async def _of_server(
    journal: Journal,
    reader: Reader,
    creators: Sequence[Creator],
    server: tuple[str, str],
    on_disk: Mapping[int, int | None] | None,
) -> list[dict[str, Any]]:
    """A row for each creator: what is recorded with one Stash, and the rows whose files lie on disk beside it."""
    from stash.journal import SyncedMedia  # noqa: PLC0415 - slow to import

    last: dict[str, RunRow] = {}
    kept: SyncedMedia = SyncedMedia()
    if server[0]:
        for run in reversed(await journal.history.syncs_with(server[0])):
            last |= dict.fromkeys(run.creators, run)
        kept = await journal.history.media_with(server[0])
    accounts = await reader.accounts_of(kept.synced | kept.undone)
    synced = Counter(accounts.get(media) for media in kept.synced)
    waiting = [media for media in on_disk or () if media not in kept.synced]
    pending = Counter(on_disk[media] for media in waiting) if on_disk is not None else None
    undone = Counter(accounts.get(media) for media in kept.undone.intersection(waiting))
    rows = []
    for creator in creators:
        newest = last.get(creator.username)
        rows.append(
            {
                "username": creator.username,
                "server": server[1],
                "media": synced[creator.id],
                "pending": None if pending is None else pending[creator.id],
                "undone": undone[creator.id],
                "last_sync": newest.ended_at if newest is not None else None,
                "outcome": newest.outcome if newest is not None else None,
            }
        )
    return rows


async def _on_disk(settings: Settings, reader: Reader) -> dict[int, int | None] | None:
    """The media whose files lie in the downloads, and the account of each. None where no downloads are named."""
    from stash.files.local import list_downloads  # noqa: PLC0415 - slow to import

    if settings.downloads is None:
        return None
    files = [file for file in list_downloads(settings.downloads).files if file.kind]
    owners = await reader.find_media((file.name, file.media_id) for file in files)
    return {one.media: one.accountId for one in owners.values()}
