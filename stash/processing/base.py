"""What every mixin stands on: the store, the run's memory, and the one way to assign."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from metadata.items import Creator
from stash import jobs
from stash.engine.run import Working
from stash.engine.wishes import Applied, Wish, apply, is_remembered
from stash.paths import base_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from metadata.items import Item
    from stash.files import HostFile
    from stash.journal import Memory, SourceKey
    from stash.store.kinds import Entity

log = logging.getLogger(__name__)


class StashProcessingBase(Working):
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
        files = self.run.files
        wanted = paths if paths is not None else [files.stash_path(file) for file in files.on_host]
        folders = sorted({path[: -len(base_name(path))].rstrip("/\\") for path in wanted})
        if folders:
            await jobs.wait_until_idle(self.store.connection, self.run.patience)
            await jobs.scan(self.store.connection, folders, self.run.patience, self.run.on_scan)

    def _memory(self, entity: Entity, key: SourceKey) -> Memory | None:
        """What an earlier run left of this very entity, or a killed one was about to make of it.

        What was left of another entity with the same key says nothing of this one.
        """
        memory = self.run.memory(entity.__type_name__, key)
        if memory is not None and is_remembered(entity, memory):
            return memory
        return self.run.unsettled.get((entity.__type_name__, key))

    async def _is_deleted(self, entity_type: type[Entity], key: SourceKey) -> bool:
        """Whether what an earlier sync recorded was deleted in Stash since, so that it is not to be made again."""
        memory = self.run.memory(entity_type.__type_name__, key)
        if memory is None or self.run.recreate:
            return False
        return await self.store.get(entity_type, memory.stash_id) is None

    def _left_out(self, key: SourceKey) -> None:
        self.run.report.skip(key.kind, key.id, "it was deleted in Stash; --recreate makes it again")

    def _apply(self, entity: Entity, key: SourceKey, wish: Wish) -> Applied:
        """Bring an entity to what the source asks for, without overwriting what the user edited."""
        return self._note(apply(entity, key, wish, self._memory(entity, key), self.run.overwrite))

    def _note(self, applied: Applied) -> Applied:
        self.run.applied[id(applied.entity)] = self.run.unwritten[id(applied.entity)] = applied
        return applied

    def _leave(self, entity: Entity, key: SourceKey, why: str) -> None:
        """Leave an entity as it is; what is remembered of it stays as well."""
        self._note(Applied(entity, key, kept=[why], is_left=True))
        self.run.report.keep(entity.__type_name__, entity.id, why)

    def _apply_more(self, entity: Entity, wish: Wish) -> None:
        """Add to what was decided for an entity already."""
        earlier = self.run.applied[id(entity)]
        more = apply(entity, earlier.key, wish, self._memory(entity, earlier.key), self.run.overwrite)
        self._note(earlier.joined(more))


def people_of(item: Item) -> list[Creator]:
    """Everybody mentioned in an item, each once."""
    found = {
        m.handle.casefold(): m.account or Creator(m.accountId or 0, m.handle) for m in item.accountMentions
    }
    return list(found.values())
