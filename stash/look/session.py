"""Compare the source and Stash with the last look, and store the next one."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stash.address import transport_config
from stash.errors import SyncError
from stash.journal import Journal
from stash.journal.models import VERSION
from stash.look import Look, SourceState, ask
from stash.look.answer import marks_of, nothing_went
from stash.look.folders import are_unchanged, settled
from stash.look.look import digest_of, look_of
from stash.report import report_of
from stash.source.digest import rows_digest
from stash.transport.addresses import StashAddress
from stash.transport.graphql import GraphQLTransport
from stash.version import __version__

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import httpx

    from stash.files.local import Downloads
    from stash.journal.looks import StoredLook
    from stash.look.answer import Marks
    from stash.report import Report
    from stash.settings import Settings
    from stash.source.database import Database
    from stash.transport.judge import Reply


@dataclass(frozen=True)
class LookKey:
    """Tells which look is the last one of a session.

    Args:
        address: the address of Stash, as the journal has it.
        creators: the names that the user gave. None means all creators.
        may_scan: whether Stash may be told to scan.
        is_full: look at everything.
    """

    address: str
    creators: Sequence[str] = ()
    may_scan: bool = True
    is_full: bool = False

    @property
    def selection(self) -> str:
        """Return the creators as the journal has them."""
        return "\n".join(sorted(self.creators))


@dataclass(frozen=True)
class Ending:
    """The end of a run.

    Args:
        send: sends a document to Stash.
        before: the marks of Stash when the run began. Empty if no earlier run was recorded of it.
        is_open: whether a chunk has something left to do.
        is_partial: whether chunks were left alone.
    """

    send: Callable[[str], Awaitable[Reply]]
    before: Marks
    is_open: bool
    is_partial: bool


@dataclass(frozen=True)
class Seen:
    """The source as it is now, and the last look.

    Args:
        key: tells which look was looked for.
        source: the source.
        downloads: the files. None if no folder has changed since the last look.
        look: the last look. None if all is to be looked at.
        stored: where it is stored.
    """

    key: LookKey
    source: SourceState
    downloads: Downloads | None
    look: Look | None
    stored: StoredLook | None

    @property
    def is_source_unchanged(self) -> bool:
        """Tell whether the source says nothing new, and nothing was left to do."""
        look, stored = self.look, self.stored
        if look is None or stored is None or stored.wrote_since:
            return False
        return look.is_clean and self.source.is_same(look.source)

    def is_partial(self, marks: Marks) -> bool:
        """Tell whether chunks that are unchanged at the source may be left alone."""
        look = self.look
        return look is not None and look.source.settings == self.source.settings and look.holds_of(marks)


async def see(
    settings: Settings, key: LookKey, database: Database, list_files: Callable[[], Downloads]
) -> Seen:
    """Look at the source.

    Args:
        settings: those of the session.
        key: tells which look is the last one.
        database: the metadata database.
        list_files: lists the downloads. It is called only if a folder may have changed.
    """
    async with Journal.reading(database, settings.state, settings.patience) as journal:
        stored = await journal.looks.at(str(StashAddress(key.address)), key.selection)
    look = look_of(stored.content) if stored is not None and not key.is_full else None
    if look is not None and look.is_due(settings.full_after, datetime.now(UTC)):
        look = None
    rows = await rows_digest(database)
    if look is not None and await asyncio.to_thread(are_unchanged, look.source.folders):
        downloads, files, folders = None, look.source.files, look.source.folders
    else:
        began = datetime.now(UTC)
        downloads = list_files()
        files, folders = _files_digest(downloads), settled(downloads.folders, began)
    source = SourceState(_settings_digest(settings, key), rows, files, folders)
    return Seen(key, source, downloads, look, stored)


def _settings_digest(settings: Settings, key: LookKey) -> str:
    places = str(settings.downloads), settings.path_map, settings.reorganised
    scans = key.may_scan, sorted(settings.scan_generate)
    return digest_of([__version__, VERSION, settings.rules().key, *places, *scans])


def _files_digest(downloads: Downloads) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in (*(file.path for file in downloads.files), *(file.path for file in downloads.unusable)):
        digest.update(path.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


async def report_nothing_new(
    seen: Seen,
    settings: Settings,
    database: Database,
    transport: httpx.AsyncBaseTransport | None,
    *,
    is_dry: bool,
) -> Report | None:
    """Ask Stash one question. If nothing is new there either, record a run and return its report, else None."""
    look, stored = seen.look, seen.stored
    if look is None or stored is None or not await _answers_the_same(look, settings, transport):
        return None
    report = report_of(look.report)
    report.header.run, report.header.requests["reads"] = None, 1
    report.warnings = list(look.warnings)
    report.looked_at.items = 0
    if is_dry:
        report.plan = []
    else:
        await _record(report, stored, settings, database)
    return report


async def _record(report: Report, stored: StoredLook, settings: Settings, database: Database) -> None:
    """Record a run that had nothing to do."""
    async with Journal.writing(database, settings.state, settings.patience) as journal:
        journal.servers.choose(stored.server)
        earlier = await journal.runs.find(stored.run)
        report.header.run = await journal.runs.begin("sync", earlier.creators if earlier else ())
        await journal.runs.end(report.header.run, report.header.outcome, report.summary())


async def _answers_the_same(
    look: Look, settings: Settings, transport: httpx.AsyncBaseTransport | None
) -> bool:
    """Tell whether Stash answers as it did at the end of the look. An error is left to the run that follows."""
    with suppress(SyncError):
        client = GraphQLTransport(transport_config(settings, transport, connect_patience=0.0))
        try:
            return await ask(client.greet, look.sample) == look.answer
        finally:
            await client.close()
    return False


async def remember(seen: Seen, journal: Journal, report: Report, ending: Ending) -> None:
    """Store the look of a run at its end. `report` is complete.

    Nothing is stored without an answer of Stash, or if something went from it meanwhile. Then the next run looks at all.
    """
    run = report.header.run
    if run is None:
        return
    sample = await journal.servers.sample()
    content = None
    with suppress(SyncError):
        answer = await ask(ending.send, sample)
        if not ending.before or nothing_went(ending.before, marks_of(answer)):
            content = Look(
                seen.look.full_at if ending.is_partial and seen.look else datetime.now(UTC).timestamp(),
                seen.source,
                sample,
                answer,
                is_clean=report.exit_code == 0 and not ending.is_open,
                report=report.repeated(),
                warnings=report.warnings,
            ).to_json()
    await journal.looks.store(seen.key.selection, run, content)
