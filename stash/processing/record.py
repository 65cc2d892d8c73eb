"""After the decision: write, remember, count. Or, in a dry run, show the plan."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery, GalleryChapter

from stash.changes.plan import joining_and_leaving, new_links, planned
from stash.concurrency import gather_or_cancel
from stash.interpreter import sweep
from stash.journal import ChunkFingerprint, SourceKey
from stash.processing.duplicates import Twins
from stash.reconcile.fingerprint import signature_of, signatures_of_orders, source_digest, stash_digest
from stash.store import Flushed
from stash.store.entities import is_new

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stash.files.local import LocalFile
    from stash.journal import Outcome
    from stash.processing.flush import Batch
    from stash.reconcile.fingerprint import Chunk
    from stash.report import Skipped
    from stash.source.items import Creator
    from stash.store import Change
    from stash.store.entity_types import Entity

RUN_SCOPED_TYPES = frozenset({"Performer", "Studio", "Tag"})
"""Types whose entities stay in memory for the run; all others leave it with their part."""


IGNORED = "Stash says that it wrote {} and shows another value; set it by hand in Stash, or leave it"


HEARTBEAT = 30.0
"""Seconds between two signs of life of a run in the journal."""


@dataclass
class Decided:
    """What was decided for a part by these rules, until it is written and remembered."""

    creator: Creator
    part: Chunk
    files: Mapping[int, Sequence[LocalFile]]
    rules: str
    skipped_before: int = 0
    unattached: int = 0
    created: dict[Entity, None] = field(default_factory=dict)
    changed: set[Entity] = field(default_factory=set)
    links_added: int = 0
    refused: Flushed = field(default_factory=Flushed)

    @cached_property
    def source(self) -> str:
        """A digest of all that was looked at for the decisions."""
        return source_digest(self.part, self.files, self.rules)

    def note(self, flushed: Flushed) -> None:
        """Count what a flush did. The changes themselves are many, and are let go."""
        self.created |= dict.fromkeys(one.entity for one in flushed.applied if one.action == "create")
        self.changed.update(change.entity for change in flushed.applied)
        self.links_added += sum(
            new_links(c, name, c.after[name]) for c in flushed.applied for name in c.after
        )
        self.refused.add(Flushed(failed=flushed.failed, ignored=flushed.ignored))


class Recording(Twins):
    """Remembers what Stash confirmed, and counts it."""

    async def _conclude(self, decided: Decided) -> None:
        """Count what was written of a part, and note that it is settled."""
        self._name_refused(decided.refused)
        did_give_way, part = await gather_or_cancel(self._give_way(decided.created), self._settled(decided))
        if did_give_way or decided.refused.failed:
            part = replace(part, source_digest="")
        if self.run.journal is not None and part != self.run.settled.get(part.number):
            await self.run.journal.record((), parts=[part])
        self._count(decided.created, decided.changed)
        self.run.report.links_added += decided.links_added
        self._forget_part()

    async def _beat(self) -> None:
        """Show from time to time that the run is alive."""
        run, now = self.run, time.monotonic()
        if run.journal is not None and run.report.run is not None and now - run.beaten_at > HEARTBEAT:
            run.beaten_at = now
            await run.journal.heartbeat(run.report.run)

    def _plan(self) -> None:
        """A dry run stops here: what is pending is the plan, and then it is forgotten."""
        plan = self.run.report.plan
        assert plan is not None  # noqa: S101 - a dry run's report has a plan
        changed: list[Change] = []
        for change in self.store.pending():
            applied = self.run.applied.get(change.entity)
            for name in change.after:
                one = planned(change, name, applied)
                # Another part may have decided the same already: nothing of a plan stands in Stash when the next begins.
                joining, leaving = joining_and_leaving(change, name)
                place = one.type, one.id, one.key if change.action == "create" else "", one.field
                links = [hash((*place, link)) for link in (*joining, *leaving)]
                marks = links or [hash((one.type, one.id, one.key, one.field, str(one.after)))]
                fresh = set(marks) - self.run.planned
                if fresh:
                    self.run.planned |= fresh
                    plan.append(one)
                    changed.append(change)
                    self.run.report.links_added += sum(mark in fresh for mark in links[: len(joining)])
        self._count({c.entity for c in changed if c.action == "create"}, {c.entity for c in changed})
        self.store.rollback(keeping=RUN_SCOPED_TYPES)
        self._forget_part()

    def _name_refused(self, flushed: Flushed) -> None:
        for failure in flushed.failed:
            applied = self.run.applied.get(failure.entity)
            key = applied.key if applied else SourceKey(failure.entity.__type_name__, failure.entity.id)
            reason = f"Stash refused {failure.entity.__type_name__}: {failure.message[:500]}"
            self.run.report.skip(key.kind, key.id, reason, is_failure=True)
        for entity, fields in flushed.ignored:
            applied = self.run.applied.get(entity)
            key = applied.key if applied else SourceKey(entity.__type_name__, entity.id)
            self.run.report.skip(key.kind, key.id, IGNORED.format(" and ".join(fields)))

    async def _remember(self, batch: Batch, refusals: Flushed, outcomes: Sequence[Outcome]) -> None:
        """Record what stands in Stash now. What was refused is not remembered, so the next run tries again."""
        if self.run.journal is None:
            return
        refused: dict[Entity, set[str]] = {}
        for failure in refusals.failed:
            refused.setdefault(failure.entity, set()).update(failure.change.after)
        baselines = []
        for applied in batch.applied.values():
            if not is_new(applied.entity) and not applied.is_left:
                before = self.run.baseline(applied.entity.__type_name__, applied.key)
                baseline = applied.baseline(before, refused.get(applied.entity, ()))
                if baseline != before or self.run.redo:
                    baselines.append(baseline)
        stamps = [
            (table, row, int(entity.id))
            for table, row, entity in batch.stamps
            if not is_new(entity) and refused.get(entity, _PICTURE) <= _PICTURE
        ]
        if baselines or stamps or outcomes:
            await self.run.journal.record(baselines, stamps, outcomes)
        known = self.run.baselines  # what is new in this part is not asked after in it again
        for baseline in baselines:
            place = baseline.type, baseline.key
            if baseline.type in RUN_SCOPED_TYPES or place in known:
                known[place] = baseline

    async def _settled(self, decided: Decided) -> ChunkFingerprint:
        """Return the part as it is now. It has no digest of its source where something is left to do.

        The result is worked out while Stash is asked for duplicates. The ids are kept in every case, for the survey of
        the next run.
        """
        skipped = self.run.report.skipped[decided.skipped_before :]
        open_media = any(
            media not in self.run.matched and any(file.kind for file in files)
            for media, files in decided.files.items()
        )
        is_open = open_media or any(one.is_failure for one in skipped) or bool(self.run.overwrite)
        applied = [a.entity for a in self.run.applied.values()]
        ids: dict[str, list[str]] = {}
        for entity in applied:
            if not is_new(entity):
                ids.setdefault(entity.__type_name__, []).append(entity.id)
        orders = {one: self.run.orders[one] for one in _with_chapters(applied) & self.run.orders.keys()}
        return ChunkFingerprint(
            account=decided.creator.id,
            number=decided.part.number,
            source_digest="" if is_open else decided.source,
            stash_digest=stash_digest([*map(signature_of, applied), *signatures_of_orders(orders)]),
            ids=ids,
            outcome=self._outcome(decided, skipped),
        )

    def _outcome(self, decided: Decided, skipped: Sequence[Skipped]) -> dict[str, Any]:
        kept = [[a.entity.__type_name__, a.entity.id, f] for a in self.run.applied.values() for f in a.kept]
        return {
            "kept": kept,
            "skipped": [[one.kind, one.id, one.reason] for one in skipped],
            "unattached": decided.unattached,
        }

    def _report_settled(self, settled: ChunkFingerprint) -> None:
        """A part in which nothing changed is reported as it was the last time."""
        report, outcome = self.run.report, settled.outcome
        for name, entity_id, field_name in outcome["kept"]:
            report.keep(name, entity_id, field_name)
        for kind, key, reason in outcome["skipped"]:
            report.skip(kind, key, reason)
        report.unattached += outcome["unattached"]
        kept = {(name, entity_id) for name, entity_id, _ in outcome["kept"]}
        for name, ids in settled.ids.items():
            for entity_id in ids:
                self._count_once(name, entity_id, "unchanged", is_kept=(name, entity_id) in kept)
        self._forget_part()

    def _count(self, created: Collection[Entity], changed: Collection[Entity]) -> None:
        for entity, applied in self.run.applied.items():
            for field_name in applied.kept:
                self.run.report.keep(entity.__type_name__, entity.id, field_name)
            standing = "created" if entity in created else "updated" if entity in changed else "unchanged"
            self._count_once(entity.__type_name__, entity.id, standing, is_kept=bool(applied.kept))

    def _count_once(self, name: str, entity_id: str, standing: Any, *, is_kept: bool) -> None:
        if (name, entity_id) in self.run.counted:
            return
        self.run.counted.add((name, entity_id))
        self.run.report.count(name, standing)
        if is_kept:
            self.run.report.count(name, "kept")

    def _sweep(self) -> None:
        """Free what the part before has left behind: replies name themselves, too."""
        if self.run.is_littered:
            sweep()
        self.run.is_littered = False

    def _forget_part(self) -> None:
        """Forget the entities of this part. Performers, studios and tags stay for the run."""
        run = self.run
        run.is_littered = True
        run.applied = {e: a for e, a in run.applied.items() if e.__type_name__ in RUN_SCOPED_TYPES}
        run.orders, run.names = {}, {}
        run.counted = {key for key in run.counted if key[0] in RUN_SCOPED_TYPES}
        run.baselines = {
            key: baseline for key, baseline in run.baselines.items() if key[0] in RUN_SCOPED_TYPES
        }
        run.unsettled = {
            key: baseline for key, baseline in run.unsettled.items() if key[0] in RUN_SCOPED_TYPES
        }
        run.unwritten = {i: a for i, a in run.unwritten.items() if a.entity.__type_name__ in RUN_SCOPED_TYPES}
        run.stamps = [stamp for stamp in run.stamps if stamp[2].__type_name__ in RUN_SCOPED_TYPES]


def _with_chapters(applied: Sequence[Entity]) -> set[str]:
    """The galleries of the chapters. One that stood in Stash before is named by its gallery alone."""
    chapters = {one for one in applied if isinstance(one, GalleryChapter)}
    made_in = {one.gallery.id for one in chapters if isinstance(one.gallery, Gallery)}
    galleries = [(one.id, one.chapters) for one in applied if isinstance(one, Gallery)]
    standing = {
        key for key, listed in galleries if isinstance(listed, list) and not chapters.isdisjoint(listed)
    }
    return made_in | standing


_PICTURE = frozenset({"image"})
