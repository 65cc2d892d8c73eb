"""What the source asks of an entity, and how it meets what stands in Stash."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from stash_graphql_client.types.unset import UNSET

from stash.journal import Baseline, SourceKey, UndoMark, as_text
from stash.reconcile.merge import merge_set, merge_value
from stash.store.entities import assign
from stash.store.entity_types import Entity
from stash.store.library_internals import is_new, snapshot
from stash.texts import normalize_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from stash.mapping.desired import DesiredState
    from stash.reconcile.merge import SetMerge


class Picture(NamedTuple):
    """A picture that is sent: the data URL of the one that it replaces, and its own mark, empty for none."""

    before: str | None
    after: str


@dataclass(slots=True, eq=False)
class MergeResult:
    """An entity with what was decided for it, to be remembered once Stash has it."""

    entity: Entity
    key: SourceKey
    last_applied: dict[str, Any] = field(default_factory=dict)
    sets: dict[str, tuple[SetMerge, dict[str, Entity]]] = field(default_factory=dict)
    singles: dict[str, Entity] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    undo_marks: dict[str, UndoMark] = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)
    is_left: bool = False

    def baseline(self, before: Baseline | None = None, refused: Collection[str] = ()) -> Baseline:
        """Return what the journal keeps, with the ids that Stash gave meanwhile.

        Of the fields that Stash refused it keeps what it had `before`; a link that was not confirmed is not kept.
        """
        wrote: dict[str, Any] = {**self.last_applied, **{name: one.id for name, one in self.singles.items()}}
        refused = {*refused, *(name for name, one in self.singles.items() if is_new(one))}
        seen: dict[str, Any] = {}
        for name, (decision, members) in self.sets.items():
            if not (decision.known_members or decision.last_applied):
                continue
            if not members:
                seen[name], wrote[name] = list(decision.known_members), list(decision.last_applied)
                continue
            lost = {key for key in decision.added if name in _FILES and not self._has(members[key])}
            ids = {key: None if key in lost else one.id for key, one in members.items()}
            seen[name] = [one for key in decision.known_members if (one := ids.get(key, key)) is not None]
            wrote[name] = [one for key in decision.last_applied if (one := ids.get(key, key)) is not None]
        cover = self.singles.get("cover")
        if cover is not None and snapshot(self.entity).get("cover") is not cover:
            refused.add("cover")
        for name in refused:
            for kept, known in (
                (seen, before.known_members if before else {}),
                (wrote, before.last_applied if before else {}),
            ):
                kept.pop(name, None)
                if name in known:
                    kept[name] = known[name]
        return Baseline(
            type=self.entity.__type_name__,
            key=self.key,
            stash_id=self.entity.id,
            created_at=instant_text(self.entity.created_at),
            updated_at=self._written_at(before),
            known_members=seen,
            last_applied=wrote,
            undo_marks=self.undo_marks,
        )

    def _written_at(self, before: Baseline | None) -> str:
        """Return when Stash took our last write, by its clock. A memory of another entity does not count."""
        written = instant_text(self.entity.__dict__.get("updated_at"))
        if written or before is None or before.stash_id != self.entity.id:
            return written
        return before.updated_at

    def keep_undo_mark(
        self, name: str, wished: Collection[str], baseline: Baseline | None, *, is_complete: bool = True
    ) -> None:
        """Keep in mind what undo took from a decided set, and what it put back, as far as that still stands so."""
        mark = baseline.undo_marks.get(name) if baseline is not None else None
        if mark is None:
            return
        result = self.sets[name][0].result
        taken = [one for one in mark.taken if one not in result and (one in wished or not is_complete)]
        left = [one for one in mark.left if one in result and one not in wished]
        if taken or left:
            self.undo_marks[name] = UndoMark(taken, left)

    def _has(self, file: Entity) -> bool:
        """Tell whether Stash has confirmed that a scene or an image is in this gallery."""
        return any(gallery is self.entity for gallery in snapshot(file).get("galleries") or ())


_FILES = frozenset({"images", "scenes"})


def instant_text(value: object) -> str:
    """An instant in one form, whatever zone the server writes it in."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else ""


def is_remembered(entity: Entity, baseline: Baseline) -> bool:
    """Tell whether an entity is the recorded one: an id may be another entity's since a database was made anew."""
    return entity.id == baseline.stash_id and instant_text(entity.created_at) == baseline.created_at


def reconcile(
    entity: Entity, key: SourceKey, wish: DesiredState, baseline: Baseline | None, overwrite: Collection[str]
) -> MergeResult:
    """Bring an entity of the store to what the merge decides. Nothing is sent yet."""
    merging = _EntityMerge(MergeResult(entity, key), wish, baseline, overwrite)
    for name in wish.values:
        merging.value(name)
    for name in wish.texts:
        merging.texts(name)
    for name in wish.links:
        merging.links(name)
    assign(entity, merging.writes)
    return merging.applied


@dataclass(slots=True)
class _EntityMerge:
    """One entity on its way through the merge."""

    applied: MergeResult
    wish: DesiredState
    baseline: Baseline | None
    overwrite: Collection[str]
    writes: dict[str, Any] = field(default_factory=dict)

    def value(self, name: str) -> None:
        applied, value = self.applied, self.wish.values[name]
        theirs, wished = _plain(applied.entity.__dict__.get(name)), _plain(value)
        if self.baseline is not None and self._is_declined(self.baseline, name, theirs, wished):
            return
        decision = merge_value(
            theirs,
            wished,
            _known(self.baseline, name, theirs),
            predecessors=self.wish.predecessors.get(name, ()),
            overwrite=name in self.overwrite,
        )
        applied.reasons[name] = decision.reason
        if decision.action == "write":
            self.writes[name] = value
        elif decision.action == "keep":
            applied.kept.append(name)
        if decision.remembered is not None:
            applied.last_applied[name] = decision.remembered
            if isinstance(value, Entity):
                applied.singles[name] = value
        elif self.baseline is not None and name in self.baseline.last_applied:
            applied.last_applied[name] = self.baseline.last_applied[name]

    def _is_declined(self, baseline: Baseline, name: str, theirs: str | None, wish: str | None) -> bool:
        """Tell whether a field stands as undo left it: then it is left so, and what we once wrote stays remembered."""
        mark = baseline.undo_marks.get(name)
        if mark is None or name in self.overwrite:
            return False
        if normalize_text(theirs) != normalize_text(as_text(mark.left)) or (
            wish is not None and normalize_text(theirs) == normalize_text(wish)
        ):
            return False
        self.applied.undo_marks[name] = mark
        if name in baseline.last_applied:
            self.applied.last_applied[name] = baseline.last_applied[name]
        return True

    def texts(self, name: str) -> None:
        wished = self.wish.texts[name]
        decision = self._set(name, wished, _listed(self.applied.entity, name))
        self.applied.sets[name] = (decision, {})
        self._decline(name, wished)
        if decision.added or decision.removed:
            self.writes[name] = list(decision.result)

    def links(self, name: str) -> None:
        theirs, members = _listed(self.applied.entity, name), self.wish.links[name]
        by_id = {member.id: member for member in (*theirs, *members)}
        wished = [member.id for member in members]
        decision = self._set(name, wished, [member.id for member in theirs])
        self.applied.sets[name] = (decision, by_id)
        self._decline(name, wished)
        if decision.added or decision.removed:
            self.writes[name] = [by_id[key] for key in decision.result]

    def _decline(self, name: str, wished: Sequence[str]) -> None:
        if self.baseline is not None:
            self.applied.keep_undo_mark(
                name, wished, self.baseline, is_complete=name not in self.wish.partial
            )

    def _set(self, name: str, wished: Sequence[str], theirs: Sequence[str]) -> SetMerge:
        seen, wrote = members_of(self.baseline, name)
        decision = merge_set(theirs, wished, seen, wrote, is_complete=name not in self.wish.partial)
        self.applied.reasons[name] = decision.reason
        return decision


def _known(baseline: Baseline | None, name: str, theirs: str | None) -> list[str] | None:
    """Every value that we wrote to a field. None where we never did.

    What a killed run was about to write counts where it stands, else it was never sent and says nothing.
    """
    if baseline is None:
        return None
    before = [*baseline.previously_applied.get(name, ()), *map(_plain_text, baseline.in_flight.get(name, ()))]
    if name in baseline.last_applied:
        return [*before, baseline.last_applied[name]]
    return before if normalize_text(theirs) in {normalize_text(value) for value in before} else None


def _plain_text(value: Any) -> str:
    return _plain(value) or ""


def members_of(baseline: Baseline | None, name: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return what is remembered of a set. What a killed run was about to add counts as added by us."""
    if baseline is None:
        return (), ()
    return baseline.known_members.get(name, ()), [
        *baseline.last_applied.get(name, ()),
        *baseline.in_flight.get(name, ()),
    ]


def _listed(entity: Entity, name: str) -> list[Any]:
    """Return what stands in Stash. In a new entity nothing does, whatever it was made with."""
    value = entity.__dict__.get(name, UNSET)
    return list(value) if isinstance(value, list) and not is_new(entity) else []


def _plain(value: Any) -> Any:
    """Links compare by id, everything else as text, as Stash keeps it."""
    if isinstance(value, str):
        return value
    if value is UNSET or value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else ""
    return value.id if isinstance(value, Entity) else str(value)


def _label(entity: Entity) -> str:
    known = entity.__dict__
    return str(known.get("name") or known.get("code") or known.get("title") or entity.id)


def names_of(entities: Iterable[Entity]) -> list[str]:
    """Tell how a person knows these entities."""
    return [_label(entity) for entity in entities]
