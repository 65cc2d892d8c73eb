"""One examination: gather facts, judge them, and apply the safe fixes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from stash.doctor import fixes
from stash.doctor.database_findings import database_findings, forecast
from stash.doctor.findings import Diagnosis, Finding, obstacle
from stash.doctor.gathering import (
    connection_of,
    gather_library,
    gather_settings,
    gather_stash,
)
from stash.doctor.gathering_database import gather_database
from stash.doctor.library_findings import library_findings
from stash.doctor.stash_findings import conflict_findings, setting_findings, stash_findings
from stash.errors import SyncError, UsageError
from stash.files.local import list_downloads
from stash.source.errors import DatabaseBusyError, MetadataError, MissingDatabaseError

if TYPE_CHECKING:
    import httpx

    from stash.doctor.facts import DatabaseFacts, LibraryFacts, StashFacts
    from stash.doctor.findings import Area
    from stash.files.local import LocalFile
    from stash.settings import Settings
    from stash.transport.client import Connection


async def examine(
    settings: Settings,
    *,
    server: str | None = None,
    may_fix: bool = False,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Diagnosis:
    """Examine everything that a sync needs, in at most five requests. Nothing is written.

    `server` is the name in the journal of a Stash whose address changes. With `may_fix` the safe fixes of the
    findings are applied: to the user's own settings file, never to Stash or a database.
    """
    examination = _Examination(settings, server, transport)
    diagnosis = await examination.run()
    if may_fix:
        for one in diagnosis.findings:
            if one.fix is not None:
                diagnosis.fixed.append(fixes.apply(one.fix))
                diagnosis.mended.append(one)
    return diagnosis


class _Examination:
    """Examines one part after another. An error of one part becomes a finding, and the next part follows."""

    def __init__(
        self, settings: Settings, server: str | None, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._settings, self._server, self._transport = settings, server, transport
        self._found: list[Finding] = []
        self._connection: Connection | None = None

    async def run(self) -> Diagnosis:
        """Examine every part, and close the connection to Stash."""
        try:
            await self._examine()
        finally:
            if self._connection is not None:
                await self._connection.close()
        return Diagnosis(self._found, self._connection.requests.total if self._connection is not None else 0)

    async def _examine(self) -> None:
        about = gather_settings(self._settings)
        self._found += setting_findings(about)
        stash = await self._examine_stash()
        if stash is not None:
            self._found += stash_findings(stash, about)
        files, unusable = await self._list_files()
        library = await self._examine_library(files, unusable, is_reached=stash is not None)
        database = await self._examine_database(files or [])
        if database is not None:
            self._found += database_findings(database, library)
            if stash is not None:
                self._found += conflict_findings(stash, about.rules, database.creators)
        if library is not None:
            self._found += library_findings(library, stash, is_mapped=about.is_mapped)
        if (
            stash is not None
            and database is not None
            and library is not None
            and database.creators
            and library.taken
        ):
            self._found.append(forecast(database, library))

    async def _examine_stash(self) -> StashFacts | None:
        if self._settings.url is None:
            self._missing(
                "Stash", "No Stash is named.", "Set its address.", "STASH_URL=http://localhost:9999"
            )
            return None
        try:
            self._connection = connection_of(self._settings, self._transport)
            return await gather_stash(self._connection)
        except SyncError as error:
            self._found.append(obstacle("Stash", error, error.exit_code))
            return None

    async def _list_files(self) -> tuple[list[LocalFile] | None, dict[LocalFile, str]]:
        if self._settings.downloads is None:
            step = "Name the folder that the downloader writes into."
            line = "STASH_SYNC_DOWNLOADS=/path/to/downloads"
            self._missing("library", "No downloads folder is named.", step, line)
            return None, {}
        try:
            downloads = await asyncio.to_thread(list_downloads, self._settings.downloads)
        except UsageError as error:
            self._found.append(obstacle("library", error, error.exit_code))
            return None, {}
        return downloads.files, downloads.unusable

    async def _examine_library(
        self, files: list[LocalFile] | None, unusable: dict[LocalFile, str], *, is_reached: bool
    ) -> LibraryFacts | None:
        if files is None:
            return None
        try:
            connection = self._connection if is_reached else None
            return await gather_library(self._settings, files, unusable, connection)
        except SyncError as error:
            area: Area = "library" if isinstance(error, UsageError) else "Stash"
            self._found.append(obstacle(area, error, error.exit_code))
        return None

    async def _examine_database(self, files: list[LocalFile]) -> DatabaseFacts | None:
        if self._settings.database is None:
            step, line = "Name it.", "STASH_SYNC_DATABASE_URL=/path/to/metadata.sqlite"
            self._missing("database", "No metadata database is named.", step, line)
            return None
        try:
            return await gather_database(self._settings, files, *self._place())
        except SyncError as error:
            self._found.append(obstacle("database", error, error.exit_code))
        except MetadataError as error:
            code = 2 if isinstance(error, MissingDatabaseError) else 6
            self._found.append(
                obstacle("database", error, 5 if isinstance(error, DatabaseBusyError) else code)
            )
        return None

    def _place(self) -> tuple[Connection | None, str]:
        if self._connection is None or not self._connection.database_path:
            return None, ""
        return self._connection, self._server or self._connection.config.url.rstrip("/")

    def _missing(self, area: Area, title: str, step: str, line: str = "") -> None:
        """Report a missing setting."""
        line = f"export {line}" if line else ""
        self._found.append(Finding("problem", area, title, next_step=step, line=line, exit_code=2))
