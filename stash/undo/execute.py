"""Undo a run: read a snapshot of Stash, plan, apply, record."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stash.changes.change_set import ChangeSet
from stash.changes.flush_log import FlushLog
from stash.changes.net_changes import net_changes, new_ids, with_ids
from stash.reconcile.merge_result import names_of
from stash.report import PLURALS, FieldChange
from stash.store import destroy
from stash.store.entities import is_stub
from stash.store.library_internals import is_new
from stash.undo.plan import DELETABLE
from stash.undo.planner import plan_undo
from stash.undo.records import (
    baselines_after,
    baselines_before,
    baselines_of_restored_chapters,
    id_writebacks,
)
from stash.undo.select_run import command_of, unfinished_undo
from stash.undo.snapshot import SnapshotReader, ids_by_type
from stash.undo.stage import REASON_UNDONE, UndoStage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stash.changes.net_changes import EntityRef, NetChange
    from stash.journal import Baseline, Journal, LogEntry, RunRow
    from stash.report import Report
    from stash.store import Change, Flushed, StashStore
    from stash.store.entity_types import Entity
    from stash.undo.plan import UndoPlan
    from stash.undo.stage import StagedUndo

    type Changes = Mapping[EntityRef, NetChange]

_UNKNOWN = "run {} was killed before it was known whether this was made; sync, then undo it again"
_INCOMPLETE = "{} deleted in Stash since; it is made again without"


class UndoRun:
    """Undoes one run."""

    def __init__(
        self, store: StashStore, journal: Journal, report: Report, *, is_forced: bool = False
    ) -> None:
        self._store = store
        self._journal = journal
        self._report = report
        self._is_forced = is_forced
        self._began = time.monotonic()

    async def undo(self, run: RunRow) -> None:
        """Undo a run. Where the report has a plan, only show what would be done.

        Raises:
            RetriableError: Stash did not answer. The journal has what was done, and the next attempt goes on from there.
        """
        replaced = await self._journal.undo.replaced_since(run.id)
        log = with_ids(await self._journal.log.entries(run.id), new_ids(replaced))
        changes = net_changes(log)
        async with self._store.session():
            snapshot = await SnapshotReader(self._store, self._journal, changes).read()
            plan = plan_undo(changes, snapshot, is_forced=self._is_forced)
            self._report_left_alone(run, log, plan)
            staged = await UndoStage(self._store, snapshot, plan).fill(changes.values())
            if self._report.plan is None:
                await self._apply(run, changes, plan, staged)
            else:
                self._show(staged, self._report.plan)
            self._store.rollback()
        self._measure()

    # --- report ---

    def _measure(self) -> None:
        self._report.header.requests = vars(self._store.requests).copy()
        self._report.header.seconds = time.monotonic() - self._began

    def _report_left_alone(self, run: RunRow, log: Iterable[LogEntry], plan: UndoPlan) -> None:
        """Name what stays as it is, and why."""
        report = self._report
        for entry in log:
            if entry.state == "planned" and not entry.stash_id:
                report.skip(entry.key.kind, entry.key.id, _UNKNOWN.format(run.id), is_failure=True)
        for (name, entity_id), field in plan.kept:
            report.keep(name, entity_id, field)
        for change, reason in plan.left_alone:
            report.skip(*change.key, reason)
        for change, fields in plan.incomplete:
            report.skip(*change.key, _INCOMPLETE.format(", ".join(fields)))
        for name, _ in {ref for ref, _ in plan.kept} | {change.ref for change, _ in plan.left_alone}:
            report.count(name, "kept")

    def _show(self, staged: StagedUndo, plan: list[FieldChange]) -> None:
        """Show what would be done, for a dry run."""
        pending, results = self._store.pending(), staged.results
        plan += [field.shown for field in ChangeSet(pending, results.get).fields()]
        for change in staged.deletes:
            entity, key = change.entity, " ".join(results[change.entity].key)
            (label,) = names_of([entity])
            plan.append(FieldChange(entity.__type_name__, entity.id, "id", label, None, REASON_UNDONE, key))
        self._count([*pending, *staged.deletes])

    def _report_flushed(self, flushed: Flushed, staged: StagedUndo) -> None:
        self._count(flushed.applied)
        for failure in flushed.failed:
            result, name = staged.results.get(failure.entity), failure.entity.__type_name__
            kind, key = result.key if result else (name, failure.entity.id)
            reason = f"Stash refused {name}: {failure.message[:300]}"
            self._report.skip(kind, key, reason, is_failure=True)

    def _count(self, changes: Iterable[Change]) -> None:
        """Count each entity once: as created or removed, else as updated."""
        actions: dict[Entity, str] = {}
        for change in changes:
            if actions.get(change.entity) is None or change.action in {"create", "destroy"}:
                actions[change.entity] = change.action
        for entity, action in actions.items():
            name = entity.__type_name__
            if action == "destroy":
                self._report.removed[PLURALS[name]] += 1
            else:
                self._report.count(name, "created" if action == "create" else "updated")

    # --- apply and record ---

    async def _apply(self, run: RunRow, changes: Changes, plan: UndoPlan, staged: StagedUndo) -> None:
        unfinished = await unfinished_undo(self._journal, run)
        if unfinished is not None:
            number = await self._journal.runs.resume(unfinished.id)
        elif self._store.pending() or staged.deletes:
            number = await self._journal.runs.begin(command_of(run), run.creators)
        else:
            return
        self._report.header.run = number
        log = FlushLog(self._journal, number, staged.results.get)
        self._store.record_with(log)
        async with self._journal.runs.ending(number, self._report):
            await self._write(log, changes, plan, staged)
            self._measure()
            if not self._report.exit_code:
                await self._journal.log.log_all_applied(number)

    async def _write(self, log: FlushLog, changes: Changes, plan: UndoPlan, staged: StagedUndo) -> None:
        """Record the undo marks first, so that no sync writes again what is half undone. Write, then delete."""
        journal, touched = self._journal, ids_by_type([*changes, *plan.writes])
        baselines = await journal.baselines.of_entities(touched)
        await journal.fingerprints.drop(touched)
        await journal.record(baselines_before(baselines, plan.undo_marks))
        flushed = await self._store.flush()
        self._report_flushed(flushed, staged)
        await journal.record((), outcomes=log.take())
        if not flushed.failed:
            self._report_flushed(await destroy(self._store, staged.deletes, log), staged)
        recreated = {ref: entity for ref, entity in staged.recreated.items() if not is_new(entity)}
        deleted = self._deleted(changes, baselines)
        after = baselines_after(baselines, plan.undo_marks, recreated, deleted)
        restored = await self._restored_chapters(changes, recreated)
        await journal.record([*after, *restored], id_writebacks(baselines, deleted, recreated), log.take())

    async def _restored_chapters(
        self, changes: Changes, recreated: Mapping[EntityRef, Entity]
    ) -> list[Baseline]:
        chapters = {changes[ref].key: one for ref, one in recreated.items() if ref[0] == "GalleryChapter"}
        pruned = await self._journal.baselines.load_type("GalleryChapter", chapters) if chapters else {}
        return baselines_of_restored_chapters(pruned.values(), chapters)

    def _deleted(self, changes: Changes, baselines: Iterable[Baseline]) -> set[EntityRef]:
        """Find what the run created and what is gone, be it by this undo or by an interrupted one."""
        refs = {(baseline.type, baseline.stash_id) for baseline in baselines}
        created = {ref for ref in refs & changes.keys() if changes[ref].is_created and ref[0] in DELETABLE}
        return {ref for ref in created if (entity := self._store.entry(*ref)) is None or is_stub(entity)}
