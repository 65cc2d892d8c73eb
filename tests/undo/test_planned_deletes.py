"""Undo of created entities."""

from __future__ import annotations

from typing import Any

import pytest

from stash.changes.net_changes import NetChange, NetField
from stash.files.content import digest_of_url
from stash.journal import ENTITY_ITSELF, SourceKey, UndoMark
from stash.undo.planner import EDITED, HOLDS_FILES, USED
from tests.undo.planning import (
    BLUE,
    CHAPTER,
    GALLERY,
    GREEN,
    IMAGE,
    PARENT,
    PERFORMER,
    RED,
    SCENE,
    STUDIO,
    changed,
    members,
    plan,
    value,
)


def created(ref: tuple[str, str], **fields: NetField) -> NetChange:
    """An entity that the run created."""
    return NetChange(ref, SourceKey("key", ref[1]), is_created=True, fields=fields)


def made_gallery(**more: Any) -> dict[tuple[str, str], Any]:
    """A gallery as the run left it, with what a user did since."""
    gallery = {"title": "t", "rating100": None, "image_count": 1, "cover": "1"}
    gallery |= {"scenes": ["2"], "chapters": ["4"], **more}
    scene, chapter = {"galleries": ["3"]}, {"title": "c", "image_index": 1, "gallery": "3"}
    return {GALLERY: gallery, IMAGE: {"galleries": ["3"]}, SCENE: scene, CHAPTER: chapter}


def changes_of_gallery() -> list[NetChange]:
    """Return what the run did to make that gallery."""
    fields = {"title": value(None, "t"), "images": members(added=["1"]), "cover": value(None, "1")}
    place = value(None, 1)
    return [
        created(GALLERY, **fields),
        changed(SCENE, galleries=members(added=["3"])),
        created(CHAPTER, title=value(None, "c"), image_index=place, gallery=value(None, "3")),
    ]


@pytest.mark.parametrize(
    ("edit", "is_pending", "reason"),
    [
        ({}, False, ""),
        ({"title": "mine"}, False, EDITED),
        ({"title": "mine"}, True, EDITED),
        ({"rating100": 60}, False, EDITED),
        ({"image_count": 2}, True, EDITED),
        ({"image_count": 2}, False, EDITED),
        ({"cover": "12"}, True, EDITED),
        ({"cover": None}, False, EDITED),
        ({"scenes": ["2", "22"]}, True, EDITED),
        ({"scenes": []}, False, EDITED),
        ({"chapters": ["4", "44"]}, True, EDITED),
        ({"chapters": []}, False, EDITED),
        ({"scenes": [], "chapters": [], "cover": None}, True, ""),
        ({"files": ["9"]}, False, HOLDS_FILES),
        ({"folder": "9"}, False, HOLDS_FILES),
    ],
)
def test_a_made_gallery(edit: dict[str, Any], is_pending: bool, reason: str) -> None:
    """A gallery goes with its chapters unless a user edited it; what an interrupted undo removed is no edit."""
    pending = {GALLERY} if is_pending else set()
    found = plan(*changes_of_gallery(), stash=made_gallery(**edit), pending_deletes=pending)
    assert [(one.ref, why) for one, why in found.left_alone] == ([(GALLERY, reason)] if reason else [])
    if reason:
        assert (found.deletes, found.writes) == ([], {})
    else:
        assert [one.ref for one in found.deletes] == [GALLERY, CHAPTER]
        assert found.undo_marks[GALLERY][ENTITY_ITSELF] == UndoMark("3", None)
        assert found.writes == {SCENE: {"galleries": []}}
    forced = plan(*changes_of_gallery(), stash=made_gallery(**edit), is_forced=True)
    assert (GALLERY in {one.ref for one in forced.deletes}) == (reason != HOLDS_FILES)


@pytest.mark.parametrize(("pending", "is_kept"), [(set(), True), ({GALLERY}, False)])
def test_a_gallery_that_lost_an_image(*, pending: set[tuple[str, str]], is_kept: bool) -> None:
    """An image that a user took out of a gallery is an edit, unless an interrupted undo did it."""
    stash = made_gallery(image_count=0)
    stash[IMAGE]["galleries"] = []
    found = plan(*changes_of_gallery(), stash=stash, pending_deletes=pending)
    assert (GALLERY in {one.ref for one in found.deletes}) != is_kept


def test_scenes_may_be_given_from_the_gallerys_side() -> None:
    """A scene that the run linked by the gallery's own field is none of a user's."""
    gallery = created(GALLERY, scenes=members(added=["2"]))
    stash = {GALLERY: {"scenes": ["2"], "image_count": 0}, SCENE: {"galleries": ["3"]}}
    assert [one.ref for one in plan(gallery, stash=stash).deletes] == [GALLERY]


def test_an_edited_chapter_keeps_its_gallery() -> None:
    """A chapter with a user's title counts as the user's."""
    stash = made_gallery()
    stash[CHAPTER]["title"] = "mine"
    assert [(one.ref, why) for one, why in plan(*changes_of_gallery(), stash=stash).left_alone] == [
        (GALLERY, EDITED)
    ]


def test_a_chapter_of_a_gallery_of_the_users_goes_alone() -> None:
    """A chapter that the run put into a gallery that stood before is deleted, unless its title is the user's."""
    stash, chapter = made_gallery(), changes_of_gallery()[2]
    assert [one.ref for one in plan(chapter, stash=stash).deletes] == [CHAPTER]
    stash[CHAPTER]["title"] = "mine"
    assert [(one.ref, why) for one, why in plan(chapter, stash=stash).left_alone] == [(CHAPTER, EDITED)]


@pytest.mark.parametrize(
    ("stash", "uses", "pictures", "is_forced", "reason"),
    [
        ({"name": "n"}, {}, {}, False, ""),
        ({"name": "n"}, {"Scene": 1}, {}, False, ""),
        ({"name": "n"}, {"Scene": 2}, {}, False, USED),
        ({"name": "n"}, {"Scene": 2}, {}, True, USED),
        ({"name": "n"}, {"Image": 1}, {}, False, USED),
        ({"name": "mine"}, {}, {}, False, EDITED),
        ({"name": "mine"}, {}, {}, True, ""),
        ({"name": "n"}, {}, {PERFORMER: RED}, False, ""),
        ({"name": "n"}, {}, {PERFORMER: BLUE}, False, ""),
        ({"name": "n"}, {}, {PERFORMER: GREEN}, False, EDITED),
        ({"name": "n"}, {}, {PERFORMER: None}, False, EDITED),
    ],
)
def test_a_made_performer(
    stash: dict[str, Any], uses: Any, pictures: Any, *, is_forced: bool, reason: str
) -> None:
    """A performer goes unless a user edited it or something uses it that the undo does not free."""
    change = created(PERFORMER, name=value(None, "n"), image=value(None, digest_of_url(RED)))
    scene = changed(SCENE, performers=members(added=["5"]))
    entities = {PERFORMER: stash, SCENE: {"performers": ["5"]}}
    more = {"uses": {PERFORMER: uses}, "pictures": pictures, "sent": {PERFORMER: digest_of_url(BLUE)}}
    found = plan(change, scene, stash=entities, is_forced=is_forced, **more)
    assert [(one.ref, why) for one, why in found.left_alone] == ([(PERFORMER, reason)] if reason else [])
    assert [one.ref for one in found.deletes] == ([] if reason else [PERFORMER])


def test_a_performer_goes_after_its_galleries() -> None:
    """The use by a gallery that goes does not count."""
    gallery = created(GALLERY, performers=members(added=["5"]))
    stash = {GALLERY: {"performers": ["5"], "image_count": 0}, PERFORMER: {"name": "n"}}
    found = plan(
        gallery, created(PERFORMER, name=value(None, "n")), stash=stash, uses={PERFORMER: {"Gallery": 1}}
    )
    assert [one.ref for one in found.deletes] == [GALLERY, PERFORMER]


@pytest.mark.parametrize(("child", "gone"), [({}, [STUDIO, PARENT]), ({"rating100": 60}, [])])
def test_a_studio_goes_after_its_children(child: dict[str, Any], gone: list[tuple[str, str]]) -> None:
    """A studio that the run put others under goes once they go."""
    stash = {
        STUDIO: {"name": "n", "parent_studio": "8", **child},
        PARENT: {"name": "p", "child_studios": ["7"]},
    }
    parent = created(PARENT, name=value(None, "p"))
    studio = created(STUDIO, name=value(None, "n"), parent_studio=value(None, "8"))
    assert [one.ref for one in plan(parent, studio, stash=stash).deletes] == gone


def test_a_studio_that_loses_its_child_goes() -> None:
    """A studio whose only child goes back to its former parent has none left."""
    stash = {STUDIO: {"name": "n", "child_studios": ["8"]}, PARENT: {"parent_studio": "7"}}
    child, studio = changed(PARENT, parent_studio=value(None, "7")), created(STUDIO, name=value(None, "n"))
    assert [one.ref for one in plan(studio, child, stash=stash).deletes] == [STUDIO]
    assert plan(studio, stash=stash).left_alone == [(studio, USED)]
