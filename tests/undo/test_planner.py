"""The plan of an undo, rule by rule, as tables."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.changes.net_changes import NetChange, NetField
from stash.files.content import digest_of_url
from stash.journal import SourceKey, UndoMark
from tests.undo.planning import (
    BLUE,
    GALLERY,
    GREEN,
    IMAGE,
    PARENT,
    PERFORMER,
    RED,
    SCENE,
    STUDIO,
    TAG,
    changed,
    members,
    plan,
    value,
)


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
    change = changed(PERFORMER, image=value(before, digest_of_url(after)))
    found = plan(change, stash={PERFORMER: {}}, pictures={PERFORMER: shown}, is_forced=is_forced)
    assert found.writes == ({PERFORMER: {"image": before}} if result == "write" else {})
    assert found.kept == ([(PERFORMER, "image")] if result == "keep" else [])
    if result == "write":
        assert found.undo_marks[PERFORMER]["image"] == UndoMark(digest_of_url(shown), digest_of_url(before))


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
