"""The base of the mixins: the store, the run, and what mixins do with an entity."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from stash.files.paths import PathMap
from stash.files.stash_index import StashFileIndex
from stash.mapping.keys import performer_key
from stash.mapping.titles import generate_title
from stash.processing.baselines import ChunkBaselines, RunBaselines
from stash.processing.chunk import ChunkWork, FlushBatch, IdWriteback, ReportMark
from stash.processing.context import RUN_SCOPED_TYPES, RunContext
from stash.processing.entity_cache import EntityCache
from stash.processing.scanner import FileScanner
from stash.processing.tally import Tally
from stash.reconcile.merge_result import MergeResult, is_remembered
from stash.reconcile.reconciler import reconcile
from stash.report import Report
from stash.store.entity_types import Entity
from stash.texts import fold, lowered

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from stash.changes.flush_log import FlushLog
    from stash.journal import Baseline
    from stash.mapping.desired import DesiredState
    from stash.mapping.keys import SourceKey
    from stash.mapping.rules import Rules
    from stash.processing.context import HasStore
    from stash.reconcile.chunk import Chunk
    from stash.source.items import Creator
    from stash.store import StashStore

T = TypeVar("T", bound=Entity)

UNDONE = "it was taken back by undo; --redo brings it again"
DELETED = "it was deleted in Stash; --recreate makes it again"


class StashProcessingBase:
    """Holds the state of a run, one object a lifetime. Mixins have no state of their own.

    Attributes:
        context: leads to the store.
        run: the options and services of the run.
        cache: performers, studios and tags of the run.
        tally: what is counted.
        pending: merge results that wait for the next flush.
        flush_log: the write-ahead log, None in a dry run.
        work: the chunk that is being decided.
        recorded_media: ids of media that earlier runs recorded.
    """

    def __init__(self, context: HasStore, run: RunContext | None = None) -> None:
        self.context = context
        self.begin(run or RunContext(Report(), StashFileIndex(PathMap(), [])))

    def begin(self, run: RunContext) -> None:
        """Start with the state of a new run."""
        self.run = run
        self.cache = EntityCache()
        self.tally = Tally(run.report)
        self.pending = FlushBatch()
        self.flush_log: FlushLog | None = None
        self._run_baselines = RunBaselines()
        self.recorded_media: set[int] = set()
        self.begin_chunk(None)

    @property
    def store(self) -> StashStore:
        """The store, the same as `context.store`."""
        return self.context.store

    @property
    def rules(self) -> Rules:
        """The user's choices of the mapping."""
        return self.run.options.rules

    @property
    def scanner(self) -> FileScanner:
        """Reads which files Stash has, and has it scan more of them."""
        return FileScanner(self.store, self.run)

    def begin_chunk(self, chunk: Chunk | None) -> ChunkWork:
        """Begin to decide a chunk. What was decided of the one before is dropped."""
        baselines = ChunkBaselines(self.run.journal, self._run_baselines, redo=self.run.options.redo)
        self.work = ChunkWork(chunk, baselines, ReportMark.of(self.run.report), dict(self.cache.results))
        return self.work

    def take_batch(self) -> FlushBatch:
        """Return what waits for a flush, and wait for nothing more."""
        batch, self.pending = self.pending, FlushBatch()
        return batch

    async def scan_creator_folder(self, paths: Sequence[str] | None = None) -> None:
        """Have Stash scan the folders of these files (paths as Stash sees them), or of every file of the run.

        Raises:
            RetriableError: a job did not end within the run's patience.
        """
        await self.scanner.scan(paths)

    # --- one entity ---

    def _baseline(self, entity: Entity, key: SourceKey) -> Baseline | None:
        """Return what an earlier run left of this entity, or what a killed run was about to make of it.

        The baseline of another entity with the same key does not count.
        """
        baseline = self.work.baselines.get(entity.__type_name__, key)
        if baseline is not None and is_remembered(entity, baseline):
            return baseline
        return self.work.baselines.interrupted(entity.__type_name__, key)

    async def _baselines_of_other_keys(self, entity: Entity, own: Collection[SourceKey]) -> list[Baseline]:
        """Return the baselines of an entity under other keys than these."""
        if self.run.journal is None:
            return []
        recorded = await self.run.journal.baselines.of_entity(entity.__type_name__, entity.id)
        return [one for one in recorded if is_remembered(entity, one) and one.key not in own]

    async def _is_deleted(self, entity_type: type[Entity], key: SourceKey) -> bool:
        """Tell whether a recorded entity was deleted in Stash since, so that it is not to be made again."""
        baseline = self.work.baselines.get(entity_type.__type_name__, key)
        if baseline is None or (self.run.options.recreate and not baseline.is_undone):
            return False
        return await self.store.get(entity_type, baseline.stash_id) is None

    def _is_undone(self, entity_type: type[Entity], key: SourceKey) -> bool:
        """Tell whether an undo deleted a recorded entity. Then no other entity of its name takes its part."""
        baseline = self.work.baselines.get(entity_type.__type_name__, key)
        return baseline is not None and baseline.is_undone

    def _report_not_recreated(self, entity_type: type[Entity], key: SourceKey) -> None:
        """Report that a deleted entity is not made again."""
        self.run.report.skip(key.kind, key.id, UNDONE if self._is_undone(entity_type, key) else DELETED)

    def _reconcile(self, entity: Entity, key: SourceKey, desired: DesiredState) -> MergeResult:
        """Bring an entity to the desired state, without writing over what a user edited."""
        result = reconcile(entity, key, desired, self._baseline(entity, key), self.run.options.overwrite)
        if result.undo_marks:
            self.run.report.skip(key.kind, key.id, UNDONE)
        return self._register(result)

    def _leave_unchanged(self, entity: Entity, key: SourceKey, why: str) -> None:
        """Leave an entity as it is, and its baseline as well."""
        self._register(MergeResult(entity, key, kept=[why], is_left=True))
        self.run.report.keep(entity.__type_name__, entity.id, why)

    def _register(self, result: MergeResult) -> MergeResult:
        self.work.results[result.entity] = result
        if result.entity.__type_name__ in RUN_SCOPED_TYPES:
            self.cache.results[result.entity] = result
        self.pending.add(result)
        return result

    def _write_back(self, table: str, row: int, entity: Entity) -> None:
        """Have a row of the downloader carry the id of an entity, once that is flushed."""
        self.pending.id_writebacks.append(IdWriteback(table, row, entity))

    # --- names ---

    def _generate_title_from_content(
        self,
        content: str | None,
        username: str,
        created_at: datetime | None,
        current_pos: int | None = None,
        total_media: int | None = None,
    ) -> str:
        """Return the first line of a content as a title, or the creator and the day. See `generate_title`."""
        return generate_title(content, username, created_at, current_pos, total_media)

    async def _free(
        self, entity_type: type[T], criterion: str, text: str, keys: Collection[SourceKey]
    ) -> list[T]:
        """Return the entities that carry a text, ignoring case.

        Those on which a sync wrote it under another key than these are left out.
        """
        return [
            one
            for one in await self.store.find(entity_type, **{f"{criterion}__iexact": text})
            if fold(text)
            not in {
                fold(said)
                for baseline in await self._baselines_of_other_keys(one, keys)
                for said in said_by(baseline)
            }
        ]

    def _spelt(self, entity: Entity, key: SourceKey, field: str, forms: Sequence[str]) -> str:
        """Return a url or an alias as the entity lists it, or once did, else its first form."""
        known, baseline = {lowered(form) for form in forms}, self._baseline(entity, key)
        members = baseline.known_members.get(field, ()) if baseline is not None else ()
        return next((text for text in [*listed(entity, field), *members] if lowered(text) in known), forms[0])

    def _usernames(self, account: Creator) -> list[str]:
        """Return the username of a creator and the earlier ones, which are aliases."""
        performer = self.cache.performers.get(performer_key(account))
        return [account.username, *(listed(performer, "alias_list") if performer is not None else ())]


def said_by(baseline: Baseline) -> list[str]:
    """Return the names, aliases and urls that a sync put on an entity."""
    members = baseline.known_members
    return [*members.get("urls", ()), *members.get("alias_list", ()), baseline.last_applied.get("name", "")]


def listed(entity: Entity, field: str) -> list[str]:
    """Return the texts of a field of an entity."""
    value = entity.__dict__.get(field)
    return value if isinstance(value, list) else []


def common[E: Entity](some: Iterable[E], others: Sequence[E]) -> list[E]:
    """Return the entities that are among others as well, each once."""
    return [one for one in dict.fromkeys(some) if one in others]
