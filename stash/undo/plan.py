"""The input and the result of planning an undo: a snapshot of Stash, and the changes to make. Values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stash.store.delete import ORDER

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stash.changes.net_changes import EntityRef, NetChange
    from stash.journal import UndoMark

DELETABLE = frozenset(ORDER)
"""Types that a run creates. Scenes and images are the user's files and are never deleted."""

NAMED = frozenset({"Performer", "Tag", "Studio"})
"""Types that other entities use by name. They are deleted only when nothing uses them."""

OF_STASH = frozenset({"id", "created_at", "updated_at", "image_path", "image_count", "folder", "files"})
"""Fields that Stash itself sets."""


@dataclass
class StashSnapshot:
    """Stash as it is: the fields of each entity as plain values, and the uses of what the run created.

    `pictures` has the pictures that Stash shows, as data URLs, None for one that Stash does not send. `sent` has the
    marks of the pictures that a sync sent last. `replaced_by` names the entity that a later run made in place of a
    deleted one. `pending_deletes` are the entities that an interrupted undo was about to delete.
    """

    fields: Mapping[EntityRef, Mapping[str, Any]]
    uses: Mapping[EntityRef, Mapping[str, int]] = field(default_factory=dict)
    pictures: Mapping[EntityRef, str | None] = field(default_factory=dict)
    sent: Mapping[EntityRef, str | None] = field(default_factory=dict)
    replaced_by: Mapping[EntityRef, EntityRef] = field(default_factory=dict)
    pending_deletes: Collection[EntityRef] = ()


@dataclass
class UndoPlan:
    """Fields to write, entities to delete or to make again, and what stays as it is.

    `undo_marks` tell later syncs what the undo took. `incomplete` names, of an entity that is made again, the fields
    whose links lead to deleted entities.
    """

    writes: dict[EntityRef, dict[str, Any]] = field(default_factory=dict)
    deletes: list[NetChange] = field(default_factory=list)
    recreates: list[NetChange] = field(default_factory=list)
    undo_marks: dict[EntityRef, dict[str, UndoMark]] = field(default_factory=dict)
    kept: list[tuple[EntityRef, str]] = field(default_factory=list)
    left_alone: list[tuple[NetChange, str]] = field(default_factory=list)
    incomplete: list[tuple[NetChange, Sequence[str]]] = field(default_factory=list)
