"""What every mixin stands on: the files of the run, and what Stash has of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metadata.items import Creator
from stash import jobs
from stash.engine.applying import Applying
from stash.halving import fitting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from metadata.items import Item
    from stash.host_files import HostFile


class StashProcessingBase(Applying):
    """What every mixin can do; mixins have no state of their own."""

    async def _read_files(self, files: Iterable[HostFile]) -> None:
        """Learn what Stash has of these files; have it scan their folders where it lacks some."""
        wanted = [file for file in files if file.kind]
        await self.run.files.read(self.store, wanted)
        missing = self.run.files.unknown(wanted)
        if missing and self.run.may_scan:
            await self.scan_creator_folder([self.run.files.stash_path(file) for file in missing])
            await self.run.files.read(self.store, missing)
        missing = self.run.files.unknown(missing)
        if missing:
            await self.run.files.find_elsewhere(self.store, missing, by_content=self.run.may_scan)

    async def _look_again(self, files: Sequence[HostFile]) -> None:
        """Look for files whose entity is gone; what was deleted in Stash is not scanned again unless asked for."""
        if self.run.recreate:
            await self._read_files(files)
        else:
            await self.run.files.read(self.store, [file for file in files if file.kind])

    async def scan_creator_folder(self, paths: Sequence[str] | None = None) -> None:
        """Have Stash scan the folders of these files (paths as Stash sees them), or of every file of the run.

        Raises:
            RetriableError: a job did not end within the run's patience.
        """
        run, files, connection = self.run, self.run.files, self.store.connection
        wanted = paths if paths is not None else [files.stash_path(file) for file in files.on_host]
        if folders := files.path_map.folders(wanted):
            await jobs.wait_until_idle(connection, run.patience)
            await fitting(folders, self._scan)

    async def _scan(self, folders: Sequence[str]) -> None:
        run = self.run
        await jobs.scan(self.store.connection, folders, run.patience, run.on_scan, run.scan_generate)


def people_of(item: Item) -> list[Creator]:
    """Everybody mentioned in an item, each once."""
    found = {
        m.handle.casefold(): m.account or Creator(m.accountId or 0, m.handle) for m in item.accountMentions
    }
    return list(found.values())
