"""Read which files Stash has, and have it scan those that it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash import jobs
from stash.transport.halving import send_in_halves

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stash.files.local import LocalFile
    from stash.processing.context import RunContext
    from stash.store import StashStore


class FileScanner:
    """Fills the index of the files that Stash knows."""

    def __init__(self, store: StashStore, run: RunContext) -> None:
        self._store = store
        self._run = run

    async def read(self, files: Iterable[LocalFile]) -> None:
        """Read what Stash has of these files. Have it scan their folders where it lacks some."""
        index, options = self._run.files, self._run.options
        wanted = [file for file in files if file.kind]
        await index.read(self._store, wanted)
        missing = index.unknown(wanted)
        if missing and options.may_scan:
            await self.scan([index.stash_path(file) for file in missing])
            await index.read(self._store, missing)
        missing = index.unknown(missing)
        if missing:
            await index.find_elsewhere(self._store, missing, by_content=options.may_scan)

    async def relocate(self, files: Sequence[LocalFile]) -> None:
        """Look for files whose entity is gone. What was deleted in Stash is scanned again only with --recreate."""
        if self._run.options.recreate:
            await self.read(files)
        else:
            await self._run.files.read(self._store, [file for file in files if file.kind])

    async def scan(self, paths: Sequence[str] | None = None) -> None:
        """Have Stash scan the folders of these files (paths as Stash sees them), or of every file of the run.

        Raises:
            RetriableError: a job did not end within the run's patience.
        """
        index = self._run.files
        wanted = paths if paths is not None else [index.stash_path(file) for file in index.on_host]
        if folders := index.path_map.folders(wanted):
            await jobs.wait_until_idle(self._store.connection, self._run.options.patience)
            await send_in_halves(folders, self._scan)

    async def _scan(self, folders: Sequence[str]) -> None:
        options = self._run.options
        await jobs.scan(
            self._store.connection, folders, options.patience, options.on_scan, options.scan_generate
        )
