"""Undo of deleted entities."""

from __future__ import annotations

from typing import Any

import pytest

from stash.undo.chapters import NO_PLACE
from stash.undo.planner import REPLACED
from tests.undo.planning import (
    CHAPTER,
    GALLERY,
    IMAGE,
    PERFORMER,
    STUDIO,
    TAG,
    changed,
    deleted,
    members,
    plan,
    value,
)


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
