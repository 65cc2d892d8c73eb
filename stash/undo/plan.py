"""The input and the result of planning an undo: Stash as it is, and the changes to make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stash.changes.net_changes import EntityRef, NetChange
    from stash.journal import UndoMark


@dataclass
class StashSnapshot:
    """Stash as it is: the fields of each entity as plain values, and the uses of what may go.

    `pictures` are those that Stash shows, as data URLs, None for one that it does not give; `sent` are the marks of those
    that a sync sent last. `again` names what stands in place of an entity that was made again since, `pending_deletes` what an
    attempt that was killed was about to take out.
    """

    fields: dict[EntityRef, dict[str, Any]]
    uses: Mapping[EntityRef, Mapping[str, int]] = field(default_factory=dict)
    pictures: Mapping[EntityRef, str | None] = field(default_factory=dict)
    sent: Mapping[EntityRef, str | None] = field(default_factory=dict)
    again: Mapping[EntityRef, EntityRef] = field(default_factory=dict)
    pending_deletes: Collection[EntityRef] = ()


@dataclass
class UndoPlan:
    """What is to be done: fields to be written, entities to be taken out or made again, and what is left alone."""

    writes: dict[EntityRef, dict[str, Any]] = field(default_factory=dict)
    deletes: list[NetChange] = field(default_factory=list)
    recreates: list[NetChange] = field(default_factory=list)
    undo_marks: dict[EntityRef, dict[str, UndoMark]] = field(default_factory=dict)
    kept: list[tuple[EntityRef, str]] = field(default_factory=list)
    left_alone: list[tuple[NetChange, str]] = field(default_factory=list)
