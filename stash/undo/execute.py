"""Taking a run back: what it did is read out of the journal, looked at as it stands, and written backwards."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery, GalleryChapter

from stash.changes.flush_log import FlushLog
from stash.changes.net_changes import net_changes, new_ids, with_ids
from stash.changes.plan import planned
from stash.errors import SyncError
from stash.files.content import mark_of_url
from stash.journal import PICTURES
from stash.reconcile.merge_result import MergeResult, Picture, names_of
from stash.report import PLURALS, Planned
from stash.store import Change, destroy
from stash.store.entities import is_stub
from stash.store.entity_types import ENTITY_TYPES
from stash.store.library_internals import is_new
from stash.undo.plan import StashSnapshot
from stash.undo.planner import REMOVABLE, UndoPlanner
from stash.undo.records import noted_after, noted_before, remains_of, stamps_of
from stash.undo.select_run import command_of, unfinished_undo
from stash.undo.snapshot import SnapshotReader, grouped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stash.changes.net_changes import EntityRef, NetChange
    from stash.journal import Baseline, Journal, LogEntry, RunRow
    from stash.report import Report
    from stash.store import Flushed, StashStore
    from stash.store.entity_types import Entity
    from stash.undo.plan import UndoPlan

WHY = "taken back"

_UNKNOWN = "run {} was killed before it was known whether this was made; sync, then undo it again"
_SEPARATE = frozenset({"images", "scenes", "cover", "chapters", "image_count", "files", "folder"})
"""Fields of a gallery that no creation takes."""


class UndoRun:
    """Takes back one run."""

    def __init__(
        self, store: StashStore, journal: Journal, report: Report, *, is_forced: bool = False
    ) -> None:
        self._store = store
        self._journal = journal
        self._report = report
        self._is_forced = is_forced
        self._results: dict[Entity, MergeResult] = {}
        self._again: dict[EntityRef, Entity] = {}
        self._standing = StashSnapshot({})
        self._began = time.monotonic()

    async def undo(self, run: RunRow) -> None:
        """Take back what a run did. Where the report has a plan, only show it.

        Raises:
            RetriableError: Stash did not answer; what was done is noted, another attempt goes on from there.
        """
        operations = with_ids(
            await self._journal.log.entries(run.id), new_ids(await self._journal.undo.replaced_since(run.id))
        )
        effects = net_changes(operations)
        async with self._store.session():
            standing = self._standing = await SnapshotReader(self._store, self._journal, effects).look()
            plan = UndoPlanner(effects, standing, is_forced=self._is_forced).decide()
            self._note_left(run, operations, plan)
            for place, other in standing.again.items():
                self._again[place] = self._entity(other)
            await self._make_again(plan.recreates)
            self._write(effects, plan)
            doomed = [self._doom(effect, standing.fields[effect.place]) for effect in plan.deletes]
            if self._report.plan is None:
                await self._apply(run, effects, plan, doomed)
            else:
                self._show(doomed)
            self._store.rollback()
        self._measure()

    def _measure(self) -> None:
        self._report.requests = vars(self._store.requests).copy()
        self._report.seconds = time.monotonic() - self._began

    # --- what is to be done ---

    def _note_left(self, run: RunRow, operations: Iterable[LogEntry], plan: UndoPlan) -> None:
        """Name what stays as it is, and why."""
        for one in operations:
            if one.state == "planned" and not one.stash_id:
                self._report.skip(one.key.kind, one.key.id, _UNKNOWN.format(run.id), is_failure=True)
        for (name, entity_id), field_name in plan.kept:
            self._report.keep(name, entity_id, field_name)
        for effect, reason in plan.left_alone:
            self._report.skip(effect.key.kind, effect.key.id, reason)
        left = {place for place, _ in plan.kept} | {effect.place for effect, _ in plan.left_alone}
        for name, _ in left:
            self._report.count(name, "kept")

    def _entity(self, place: EntityRef) -> Entity:
        entity = self._again.get(place) or self._store.entry(*place)
        assert entity is not None  # noqa: S101 - the plan names only what stands or is made again
        return entity

    def _value(self, type_name: str, name: str, value: Any) -> Any:
        """A field's value as an entity takes it: links for ids."""
        target = ENTITY_TYPES[type_name].relations.get(name)
        if target is None or value is None:
            return value
        kind = target.__type_name__
        if not isinstance(value, list):
            return self._entity((kind, value))
        return list(dict.fromkeys(self._entity((kind, i)) for i in value))

    async def _make_again(self, making: Sequence[NetChange]) -> None:
        """Queue what an undo took out, unless an attempt that was killed has made it already."""
        for name in ("Studio", "Tag", "Performer", "Gallery", "GalleryChapter"):
            mine = [effect for effect in making if effect.place[0] == name]
            if mine and name != "GalleryChapter":
                await self._find_made(name, mine)
            for effect in _parents_first(mine):
                if effect.place not in self._again:
                    self._again[effect.place] = self._made(name, effect)
        for effect in making:
            cover = self._store.entry("Image", str((effect.was or {}).get("cover")))
            gallery = self._again[effect.place]
            if isinstance(gallery, Gallery) and cover is not None:
                gallery.cover = cover  # type: ignore[assignment]  # an image, by its type

    async def _find_made(self, name: str, effects: Sequence[NetChange]) -> None:
        kind = ENTITY_TYPES[name]
        key = str(kind.key)
        keys = [(effect, (effect.was or {}).get(key)) for effect in effects]
        lookup: dict[str, Any] = {f"{key}__in": [value for _, value in keys if value]}
        found = await self._store.preload(kind.entity, **lookup) if lookup[f"{key}__in"] else []
        for effect, value in keys:
            behind = (effect.was or {}).get("disambiguation") or ""
            for entity in found:
                fields = entity.__dict__
                if value and fields.get(key) == value and (fields.get("disambiguation") or "") == behind:
                    self._again[effect.place] = entity

    def _made(self, name: str, effect: NetChange) -> Entity:
        was = {
            field: value for field, value in (effect.was or {}).items() if field not in _SEPARATE | PICTURES
        }
        fields = {field: self._value(name, field, value) for field, value in was.items()}
        if name == "GalleryChapter":
            standing = fields["gallery"].chapters
            chapters: list[Entity] = standing if isinstance(standing, list) else []
            for one in chapters:
                if not isinstance(one, GalleryChapter):
                    continue
                if (one.title, one.image_index) == (fields["title"], fields["image_index"]):
                    return one
        entity = self._store.new(ENTITY_TYPES[name].entity, **fields)
        self._store.queue(entity)
        return entity

    def _write(self, effects: dict[EntityRef, NetChange], plan: UndoPlan) -> None:
        for place, effect in effects.items():
            entity = self._again.get(place) or self._store.entry(*place)
            if entity is not None:
                reasons = dict.fromkeys([*plan.writes.get(place, ()), "images"], WHY)
                self._results[entity] = MergeResult(entity, effect.key, reasons=reasons)
        for place, fields in plan.writes.items():
            entity = self._entity(place)
            for name, value in fields.items():
                if name in PICTURES:
                    self._attach(entity, name, value, self._standing.pictures.get(place))
                else:
                    setattr(entity, name, self._value(place[0], name, value))
        for effect in plan.recreates:
            if url := (effect.was or {}).get("image"):
                self._attach(self._entity(effect.place), "image", url, None)

    def _attach(self, entity: Entity, name: str, picture: str | None, before: str | None) -> None:
        self._store.attach(entity, **{name: picture})
        self._results[entity].pictures[name] = Picture(before, mark_of_url(picture))

    def _doom(self, effect: NetChange, fields: dict[str, Any]) -> Change:
        """The removal of an entity, with all that it takes to make it again."""
        was = remains_of(effect, fields, self._standing.pictures.get(effect.place))
        if effect.place[0] == "GalleryChapter":
            was["gallery"] = self._entity(("Gallery", fields["gallery"]))
        return Change(self._entity(effect.place), "destroy", was, {})

    # --- doing it ---

    def _show(self, doomed: Sequence[Change]) -> None:
        """A dry run stops here."""
        plan = self._report.plan
        assert plan is not None  # noqa: S101 - a dry run's report has a plan
        pending = self._store.pending()
        applied = self._results
        plan += [planned(c, name, applied.get(c.entity)) for c in pending for name in c.after]
        for change in doomed:
            entity, key = change.entity, " ".join(applied[change.entity].key)
            (label,) = names_of([entity])
            plan.append(Planned(entity.__type_name__, entity.id, "id", label, None, WHY, key))
        self._count([*pending, *doomed])

    async def _apply(
        self, run: RunRow, effects: dict[EntityRef, NetChange], plan: UndoPlan, doomed: Sequence[Change]
    ) -> None:
        earlier = await unfinished_undo(self._journal, run)
        if earlier is not None:
            number = await self._journal.runs.resume(earlier.id)
        elif self._store.pending() or doomed:
            number = await self._journal.runs.begin(command_of(run), run.creators)
        else:
            return
        self._report.run = number
        recorder = FlushLog(self._journal, number, self._results.get)
        self._store.record_with(recorder)
        try:
            await self._send(recorder, effects, plan, doomed)
            self._measure()
        except BaseException:
            with suppress(SyncError):
                await self._journal.runs.end(number, "failed", self._report.summary())
            raise
        if not self._report.exit_code:
            await self._journal.log.log_all_applied(number)
        await self._journal.runs.end(number, self._report.outcome, self._report.summary())

    async def _send(
        self,
        recorder: FlushLog,
        effects: dict[EntityRef, NetChange],
        plan: UndoPlan,
        doomed: Sequence[Change],
    ) -> None:
        """Decline first, so that no sync ever writes again what is half taken back. Then write, then take out."""
        journal = self._journal
        touched = grouped([*effects, *plan.writes])
        baselines = await journal.baselines.of_entities(touched)
        await journal.fingerprints.drop(touched)
        await journal.record(noted_before(baselines, plan.undo_marks))
        flushed = await self._store.flush()
        self._settle(flushed)
        await journal.record((), outcomes=recorder.take())
        if not flushed.failed:
            removed = await destroy(self._store, doomed, recorder)
            self._settle(removed)
        gone = self._gone(effects, baselines)
        made = {place: entity for place, entity in self._again.items() if not is_new(entity)}
        await journal.record(
            noted_after(baselines, plan.undo_marks, made),
            stamps_of(baselines, gone, made),
            recorder.take(),
        )

    def _gone(self, effects: dict[EntityRef, NetChange], baselines: Iterable[Baseline]) -> set[EntityRef]:
        """Return what the run made and stands no more, by this undo or by an attempt that was killed."""
        found: set[EntityRef] = set()
        for place in {(baseline.type, baseline.stash_id) for baseline in baselines}:
            effect, entity = effects.get(place), self._store.entry(*place)
            is_standing = entity is not None and not is_stub(entity)
            if effect is not None and effect.is_made and place[0] in REMOVABLE and not is_standing:
                found.add(place)
        return found

    def _settle(self, flushed: Flushed) -> None:
        self._count(flushed.applied)
        for failure in flushed.failed:
            applied = self._results.get(failure.entity)
            kind, key = applied.key if applied else (failure.entity.__type_name__, failure.entity.id)
            reason = f"Stash refused {failure.entity.__type_name__}: {failure.message[:300]}"
            self._report.skip(kind, key, reason, is_failure=True)

    def _count(self, changes: Iterable[Change]) -> None:
        actions: dict[Entity, Change] = {}
        for change in changes:
            if change.entity not in actions or change.action in _ENDS:
                actions[change.entity] = change
        for change in actions.values():
            name = change.entity.__type_name__
            if change.action == "destroy":
                self._report.removed[PLURALS[name]] += 1
            else:
                self._report.count(name, "created" if change.action == "create" else "updated")


_ENDS = frozenset({"create", "destroy"})


def _parents_first(effects: Sequence[NetChange]) -> list[NetChange]:
    """Studios that others are under come first."""
    return sorted(effects, key=lambda effect: bool((effect.was or {}).get("parent_studio")))
