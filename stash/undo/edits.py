"""Tell whether a user edited what a run created. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stash.changes.net_changes import comparable
from stash.files.content import digest_of_url
from stash.journal import PICTURES
from stash.undo.plan import OF_STASH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stash.changes.net_changes import EntityRef, NetChange
    from stash.undo.plan import StashSnapshot

_NO_EDIT = OF_STASH | {"child_studios", "chapters", "scenes", "images", "cover", "gallery"}
"""Fields that say nothing of an edit: Stash sets them, or `is_rearranged` looks at them."""


@dataclass
class GalleryContent:
    """The scenes and chapters of a gallery."""

    scenes: set[str] = field(default_factory=set)
    chapters: set[str] = field(default_factory=set)


def given_contents(
    changes: Mapping[EntityRef, NetChange], snapshot: StashSnapshot
) -> defaultdict[str, GalleryContent]:
    """Return the scenes and chapters that a run put into each gallery, by its id. Edited chapters are a user's."""
    contents: defaultdict[str, GalleryContent] = defaultdict(GalleryContent)
    for (type_name, entity_id), change in changes.items():
        now = snapshot.fields.get(change.ref)
        if now is not None and type_name == "Scene" and "galleries" in change.fields:
            for gallery in change.fields["galleries"].after:
                contents[gallery].scenes.add(entity_id)
        elif now is not None and type_name == "GalleryChapter" and change.is_created:
            if not is_edited(change, snapshot):
                contents[str(now.get("gallery"))].chapters.add(entity_id)
        elif type_name == "Gallery" and "scenes" in change.fields:
            contents[entity_id].scenes.update(change.fields["scenes"].after)
    return contents


def is_edited(change: NetChange, snapshot: StashSnapshot) -> bool:
    """Tell whether a created entity has another picture, or another value in a field, than syncs gave it."""
    written = {name: field.after for name, field in change.fields.items()}
    marks = {"", snapshot.sent.get(change.ref), *(written[name] for name in written.keys() & PICTURES)}
    return shown_mark(snapshot, change.ref) not in marks or any(
        comparable(value) != comparable(written.get(name))
        for name, value in snapshot.fields[change.ref].items()
        if name not in _NO_EDIT
    )


def is_rearranged(change: NetChange, given: GalleryContent, snapshot: StashSnapshot) -> bool:
    """Tell whether a created gallery has other images, scenes, chapters or another cover than the run gave it."""
    now, written = snapshot.fields[change.ref], {name: field.after for name, field in change.fields.items()}
    images = {one for one in written.get("images", ()) if ("Image", one) in snapshot.fields}
    left = {one for one in images if change.ref[1] in (snapshot.fields["Image", one].get("galleries") or ())}
    scenes, chapters, cover = set(now.get("scenes") or ()), set(now.get("chapters") or ()), now.get("cover")
    if now.get("image_count") != len(left) or cover not in {*images, None}:
        return True
    if scenes - given.scenes or chapters - given.chapters:
        return True
    if change.ref in snapshot.pending_deletes:
        return False  # the interrupted undo removed what is missing, not a user
    is_cover_changed = written.get("cover") in images and cover != written["cover"]
    return left != images or is_cover_changed or scenes != given.scenes or chapters != given.chapters


def shown_mark(snapshot: StashSnapshot, ref: EntityRef) -> str | None:
    """Return the mark of the picture that Stash shows, empty for none. None where Stash did not send it."""
    picture = snapshot.pictures.get(ref, "")
    return None if picture is None else digest_of_url(picture)


def members(value: Any) -> list[str]:
    """Return the ids of a field of links, be it one link, several or none."""
    return list(value) if isinstance(value, list) else [value] if value else []
