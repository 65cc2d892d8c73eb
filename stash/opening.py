"""Open what a session works on: the files, the database, and the journal of a Stash."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from stash.errors import UsageError
from stash.files.local import list_downloads
from stash.journal import Journal
from stash.source.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection
    from pathlib import Path

    from stash.files.local import Downloads
    from stash.look.answer import Marks
    from stash.settings import Settings
    from stash.store import StashContext


class Progress(Protocol):
    """The progress of a session, for whoever shows it."""

    def start(self, step: str, total: int | None = None) -> None:
        """Begin a step. `total` is how many parts it has, where that is known."""
        ...

    def advance(self, amount: int = 1) -> None:
        """Count so many parts more as done."""
        ...

    def finish(self) -> None:
        """End the step."""
        ...


@dataclass(frozen=True)
class SyncOptions:
    """The creators to sync, and how.

    Args:
        creators: usernames or ids. None means every creator with downloaded media.
        dry_run: write nothing, and show the plan.
        scan: have Stash scan new files. A dry run needs `scan_first` for it.
        scan_first: have Stash scan new files in a dry run as well.
        words: those of `--only` and `--skip`.
        overwrite: fields that are written over a user's edits.
        server: the name of a Stash whose address is another one each time.
        is_forced: go on where the source or Stash look wrong.
        recreate: make again what was deleted in Stash.
        redo: bring again what an undo took back.
        is_restored: make again what a restored backup of Stash has lost.
        is_full: look at everything, not only at what may have changed.
    """

    creators: tuple[str, ...] = ()
    dry_run: bool = False
    scan: bool = True
    scan_first: bool = False
    words: tuple[str, ...] = ()
    overwrite: frozenset[str] = field(default_factory=frozenset)
    server: str | None = None
    is_forced: bool = False
    recreate: bool = False
    redo: bool = False
    is_restored: bool = False
    is_full: bool = False

    @property
    def looks_at_all(self) -> bool:
        """Tell whether a flag concerns what did not change."""
        return (
            self.is_full
            or self.is_forced
            or self.recreate
            or self.redo
            or self.is_restored
            or bool(self.overwrite)
        )


def downloads_folder(settings: Settings) -> Path:
    """Return where the downloads are.

    Raises:
        UsageError: no folder is named.
    """
    if settings.downloads is None:
        raise UsageError("No downloads folder is named; set STASH_SYNC_DOWNLOADS or give --downloads.")
    return settings.downloads


def find_files(settings: Settings, progress: Progress) -> Downloads:
    """List the downloads.

    Raises:
        UsageError: no folder is named, or it cannot be read.
    """
    root = downloads_folder(settings)
    progress.start("files")
    found = list_downloads(root)
    progress.finish()
    return found


def database_address(settings: Settings) -> str:
    """Return where the metadata database is.

    Raises:
        UsageError: none is named.
    """
    if settings.database is None:
        raise UsageError("No metadata database is named; set STASH_SYNC_DATABASE_URL or give --database.")
    return settings.database


@asynccontextmanager
async def open_database(settings: Settings, options: SyncOptions) -> AsyncIterator[Database]:
    """Open the metadata database. A dry run opens it for reading."""
    database = await Database.open(
        database_address(settings), read_only=options.dry_run, busy_timeout=settings.patience
    )
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_journal(
    settings: Settings,
    database: Database,
    context: StashContext,
    options: SyncOptions,
    on_disk: Collection[int] = (),
) -> AsyncIterator[tuple[Journal, Marks]]:
    """Open the journal, and bind it to the Stash that answers. Yield it with the marks of that Stash.

    Args:
        settings: where the journal is, if it is not in the metadata database.
        database: the metadata database.
        context: leads to Stash.
        options: those of the session.
        on_disk: ids of media with a file on disk.

    Raises:
        RefusedError: it is another Stash, or an earlier state of this one.
    """
    from stash.identity import Choices, bind  # noqa: PLC0415 - the library behind it is slow to import

    opened = Journal.reading if options.dry_run else Journal.writing
    async with opened(database, settings.state, settings.patience) as journal:
        address = options.server or context.store.identity[0]
        choices = Choices(options.is_restored, options.recreate, options.is_forced)
        bound = await bind(journal, context.store.connection, address, on_disk, choices)
        yield journal, bound.marks
