"""Watch: sync again whenever the metadata database or the downloads have changed."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol

import sqlalchemy as sa

from stash.errors import SyncError, UsageError
from stash.files.local import list_downloads
from stash.jobs import wait_until_idle
from stash.opening import database_address
from stash.reach import open_stash
from stash.source.database import Database
from stash.source.digest import rows_digest
from stash.source.engines import Address
from stash.source.errors import (
    ForeignDatabaseError,
    MetadataError,
    MissingDatabaseError,
    UnknownCreatorError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterator
    from pathlib import Path

    from stash.report import Report
    from stash.settings import Settings

LASTING = (UsageError, MissingDatabaseError, ForeignDatabaseError, UnknownCreatorError)
"""Errors that end a watch: somebody has to change a flag, a setting or a path."""

MOST_WAITS = 10
"""Intervals for which a change may go on. Then it is synced as far as it has come."""

_COUNTERS = sa.text(
    "SELECT relname::text, n_tup_ins, n_tup_upd, n_tup_del, n_live_tup FROM pg_stat_user_tables ORDER BY relid"
)


@dataclass(frozen=True)
class WatchSteps:
    """The steps of a watch.

    Args:
        look: returns a mark of the source. It is another one once the source has changed.
        session: syncs.
        pause: waits for one interval.
        done: is told of each sync.
        failed: is told of each error after which the watch goes on.
    """

    look: Callable[[], Awaitable[Hashable]]
    session: Callable[[], Awaitable[Report]]
    pause: Callable[[], Awaitable[object]]
    done: Callable[[Report], object]
    failed: Callable[[SyncError | MetadataError], object]


async def watch(steps: WatchSteps) -> NoReturn:
    """Sync once, then after each change that has settled for one interval.

    A sync that fails is tried again at the next interval. The mark of a sync is taken before it begins, so that a
    change during the sync is synced as well.

    Raises:
        SyncError: a flag, a setting or a path is wrong.
        MetadataError: likewise of the metadata database.
    """
    synced: Hashable = None
    seen: Hashable = None
    waits = 0
    while True:
        try:
            mark = await steps.look()
            waits = 0 if mark in (synced, seen) else waits + 1
            is_settled = synced is None or mark == seen or waits > MOST_WAITS
            seen = mark
            if mark != synced and is_settled:
                report = await steps.session()
                synced, waits = mark, 0
                steps.done(report)
        except LASTING:
            raise
        except (SyncError, MetadataError) as error:
            steps.failed(error)
        await steps.pause()


async def wait_for_jobs(settings: Settings) -> None:
    """Wait until no job of Stash is under way.

    Raises:
        RetriableError: Stash does not answer, or a job takes longer than the patience.
    """
    async with open_stash(settings, None, None, is_dry=False) as context:
        await wait_until_idle(await context.get_client(), settings.patience)


class Reading(Protocol):
    """A part of the source. Its sign is cheap, and changes at least whenever its content does."""

    async def sign(self) -> Hashable:
        """Return the sign."""
        ...

    async def content(self) -> Hashable:
        """Return a digest of the content."""
        ...


class Watched:
    """A part of the source whose content is read only if its sign is new."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._sign: Hashable = None
        self._content: Hashable = None
        self._is_confirmed = False

    async def look(self) -> Hashable:
        """Return the digest of the content.

        Two changes within one tick of the file system's clock have one sign. So the content is read once more at the
        second look at a sign.
        """
        sign = await self._reading.sign()
        is_same = sign == self._sign
        if not (is_same and self._is_confirmed):
            self._is_confirmed = False
            self._content = await self._reading.content()
            self._sign, self._is_confirmed = sign, is_same
        return self._content


class DatabaseReading:
    """The tables of the metadata database that a sync reads."""

    def __init__(self, url: str, busy_timeout: float) -> None:
        self._url, self._busy_timeout = url, busy_timeout

    async def sign(self) -> Hashable:
        """Return the times and sizes of SQLite's files, or PostgreSQL's counters of written rows."""
        path = Address.parse(self._url).path
        if path is not None:
            return _status(path), _status(path.with_name(f"{path.name}-wal"))
        async with await self._open() as database, database.connect() as connection:
            return tuple(map(tuple, await connection.execute(_COUNTERS)))

    async def content(self) -> Hashable:
        """Return a digest of the rows, in whatever order."""
        async with await self._open() as database:
            return await rows_digest(database)

    async def _open(self) -> Database:
        return await Database.open(self._url, read_only=True, busy_timeout=self._busy_timeout)


class DownloadsReading:
    """The names of pictures, videos and audio below the downloads folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def sign(self) -> Hashable:
        """Return the times of all folders."""
        return await asyncio.to_thread(lambda: tuple(_folder_times(self._root)))

    async def content(self) -> Hashable:
        """Return a digest of the names."""
        downloads = await asyncio.to_thread(list_downloads, self._root)
        return hash(tuple(file.path for file in downloads.files if file.kind is not None))


def _status(path: Path) -> Hashable:
    """Return what changes with a file. None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _folder_times(root: Path) -> Iterator[tuple[str, int]]:
    """Find the folders, those that links lead to as well, each once."""
    pending, seen = [os.fspath(root)], set()
    while pending:
        folder = pending.pop()
        with suppress(OSError):
            found = os.stat(folder)  # noqa: PTH116 - of a path that may be no text
            if (found.st_dev, found.st_ino) in seen:
                continue
            seen.add((found.st_dev, found.st_ino))
            yield folder, found.st_mtime_ns
            with os.scandir(folder) as entries:
                pending += sorted(entry.path for entry in entries if entry.is_dir())


class WatchedSource:
    """The metadata database and the downloads, as far as a sync reads them and does not write them."""

    def __init__(self, settings: Settings) -> None:
        address = database_address(settings)
        if settings.downloads is None:
            raise UsageError("No downloads folder is named; set STASH_SYNC_DOWNLOADS or give --downloads.")
        self._database = Watched(DatabaseReading(address, settings.patience))
        self._downloads = Watched(DownloadsReading(settings.downloads))

    async def look(self) -> Hashable:
        """Return a mark of both."""
        return await self._database.look(), await self._downloads.look()
