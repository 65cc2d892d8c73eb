"""Plan an undo by the three-way merge that a sync uses. Pure.

The merge gets the value before the run as desired, the value in Stash as current, and the value that the run wrote
as base. So a field that a user edited since the run is kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stash.changes.net_changes import NetField, comparable, target_of, without
from stash.files.content import digest_of_url
from stash.journal import ENTITY_ITSELF, PICTURES, UndoMark
from stash.reconcile.merge import merge_set, merge_value
from stash.undo.chapters import fit_chapters
from stash.undo.edits import given_contents, is_edited, is_rearranged, members, shown_mark
from stash.undo.plan import DELETABLE, NAMED, UndoPlan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stash.changes.net_changes import EntityRef, NetChange
    from stash.reconcile.merge import SetMerge
    from stash.undo.plan import StashSnapshot

EDITED = "it was edited in Stash since; --force takes it back all the same"
USED = "it is used by what this run did not put it on; nothing to do"
REPLACED = "it was made again since; nothing to do"
HOLDS_FILES = "it holds files; nothing to do"


def plan_undo(
    changes: Mapping[EntityRef, NetChange], snapshot: StashSnapshot, *, is_forced: bool = False
) -> UndoPlan:
    """Plan the undo of a run's net changes."""
    return UndoPlanner(changes, snapshot, is_forced=is_forced).plan()


class UndoPlanner:
    """Plans the undo of each net change. `is_forced` overwrites what a user edited."""

    def __init__(
        self, changes: Mapping[EntityRef, NetChange], snapshot: StashSnapshot, *, is_forced: bool
    ) -> None:
        self._changes = changes
        self._stash_now = snapshot
        self._fields = snapshot.fields
        self._is_forced = is_forced
        self._plan = UndoPlan()
        self._created = {
            ref: change
            for ref, change in changes.items()
            if change.is_created and ref[0] in DELETABLE and ref in self._fields
        }
        self._deleted: set[EntityRef] = set()
        self._recreated: set[EntityRef] = set()

    def plan(self) -> UndoPlan:
        """Return the plan."""
        self._plan_recreates()
        self._plan_galleries_and_chapters()
        self._plan_fields()
        self._plan_named()
        fit_chapters(self._plan, self._stash_now)
        return self._plan

    # --- entities that the run deleted ---

    def _plan_recreates(self) -> None:
        missing = [
            change
            for ref, change in self._changes.items()
            if change.deleted is not None and ref not in self._fields
        ]
        replaced = [change for change in missing if change.ref in self._stash_now.replaced_by]
        self._plan.left_alone += [(change, REPLACED) for change in replaced]
        recreated = [change for change in missing if change.ref not in self._stash_now.replaced_by]
        self._recreated = {change.ref for change in recreated}
        self._plan.recreates = [self._without_lost_links(change) for change in recreated]

    def _without_lost_links(self, change: NetChange) -> NetChange:
        """Leave out links to entities that a user deleted since. The store finds the images and the cover itself."""
        fields, lost = dict(change.deleted or {}), []
        for name, value in fields.items():
            links = value if isinstance(value, list) else [value]
            found = [one for one in links if self._is_linkable(change.ref[0], name, one)]
            if found != links and name not in {"images", "cover", "gallery"}:
                fields[name] = found if isinstance(value, list) else None
                lost.append(name)
        if lost:
            self._plan.incomplete.append((change, lost))
        return replace(change, deleted=fields)

    def _is_linkable(self, type_name: str, name: str, value: Any) -> bool:
        """Tell whether a value is no link, or links to an entity that stands or is made again."""
        target = target_of(type_name, name)
        ref = (str(target), value)
        return (
            target is None
            or value is None
            or ref in self._fields
            or ref in self._recreated
            or ref in self._stash_now.replaced_by
        )

    # --- fields ---

    def _plan_fields(self) -> None:
        """Restore the fields of the entities that stood before the run."""
        for ref, change in self._changes.items():
            if ref not in self._fields or ref in self._created:
                continue
            for name, field in change.fields.items():
                if name in PICTURES or (name in self._fields[ref] and not field.is_set):
                    self._restore_value(ref, name, field)
                elif name in self._fields[ref]:
                    self._restore_set(ref, name, field)
        for image, field in self._image_changes():
            self._restore_set(("Image", image), "galleries", field)

    def _image_changes(self) -> Iterator[tuple[str, NetField]]:
        """Turn the images that galleries gained and lost into changes of these images, which is how they are written."""
        found: defaultdict[str, NetField] = defaultdict(lambda: NetField([], [], is_set=True))
        for ref, change in self._changes.items():
            field = change.fields.get("images")
            if ref[0] == "Gallery" and field and ref in self._fields and ref not in self._created:
                for image in field.after:
                    found[image].after.append(change.ref[1])
                for image in field.before:
                    found[image].before.append(change.ref[1])
        for change in self._plan.recreates:
            for image in (change.deleted or {}).get("images", ()):
                found[image].before.append(change.ref[1])
        return ((image, field) for image, field in found.items() if ("Image", image) in self._fields)

    def _restore_value(self, ref: EntityRef, name: str, field: NetField) -> None:
        is_picture = name in PICTURES
        current = shown_mark(self._stash_now, ref) if is_picture else self._fields[ref][name]
        desired = digest_of_url(field.before) if is_picture else field.before
        merged = merge_value(
            comparable(current),
            comparable(desired),
            [comparable(field.after)],
            overwrite=self._is_forced,
        )
        # The merge takes None for an empty value: a picture that Stash did not send is kept, even by --force.
        is_unknown = is_picture and current is None
        if merged.action == "same" and not is_unknown:
            return
        if is_unknown or merged.action == "keep" or not self._is_linkable(ref[0], name, field.before):
            self._plan.kept.append((ref, name))
            return
        self._plan.writes.setdefault(ref, {})[name] = field.before
        self._plan.undo_marks.setdefault(ref, {})[name] = UndoMark(current, desired)

    def _restore_set(self, ref: EntityRef, name: str, field: NetField) -> None:
        desired = [one for one in field.before if self._is_linkable(ref[0], name, one)]
        base = [one for one in field.after if not self._is_kept_gallery(name, one)]
        # No known members: a sync leaves out what a user removed, an undo brings back what the run removed.
        merged = merge_set(self._fields[ref].get(name) or (), desired, (), base)
        if not (merged.added or merged.removed):
            return
        result = list(merged.result)
        if field.full_before and comparable(field.full_before) == comparable(result):
            result = field.full_before
        self._plan.writes.setdefault(ref, {})[name] = result
        if name == "galleries":
            self._mark_galleries(ref, merged)
        else:
            mark = UndoMark(list(merged.removed), list(merged.added))
            self._plan.undo_marks.setdefault(ref, {})[name] = mark

    def _is_kept_gallery(self, name: str, member: str) -> bool:
        """Tell whether a member is a gallery that the run created and that stays, so it keeps its scenes."""
        ref = "Gallery", member
        return name == "galleries" and ref in self._created and ref not in self._deleted

    def _mark_galleries(self, ref: EntityRef, merged: SetMerge) -> None:
        """Mark the galleries of a scene or an image: baselines of galleries have the members, not the other way."""
        name = "scenes" if ref[0] == "Scene" else "images"
        for gallery in (*merged.removed, *merged.added):
            if name == "images" and ("Gallery", gallery) in self._recreated:
                continue  # a deletion left no mark of the images that could be withdrawn here
            marks = self._plan.undo_marks.setdefault(("Gallery", gallery), {})
            mark = marks.setdefault(name, UndoMark([], []))
            (mark.taken if gallery in merged.removed else mark.left).append(ref[1])

    def _planned(self, ref: EntityRef, name: str) -> Any:
        """Return a field as the plan leaves it."""
        return self._plan.writes.get(ref, {}).get(name, self._fields[ref].get(name))

    # --- entities that the run created ---

    def _plan_galleries_and_chapters(self) -> None:
        """Delete those that nobody edited. A chapter stays with its gallery."""
        given, now = given_contents(self._changes, self._stash_now), self._fields
        for ref, change in self._created.items():
            if ref[0] == "Gallery" and (now[ref].get("files") or now[ref].get("folder")):
                self._plan.left_alone.append((change, HOLDS_FILES))
            elif ref[0] == "Gallery":
                is_changed = is_edited(change, self._stash_now) or is_rearranged(
                    change, given[ref[1]], self._stash_now
                )
                self._delete_unless(change, is_changed=is_changed)
        for ref, change in self._created.items():
            if ref[0] == "GalleryChapter" and not self._is_kept_gallery("galleries", now[ref]["gallery"]):
                self._delete_unless(change, is_changed=is_edited(change, self._stash_now))

    def _plan_named(self) -> None:
        """Delete performers, tags and studios that nobody edited and that nothing uses after the undo."""
        named = {ref: change for ref, change in self._created.items() if ref[0] in NAMED}
        unused: dict[EntityRef, NetChange] = {}
        for ref, change in named.items():
            if not self._is_forced and is_edited(change, self._stash_now):
                self._plan.left_alone.append((change, EDITED))
            else:
                unused[ref] = change
        released = self._released_uses()
        while found := [ref for ref in unused if self._is_unused(ref, released)]:
            for ref in found:
                self._delete(unused.pop(ref))
        self._plan.left_alone += [(change, USED) for change in unused.values()]

    def _released_uses(self) -> Counter[tuple[EntityRef, str]]:
        """Count the uses of performers, tags and studios that the plan ends, by the type of the user."""
        released: Counter[tuple[EntityRef, str]] = Counter()
        for ref in (self._plan.writes.keys() | self._deleted) & self._fields.keys():
            for name, target in (("performers", "Performer"), ("tags", "Tag"), ("studio", "Studio")):
                now = members(self._fields[ref].get(name))
                then = () if ref in self._deleted else members(self._planned(ref, name))
                released.update(((target, one), ref[0]) for one in without(now, then))
        return released

    def _is_unused(self, ref: EntityRef, released: Counter[tuple[EntityRef, str]]) -> bool:
        uses, children = self._stash_now.uses.get(ref, {}), members(self._fields[ref].get("child_studios"))
        return all(count <= released[ref, user] for user, count in uses.items()) and all(
            child in self._deleted
            or (child in self._fields and self._planned(child, "parent_studio") != ref[1])
            for child in (("Studio", one) for one in children)
        )

    def _delete_unless(self, change: NetChange, *, is_changed: bool) -> None:
        if is_changed and not self._is_forced:
            self._plan.left_alone.append((change, EDITED))
        else:
            self._delete(change)

    def _delete(self, change: NetChange) -> None:
        self._deleted.add(change.ref)
        self._plan.deletes.append(change)
        self._plan.undo_marks.setdefault(change.ref, {})[ENTITY_ITSELF] = UndoMark(change.ref[1], None)
