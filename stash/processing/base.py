"""What every mixin stands on: the store, the run's memory, and the one way to assign."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from metadata.items import Creator
from stash import jobs
from stash.paths import base_name
from stash.processing.wishes import Applied, Wish, apply, is_remembered
from stash.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from stash_graphql_client.types import Performer, Studio, Tag

    from metadata.items import Item
    from stash.files import Files, HostFile
    from stash.journal import Journal, Memory, SettledPart, SourceKey
    from stash.processing.recorder import Recorder
    from stash.report import Report
    from stash.store import StashStore
    from stash.store.kinds import Entity

log = logging.getLogger(__name__)


class HasStore(Protocol):
    """Anything that leads to the store of a Stash: the library's context is one."""

    @property
    def store(self) -> StashStore:
        """The store."""
        ...


@dataclass
class Run:
    """One execution: what the mixins share of it."""

    report: Report
    files: Files
    journal: Journal | None = None
    is_dry: bool = False
    overwrite: Collection[str] = ()
    rules: Rules = field(default_factory=Rules)
    is_forced: bool = False
    recreate: bool = False
    has_news: bool = False
    may_scan: bool = True
    patience: float = 300.0
    on_items: Callable[[int], None] = lambda _: None
    memories: dict[tuple[str, SourceKey], Memory] = field(default_factory=dict)
    unsettled: dict[tuple[str, SourceKey], Memory] = field(default_factory=dict)
    recorder: Recorder | None = None
    applied: dict[int, Applied] = field(default_factory=dict)
    unwritten: dict[int, Applied] = field(default_factory=dict)
    stamps: list[tuple[str, int, Entity]] = field(default_factory=list)
    people: dict[SourceKey, Performer] = field(default_factory=dict)
    studios: dict[int, Studio] = field(default_factory=dict)
    tags: dict[str, Tag | None] = field(default_factory=dict)
    default_covers: dict[str, str] = field(default_factory=dict)
    matched: set[int] = field(default_factory=set)
    holders: dict[int, list[Item]] = field(default_factory=dict)
    counted: set[tuple[str, str]] = field(default_factory=set)
    settled: dict[int, SettledPart] = field(default_factory=dict)
    planned: set[tuple[int, str]] = field(default_factory=set)
    beaten_at: float = field(default_factory=time.monotonic)

    def memory(self, type_name: str, key: SourceKey) -> Memory | None:
        """What an earlier run left of an entity."""
        return self.memories.get((type_name, key))

    async def recall(self, type_name: str, keys: Iterable[SourceKey]) -> None:
        """Read what earlier runs left of these entities."""
        if self.journal is not None:
            for key, memory in (await self.journal.recall(type_name, keys)).items():
                (self.memories if memory.stash_id else self.unsettled)[type_name, key] = memory


class StashProcessingBase:
    """Holds the store and the run; mixins have no state of their own."""

    context: HasStore
    run: Run

    @property
    def store(self) -> StashStore:
        """The store, the same as `context.store`."""
        return self.context.store

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
            await jobs.scan(self.store.connection, folders, self.run.patience)

    def _memory(self, entity: Entity, key: SourceKey) -> Memory | None:
        """What an earlier run left of this very entity, or a killed one was about to make of it.

        What was left of another entity with the same key says nothing of this one.
        """
        memory = self.run.memory(entity.__type_name__, key)
        if memory is not None and is_remembered(entity, memory):
            return memory
        return self.run.unsettled.get((entity.__type_name__, key))

    async def _others_memories(self, entity: Entity, own: Collection[SourceKey]) -> list[Memory]:
        """What is remembered of an entity as another one's than these keys say."""
        if self.run.journal is None:
            return []
        recorded = await self.run.journal.memories_of(entity.__type_name__, entity.id)
        return [memory for memory in recorded if is_remembered(entity, memory) and memory.key not in own]

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
