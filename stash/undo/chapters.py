"""Fit the chapters of an undo into their galleries: a user may have removed images since. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from stash.changes.net_changes import without

if TYPE_CHECKING:
    from stash.changes.net_changes import EntityRef
    from stash.undo.plan import StashSnapshot, UndoPlan

NO_PLACE = "its gallery has no image any more; nothing to do"


def fit_chapters(plan: UndoPlan, snapshot: StashSnapshot) -> None:
    """Put a chapter beyond the last image at the last image. Leave out one whose gallery is gone or has no image."""
    images = _image_counts(plan, snapshot)
    recreates, plan.recreates = plan.recreates, []
    for change in recreates:
        fields = change.deleted or {}
        if change.ref[0] != "GalleryChapter":
            plan.recreates.append(change)
            continue
        gallery = "Gallery", fields["gallery"]
        last = images[snapshot.replaced_by.get(gallery, gallery)]
        if last < 1:
            plan.left_alone.append((change, NO_PLACE))
        else:
            place = min(fields["image_index"], last)
            plan.recreates.append(replace(change, deleted={**fields, "image_index": place}))
    for ref, written in plan.writes.items():
        if ref[0] == "GalleryChapter" and "image_index" in written:
            last = images["Gallery", snapshot.fields[ref]["gallery"]]
            written["image_index"] = max(1, min(written["image_index"], last))


def _image_counts(plan: UndoPlan, snapshot: StashSnapshot) -> Counter[EntityRef]:
    """Count the images of each gallery after the undo."""
    galleries = {ref: now for ref, now in snapshot.fields.items() if ref[0] == "Gallery"}
    images = Counter({ref: now.get("image_count") or 0 for ref, now in galleries.items()})
    for ref, written in plan.writes.items():
        if ref[0] == "Image" and "galleries" in written:
            now, then = snapshot.fields[ref].get("galleries") or (), written["galleries"]
            images.update(("Gallery", one) for one in without(then, now))
            images.subtract(("Gallery", one) for one in without(now, then))
    return images
