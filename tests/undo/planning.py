"""Helpers of `test_planner.py`, `test_planned_deletes.py`, `test_planned_recreates.py`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from stash.changes.net_changes import NetChange, NetField
from stash.journal import SourceKey
from stash.undo.plan import StashSnapshot
from stash.undo.planner import plan_undo

if TYPE_CHECKING:
    from stash.undo.plan import UndoPlan

IMAGE, SCENE, GALLERY, CHAPTER = ("Image", "1"), ("Scene", "2"), ("Gallery", "3"), ("GalleryChapter", "4")


PERFORMER, TAG, STUDIO, PARENT = ("Performer", "5"), ("Tag", "6"), ("Studio", "7"), ("Studio", "8")


RED, BLUE, GREEN = (f"data:image/png;base64,{base64.b64encode(one).decode()}" for one in (b"r", b"b", b"g"))


def value(before: Any, after: Any) -> NetField:
    """A field that a run wrote."""
    return NetField(before, after)


def members(*, removed: list[str] | None = None, added: list[str] | None = None) -> NetField:
    """A set that a run wrote."""
    return NetField(removed or [], added or [], is_set=True)


def changed(ref: tuple[str, str], **fields: NetField) -> NetChange:
    """An entity that stood before the run."""
    return NetChange(ref, SourceKey("key", ref[1]), fields=fields)


def deleted(ref: tuple[str, str], **fields: Any) -> NetChange:
    """An entity that the run deleted."""
    return NetChange(ref, SourceKey("key", ref[1]), deleted=fields)


def plan(
    *changes: NetChange, stash: dict[tuple[str, str], Any], is_forced: bool = False, **more: Any
) -> UndoPlan:
    """The plan of the undo of these changes, with Stash like this."""
    return plan_undo({one.ref: one for one in changes}, StashSnapshot(stash, **more), is_forced=is_forced)
