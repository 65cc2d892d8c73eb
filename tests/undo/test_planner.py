"""The plan of an undo, rule by rule, as tables."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.changes.net_changes import NetChange, NetField
from stash.files.content import mark_of_url
from stash.journal import ENTITY_ITSELF, SourceKey, UndoMark
from stash.undo.chapters import NO_PLACE
from stash.undo.plan import StashSnapshot
from stash.undo.planner import EDITED, HOLDS_FILES, REPLACED, USED, plan_undo

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


def created(ref: tuple[str, str], **fields: NetField) -> NetChange:
    """An entity that the run created."""
    return NetChange(ref, SourceKey("key", ref[1]), is_created=True, fields=fields)


def deleted(ref: tuple[str, str], **fields: Any) -> NetChange:
    """An entity that the run deleted."""
    return NetChange(ref, SourceKey("key", ref[1]), deleted=fields)


def plan(
    *changes: NetChange, stash: dict[tuple[str, str], Any], is_forced: bool = False, **more: Any
) -> UndoPlan:
    """The plan of the undo of these changes, with Stash like this."""
    return plan_undo({one.ref: one for one in changes}, StashSnapshot(stash, **more), is_forced=is_forced)


@pytest.mark.parametrize(
    ("now", "before", "after", "is_forced", "result"),
    [
        ("new", "old", "new", False, "write"),
        (" new\n", "old", "new", False, "write"),
        ("new", None, "new", False, "write"),
        ("old", "old", "new", False, "same"),
        ("", None, "new", False, "same"),
        ("mine", "old", "new", False, "keep"),
        ("", "old", "new", False, "keep"),
        ("mine", "old", "new", True, "write"),
        ("old", "old", "new", True, "same"),
        (True, False, True, False, "write"),
        ({"a": 1}, {}, {"a": 1}, False, "write"),
        ({}, None, {"a": 1}, False, "same"),
        ({"a": 1, "mine": 2}, {}, {"a": 1}, False, "keep"),
    ],
)
def test_a_value(now: Any, before: Any, after: Any, is_forced: bool, result: str) -> None:
    """A value goes back where it stands as the run wrote it, and stays where a user edited it, but for --force."""
    change = changed(PERFORMER, custom=value(before, after))
    found = plan(change, stash={PERFORMER: {"custom": now}}, is_forced=is_forced)
    assert found.writes == ({PERFORMER: {"custom": before}} if result == "write" else {})
    assert found.undo_marks == ({PERFORMER: {"custom": UndoMark(now, before)}} if result == "write" else {})
    assert found.kept == ([(PERFORMER, "custom")] if result == "keep" else [])


@pytest.mark.parametrize(("standing", "result"), [({}, "keep"), ({PARENT: {}}, "write")])
def test_a_link_to_what_is_gone_stays_as_it_is(standing: dict[tuple[str, str], Any], result: str) -> None:
    """One link goes back only to an entity that stands, with --force too."""
    stash = {SCENE: {"studio": STUDIO[1]}, **standing}
    found = plan(changed(SCENE, studio=value(PARENT[1], STUDIO[1])), stash=stash, is_forced=True)
    assert found.writes == ({SCENE: {"studio": PARENT[1]}} if result == "write" else {})
    assert found.kept == ([(SCENE, "studio")] if result == "keep" else [])


@pytest.mark.parametrize(
    ("shown", "before", "after", "is_forced", "result"),
    [
        (RED, BLUE, RED, False, "write"),
        (RED, None, RED, False, "write"),
        (BLUE, BLUE, RED, False, "same"),
        (GREEN, BLUE, RED, False, "keep"),
        (GREEN, BLUE, RED, True, "write"),
        (None, BLUE, RED, True, "keep"),
        (None, None, RED, True, "keep"),
    ],
)
def test_a_picture(shown: str | None, before: str | None, after: str, is_forced: bool, result: str) -> None:
    """Pictures compare by their marks. One that Stash does not send is kept, with --force too."""
    change = changed(PERFORMER, image=value(before, mark_of_url(after)))
    found = plan(change, stash={PERFORMER: {}}, pictures={PERFORMER: shown}, is_forced=is_forced)
    assert found.writes == ({PERFORMER: {"image": before}} if result == "write" else {})
    assert found.kept == ([(PERFORMER, "image")] if result == "keep" else [])
    if result == "write":
        assert found.undo_marks[PERFORMER]["image"] == UndoMark(mark_of_url(shown), mark_of_url(before))


@pytest.mark.parametrize(
    ("now", "removed", "added", "result", "mark"),
    [
        (["a", "b"], [], ["b"], ["a"], UndoMark(["b"], [])),
        (["b"], ["a"], ["b"], ["a"], UndoMark(["b"], ["a"])),
        (["a", "mine"], ["a"], ["b"], None, None),
        (["b", "mine"], [], ["b"], ["mine"], UndoMark(["b"], [])),
        ([], [], ["b"], None, None),
        ([], ["a"], [], ["a"], UndoMark([], ["a"])),
        (["a"], ["a"], [], None, None),
    ],
)
def test_a_set(
    now: list[str], removed: list[str], added: list[str], result: list[str] | None, mark: UndoMark | None
) -> None:
    """What the run added leaves, what it removed comes back, and a user's members stay."""
    found = plan(changed(SCENE, urls=members(removed=removed, added=added)), stash={SCENE: {"urls": now}})
    assert found.writes == ({} if result is None else {SCENE: {"urls": result}})
    assert found.undo_marks == ({} if mark is None else {SCENE: {"urls": mark}})


def test_a_set_has_its_former_order() -> None:
    """A set that holds the same as before the run is written as it stood then."""
    field = NetField(["a"], ["c"], is_set=True, full_before=["a", "b"])
    found = plan(changed(SCENE, urls=field), stash={SCENE: {"urls": ["b", "c"]}})
    assert found.writes == {SCENE: {"urls": ["a", "b"]}}


def test_a_set_takes_back_only_what_stands() -> None:
    """A member that a user deleted from Stash does not come back."""
    change = changed(SCENE, tags=members(removed=["6", "66"]))
    assert plan(change, stash={SCENE: {"tags": []}, TAG: {}}).writes == {SCENE: {"tags": ["6"]}}


def test_images_leave_and_join_galleries_from_their_side() -> None:
    """The images that a gallery gained and lost are written image by image, and marked at the gallery."""
    change = changed(GALLERY, images=members(removed=["11"], added=["1", "99"]))
    stash = {GALLERY: {}, IMAGE: {"galleries": ["3", "30"]}, ("Image", "11"): {"galleries": []}}
    found = plan(change, stash=stash)
    assert found.writes == {IMAGE: {"galleries": ["30"]}, ("Image", "11"): {"galleries": ["3"]}}
    assert found.undo_marks == {GALLERY: {"images": UndoMark(["1"], ["11"])}}


def test_scenes_are_marked_at_their_gallery() -> None:
    """A scene that leaves a gallery is marked there, as a gallery remembers its scenes."""
    found = plan(
        changed(SCENE, galleries=members(added=["3"])), stash={SCENE: {"galleries": ["3"]}, GALLERY: {}}
    )
    assert found.writes == {SCENE: {"galleries": []}}
    assert found.undo_marks == {GALLERY: {"scenes": UndoMark(["2"], [])}}


def made_gallery(**more: Any) -> dict[tuple[str, str], Any]:
    """A gallery as the run left it, with what a user did since."""
    gallery = {"title": "t", "rating100": None, "image_count": 1, "cover": "1"}
    gallery |= {"scenes": ["2"], "chapters": ["4"], **more}
    scene, chapter = {"galleries": ["3"]}, {"title": "c", "image_index": 1, "gallery": "3"}
    return {GALLERY: gallery, IMAGE: {"galleries": ["3"]}, SCENE: scene, CHAPTER: chapter}


def changes_of_gallery() -> list[NetChange]:
    """What the run did to make that gallery."""
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
    change = created(PERFORMER, name=value(None, "n"), image=value(None, mark_of_url(RED)))
    scene = changed(SCENE, performers=members(added=["5"]))
    entities = {PERFORMER: stash, SCENE: {"performers": ["5"]}}
    more = {"uses": {PERFORMER: uses}, "pictures": pictures, "sent": {PERFORMER: mark_of_url(BLUE)}}
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


def test_what_the_run_deleted_is_made_again() -> None:
    """With its links and images, unless it stands, or something was made in its place since."""
    gallery = deleted(GALLERY, title="t", performers=["5"], images=["1", "99"])
    stash = {PERFORMER: {}, IMAGE: {"galleries": []}}
    found = plan(gallery, stash=stash)
    assert [(one.ref, one.deleted) for one in found.recreates] == [(GALLERY, gallery.deleted)]
    assert (found.writes, found.undo_marks) == ({IMAGE: {"galleries": ["3"]}}, {})
    assert plan(gallery, stash={**stash, GALLERY: {}}).recreates == []
    other = plan(gallery, stash={**stash, ("Gallery", "33"): {}}, replaced_by={GALLERY: ("Gallery", "33")})
    assert (other.recreates, other.left_alone) == ([], [(gallery, REPLACED)])


@pytest.mark.parametrize(
    ("stash", "fields", "lost"),
    [
        ({PERFORMER: {}, TAG: {}, STUDIO: {}}, {"performers": ["5"], "tags": ["6"], "studio": "7"}, []),
        ({TAG: {}, STUDIO: {}}, {"performers": [], "tags": ["6"], "studio": "7"}, ["performers"]),
        ({PERFORMER: {}}, {"performers": ["5"], "tags": [], "studio": None}, ["tags", "studio"]),
    ],
)
def test_links_to_what_is_gone_are_left_out(stash: Any, fields: dict[str, Any], lost: list[str]) -> None:
    """An entity that is made again has the links that can be made, and the others are named."""
    gallery = deleted(GALLERY, performers=["5"], tags=["6"], studio="7", cover="99")
    found = plan(gallery, stash=stash)
    assert [one.deleted for one in found.recreates] == [{**fields, "cover": "99"}]
    assert found.incomplete == ([(gallery, lost)] if lost else [])


@pytest.mark.parametrize(
    ("stash", "place"),
    [
        ({GALLERY: {"image_count": 3}}, 3),
        ({GALLERY: {"image_count": 2}}, 2),
        ({GALLERY: {"image_count": 0}}, None),
        ({}, None),
        ({GALLERY: {"image_count": 2}, IMAGE: {"galleries": []}}, 3),
    ],
)
def test_a_chapter_has_a_place(stash: Any, place: int | None) -> None:
    """A chapter made again stands at its place or at the last image, with the images that the undo brings; else it is named."""
    chapter = deleted(CHAPTER, title="c", image_index=3, gallery="3")
    gallery = changed(GALLERY, images=members(removed=["1"]))
    found = plan(chapter, gallery, stash=stash)
    assert [(one.deleted or {})["image_index"] for one in found.recreates] == ([place] if place else [])
    assert [why for _, why in found.left_alone] == ([] if place else [NO_PLACE])


def test_a_chapter_counts_the_images_that_leave() -> None:
    """Images that the undo takes out of the gallery are no place for a chapter."""
    gallery = changed(GALLERY, images=members(added=["1"]))
    stash = {GALLERY: {"image_count": 3}, IMAGE: {"galleries": ["3"]}}
    (made,) = plan(deleted(CHAPTER, title="c", image_index=3, gallery="3"), gallery, stash=stash).recreates
    assert (made.deleted or {})["image_index"] == 2


def test_a_chapter_goes_into_what_replaced_its_gallery() -> None:
    """The images counted are those of the gallery that a later run made in place of the chapter's."""
    other = "Gallery", "33"
    chapter, gallery = deleted(CHAPTER, title="c", image_index=3, gallery="3"), deleted(GALLERY)
    found = plan(chapter, gallery, stash={other: {"image_count": 2}}, replaced_by={GALLERY: other})
    assert [(one.deleted or {})["image_index"] for one in found.recreates] == [2]


def test_a_chapter_moves_no_further_than_the_last_image() -> None:
    """A place that goes back is within the gallery."""
    stash = {GALLERY: {"image_count": 2}, CHAPTER: {"image_index": 1, "gallery": "3"}}
    assert plan(changed(CHAPTER, image_index=value(9, 1)), stash=stash).writes[CHAPTER] == {"image_index": 2}


TEXTS = st.sampled_from(["", "a", "b", "c", " a "])
SETS = st.lists(st.sampled_from("abcd"), unique=True)


@given(now=TEXTS, before=TEXTS, after=TEXTS)
def test_no_user_loses_a_value(now: str, before: str, after: str) -> None:
    """A value is written only where the run's stands; and whatever is not written, and not as before, is named."""
    found = plan(changed(SCENE, title=value(before, after)), stash={SCENE: {"title": now}})
    is_back, is_of_run = now.strip() == before.strip(), now.strip() == after.strip()
    assert bool(found.writes) == (is_of_run and not is_back)
    assert bool(found.kept) == (not is_of_run and not is_back)


@given(now=SETS, before=SETS, after=SETS)
def test_no_user_loses_a_member(now: list[str], before: list[str], after: list[str]) -> None:
    """A set ends with what the run had removed, without what it had added, and with all else that stands."""
    change = NetChange(SCENE, SourceKey("key", "2"))
    change.add("urls", before, after)
    result = plan(change, stash={SCENE: {"urls": now}}).writes.get(SCENE, {}).get("urls", now)
    assert set(result) == (set(now) - (set(after) - set(before))) | (set(before) - set(after))
