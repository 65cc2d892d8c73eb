"""The counts of a run: entities for the report, and media that Stash has or has lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from stash.processing.context import RUN_SCOPED_TYPES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from stash.changes.change_set import ChangeSet
    from stash.journal import ChunkFingerprint
    from stash.reconcile.chunk import Chunk
    from stash.reconcile.merge_result import MergeResult
    from stash.report import Report, SyncStatus
    from stash.store import Change
    from stash.store.entity_types import Entity


@dataclass(frozen=True)
class PartKeys:
    """Entities by type and id, and keys of items and media, that a part of a chunk has decided anew."""

    entities: frozenset[tuple[str, str]] = frozenset()
    keys: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, part: Chunk, results: Iterable[Entity]) -> Self:
        """Return what was decided of a part."""
        items = {(item.kind, str(item.id)) for item in part.items}
        media = {("media", str(media_id)) for media_id in part.media}
        return cls(frozenset((one.__type_name__, one.id) for one in results), frozenset(items | media))

    def left_of(self, outcome: Mapping[str, Any]) -> dict[str, Any]:
        """Return the outcome of the rest of the chunk."""
        return {
            "kept": [one for one in outcome["kept"] if tuple(one[:2]) not in self.entities],
            "skipped": [one for one in outcome["skipped"] if tuple(one[:2]) not in self.keys],
            "unattached": outcome["unattached"],
        }


NOTHING = PartKeys()


@dataclass
class Tally:
    """Counts for the report.

    Args:
        report: where the counts go.
        matched: ids of media that have a scene or an image.
        deleted: ids of media that an earlier run recorded, and that Stash has no more.
        is_open: whether a chunk has something left to do.
    """

    report: Report
    matched: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)
    is_open: bool = False
    _counted: set[tuple[str, str]] = field(default_factory=set)
    _planned: set[int] = field(default_factory=set)

    def count_results(
        self,
        results: Mapping[Entity, MergeResult],
        created: Collection[Entity],
        changed: Collection[Entity],
    ) -> None:
        """Count the entities of a chunk, and name the fields that are the user's."""
        for entity, result in results.items():
            for field_name in result.kept:
                self.report.keep(entity.__type_name__, entity.id, field_name)
            status: SyncStatus = (
                "created" if entity in created else "updated" if entity in changed else "unchanged"
            )
            self._count(entity.__type_name__, entity.id, status, is_kept=bool(result.kept))

    def count_unchanged(self, fingerprint: ChunkFingerprint, decided: PartKeys = NOTHING) -> None:
        """Report a chunk in which nothing changed as it was reported the last time, without what was decided anew."""
        report, outcome = self.report, decided.left_of(fingerprint.outcome)
        for name, entity_id, field_name in outcome["kept"]:
            report.keep(name, entity_id, field_name)
        for kind, key, reason in outcome["skipped"]:
            report.skip(kind, key, reason)
        report.unattached += outcome["unattached"]
        kept = {(name, entity_id) for name, entity_id, _ in outcome["kept"]}
        for name, ids in fingerprint.ids.items():
            for entity_id in ids:
                if (name, entity_id) in decided.entities:
                    continue
                self._count(name, entity_id, "unchanged", is_kept=(name, entity_id) in kept)

    def _count(self, name: str, entity_id: str, status: SyncStatus, *, is_kept: bool) -> None:
        """Count one entity. Those of the run are in several chunks, and are counted once."""
        if name in RUN_SCOPED_TYPES:
            if (name, entity_id) in self._counted:
                return
            self._counted.add((name, entity_id))
        self.report.count(name, status)
        if is_kept:
            self.report.count(name, "kept")

    def plan(self, changes: ChangeSet, results: Mapping[Entity, MergeResult]) -> None:
        """Add the pending changes of a chunk to the plan, and count them.

        Another chunk may have decided the same already, because nothing of a plan stands in Stash when the next chunk
        begins. Each field, and each link of a field, is planned once.
        """
        plan = self.report.plan
        assert plan is not None  # noqa: S101 - the report of a dry run has a plan
        changed: list[Change] = []
        for change, shown, added, removed in changes.fields():
            place = shown.type, shown.id, shown.key if change.action == "create" else "", shown.field
            links = [hash((*place, link)) for link in (*added, *removed)]
            marks = links or [hash((shown.type, shown.id, shown.key, shown.field, str(shown.after)))]
            fresh = set(marks) - self._planned
            if fresh:
                self._planned |= fresh
                plan.append(shown)
                changed.append(change)
                self.report.links_added += sum(mark in fresh for mark in links[: len(added)])
        self.count_results(
            results, {c.entity for c in changed if c.action == "create"}, {c.entity for c in changed}
        )
