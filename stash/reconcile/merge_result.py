"""The result of the three-way merge of one entity, and the baseline to record once Stash has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from stash.journal import Baseline, UndoMark
from stash.store.library_internals import is_new, snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from stash.mapping.keys import SourceKey
    from stash.reconcile.merge import SetMerge
    from stash.store.entity_types import Entity

_FILES = frozenset({"images", "scenes"})


class Picture(NamedTuple):
    """A picture that is sent: the data URL of the one that it replaces, and its own mark, empty for none."""

    before: str | None
    after: str


@dataclass(slots=True, eq=False)
class MergeResult:
    """The decisions for one entity.

    Args:
        entity: the entity. Its fields hold the decided values already.
        key: its key at the source.
        last_applied: by field, the values that the next merge takes for ours.
        sets: by field, the merge of a set, and the entities of its members by their ids of now.
        singles: by field, the entities of single links.
        reasons: by field, the reason of the decision.
        kept: the fields whose value is the user's.
        undo_marks: by field, what an undo removed and restored, as far as it is still so.
        pictures: by field, the pictures that are sent.
        is_left: whether the entity and its baseline stay as they are.
    """

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
        """Return the baseline to record, with the ids that Stash gave meanwhile.

        A field that Stash refused has what it had `before`. A link that was not confirmed is not recorded.
        """
        known_members: dict[str, Any] = {}
        last_applied: dict[str, Any] = dict(self.last_applied)
        for name, one in self.singles.items():
            last_applied[name] = one.id
        for name, (merge, members) in self.sets.items():
            if merge.known_members or merge.last_applied:
                known_members[name], last_applied[name] = self._recorded_set(name, merge, members)
        for name in {*refused, *self._unconfirmed_singles()}:
            _put_back(name, known_members, before.known_members if before else {})
            _put_back(name, last_applied, before.last_applied if before else {})
        return Baseline(
            type=self.entity.__type_name__,
            key=self.key,
            stash_id=self.entity.id,
            created_at=instant_text(self.entity.created_at),
            updated_at=self._written_at(before),
            known_members=known_members,
            last_applied=last_applied,
            undo_marks=self.undo_marks,
        )

    def _recorded_set(
        self, name: str, merge: SetMerge, members: Mapping[str, Entity]
    ) -> tuple[list[str], list[str]]:
        """Return the known and the applied members of a set, by their ids of now."""
        if not members:
            return list(merge.known_members), list(merge.last_applied)
        lost = {key for key in merge.added if name in _FILES and not self._has(members[key])}
        ids = {key: None if key in lost else one.id for key, one in members.items()}
        return (
            [one for key in merge.known_members if (one := ids.get(key, key)) is not None],
            [one for key in merge.last_applied if (one := ids.get(key, key)) is not None],
        )

    def _unconfirmed_singles(self) -> list[str]:
        """Return the single links to what Stash does not have, and the cover that it did not take."""
        found = [name for name, one in self.singles.items() if is_new(one)]
        cover = self.singles.get("cover")
        if cover is not None and snapshot(self.entity).get("cover") is not cover:
            found.append("cover")
        return found

    def _has(self, file: Entity) -> bool:
        """Tell whether Stash has confirmed that a scene or an image is in this gallery."""
        return any(gallery is self.entity for gallery in snapshot(file).get("galleries") or ())

    def _written_at(self, before: Baseline | None) -> str:
        """Return when Stash took our last write, by its clock. The baseline of another entity does not count."""
        written = instant_text(self.entity.__dict__.get("updated_at"))
        if written or before is None or before.stash_id != self.entity.id:
            return written
        return before.updated_at

    def keep_undo_mark(
        self, name: str, desired: Collection[str], baseline: Baseline | None, *, is_complete: bool = True
    ) -> None:
        """Keep the undo mark of a merged set, as far as what the undo removed and restored is still so."""
        mark = baseline.undo_marks.get(name) if baseline is not None else None
        if mark is None:
            return
        result = self.sets[name][0].result
        taken = [one for one in mark.taken if one not in result and (one in desired or not is_complete)]
        left = [one for one in mark.left if one in result and one not in desired]
        if taken or left:
            self.undo_marks[name] = UndoMark(taken, left)


def _put_back(name: str, fields: dict[str, Any], before: Mapping[str, Any]) -> None:
    fields.pop(name, None)
    if name in before:
        fields[name] = before[name]


def instant_text(value: object) -> str:
    """Return an instant in one form, whatever zone the server writes it in. Empty for no instant."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else ""


def is_remembered(entity: Entity, baseline: Baseline) -> bool:
    """Tell whether an entity is the recorded one: an id may be another entity's since a database was made anew."""
    return entity.id == baseline.stash_id and instant_text(entity.created_at) == baseline.created_at


def names_of(entities: Iterable[Entity]) -> list[str]:
    """Return the name of each entity for a person: its name, code or title, else its id."""
    return [_name_of(entity) for entity in entities]


def _name_of(entity: Entity) -> str:
    known = entity.__dict__
    return str(known.get("name") or known.get("code") or known.get("title") or entity.id)
