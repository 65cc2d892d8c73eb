"""A run, and what everything that takes part in it stands on."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from stash.errors import ItemError, SyncError
from stash.journal import without_undo_marks
from stash.mapping.rules import Rules
from stash.scan_options import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

    from stash_graphql_client.types import Performer, Studio, Tag

    from stash.changes.flush_log import FlushLog
    from stash.files.stash_index import StashFileIndex
    from stash.journal import Baseline, ChunkFingerprint, Journal, SourceKey
    from stash.reconcile.reconciler import MergeResult
    from stash.report import Report
    from stash.source.items import Item, ItemKind
    from stash.store import StashStore
    from stash.store.entity_types import Entity

    type Names = tuple[Studio | None, list[Performer], list[Tag]]

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
    files: StashFileIndex
    journal: Journal | None = None
    is_dry: bool = False
    overwrite: Collection[str] = ()
    rules: Rules = field(default_factory=Rules)
    is_forced: bool = False
    recreate: bool = False
    redo: bool = False
    has_news: bool = False
    has_plans: bool = False
    """Whether a killed run was about to write anything of what was recalled."""
    galleries_before: int = 0
    """Up to this id all galleries stood already when those of a part were looked for the last time."""
    may_scan: bool = True
    scan_generate: Collection[str] = DEFAULTS
    patience: float = 300.0
    on_items: Callable[[int], None] = lambda _: None
    on_scan: Callable[[float], None] = lambda _: None
    baselines: dict[tuple[str, SourceKey], Baseline] = field(default_factory=dict)
    unsettled: dict[tuple[str, SourceKey], Baseline] = field(default_factory=dict)
    recorder: FlushLog | None = None
    applied: dict[Entity, MergeResult] = field(default_factory=dict)
    unwritten: dict[Entity | MergeResult, MergeResult] = field(default_factory=dict)
    stamps: list[tuple[str, int, Entity]] = field(default_factory=list)
    people: dict[SourceKey, Performer] = field(default_factory=dict)
    studios: dict[int, Studio] = field(default_factory=dict)
    tags: dict[str, Tag | None] = field(default_factory=dict)
    matched: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)
    """Media that an earlier run recorded, and that Stash has no more."""
    holders: dict[int, list[Item]] = field(default_factory=dict)
    default_covers: dict[str, str] = field(default_factory=dict)
    orders: dict[str, list[str]] = field(default_factory=dict)
    counted: set[tuple[str, str]] = field(default_factory=set)
    settled: dict[int, ChunkFingerprint] = field(default_factory=dict)
    planned: set[int] = field(default_factory=set)
    looked_for: set[tuple[str, str]] = field(default_factory=set)
    names: dict[tuple[ItemKind, int], Names] = field(default_factory=dict)
    is_littered: bool = False
    beaten_at: float = field(default_factory=time.monotonic)

    def baseline(self, type_name: str, key: SourceKey) -> Baseline | None:
        """Return what an earlier run left of an entity."""
        return self.baselines.get((type_name, key))

    async def recall(self, keys: Mapping[str, Iterable[SourceKey]]) -> None:
        """Read what earlier runs left of these entities, by type."""
        if self.journal is not None:
            for place, recalled in (await self.journal.recall_all(keys)).items():
                baseline = without_undo_marks(recalled) if self.redo else recalled
                self.has_plans = self.has_plans or bool(recalled.in_flight)
                if baseline is not None:
                    (self.baselines if baseline.stash_id else self.unsettled)[place] = baseline


class Working:
    """Holds the store and the run."""

    context: HasStore
    run: Run

    @property
    def store(self) -> StashStore:
        """The store, the same as `context.store`."""
        return self.context.store

    async def _bounded(self, item: Item, work: Awaitable[object]) -> None:
        """The item boundary: whatever is wrong with one item costs that item alone."""
        try:
            await work
        except ItemError as error:
            self.run.report.skip(item.kind, str(item.id), str(error), is_failure=True)
        except SyncError:
            raise
        except Exception as error:
            log.exception("item.failed", extra={"kind": item.kind, "id": item.id})
            reason = f"could not be processed ({type(error).__name__}); please report this"
            self.run.report.skip(item.kind, str(item.id), reason, is_failure=True)
