"""Which of two galleries or chapters of the same item gives way: the younger, if it is ours and as we made it."""

from __future__ import annotations

from typing import Any

import pytest
from stash_graphql_client.types import Gallery

from stash.journal import SourceKey
from stash.processing.duplicates import chapters_with_older, is_as_made, is_free, older_duplicates
from stash.reconcile.merge import merge_set
from stash.reconcile.merge_result import MergeResult


def galleries(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    """Rows of galleries, by id and code."""
    return [{"id": one, "code": code} for one, code in pairs]


def test_the_younger_of_two_galleries() -> None:
    """Ids are numbers; the oldest of all stays, whoever made the others."""
    rows = galleries(("10", "a"), ("9", "a"), ("3", "b"), ("12", "a"))
    assert older_duplicates(rows, {"10"}, {"10"}) == {"10": "9"}
    assert older_duplicates(rows, {"12"}, {"12"}) == {"12": "9"}
    assert older_duplicates(rows, {"9", "3"}, {"9", "3"}) == {}


def test_two_of_ours_are_no_twins() -> None:
    """Two items of ours may have the same number; neither gives way to the other."""
    assert older_duplicates(galleries(("1", "a"), ("2", "a")), {"1", "2"}, {"1", "2"}) == {}
    assert older_duplicates(galleries(("1", "a"), ("2", "a")), {"2"}, {"1", "2"}) == {}


def chapter(number: str, title: str = "One", place: int = 1) -> dict[str, Any]:
    """A row of a chapter."""
    return {"id": number, "title": title, "image_index": place}


def test_the_younger_of_two_chapters() -> None:
    """Of the same title and place; what stands elsewhere, or is ours under another key, is no twin."""
    both = [chapter("10"), chapter("9")]
    assert chapters_with_older(both, {"10"}, {"10"}) == {"10"}
    assert chapters_with_older(both, {"9"}, {"9"}) == set()
    assert chapters_with_older(both, {"10"}, {"9", "10"}) == set()
    assert chapters_with_older([chapter("9", place=2), chapter("10")], {"10"}, {"10"}) == set()
    assert chapters_with_older([chapter("9", "Two"), chapter("10")], {"10"}, {"10"}) == set()


BARE: dict[str, Any] = dict.fromkeys(("title", "code", "details", "date", "urls", "studio", "cover"))
BARE |= {"id": "5", "organized": False, "performers": [], "tags": [], "chapters": [], "rating100": None}
BARE |= {"photographer": "", "image_count": 1, "scenes": [{"id": "8"}], "folder": None, "files": []}


def made() -> MergeResult:
    """A gallery as we made it, of one image and one scene."""
    applied = MergeResult(Gallery(id="5"), SourceKey("post", "1"))
    applied.sets = {
        "images": (merge_set([], ["7"], [], []), {}),
        "scenes": (merge_set([], ["8"], [], []), {}),
    }
    return applied


def test_as_it_was_made() -> None:
    """A gallery that nobody touched may go."""
    assert is_as_made(BARE, made(), [])


@pytest.mark.parametrize(
    "touched",
    [
        {"title": "mine"},
        {"rating100": 80},
        {"photographer": "me"},
        {"tags": [{"id": "1"}]},
        {"image_count": 2},
        {"scenes": [{"id": "8"}, {"id": "9"}]},
        {"chapters": [chapter("3")]},
    ],
    ids=str,
)
def test_what_somebody_touched_stays(touched: dict[str, Any]) -> None:
    """Whatever a user has put into a gallery keeps it from going."""
    assert not is_as_made(BARE | touched, made(), [])


def test_only_to_one_that_an_item_can_have() -> None:
    """None of a folder or a zip file, and none that is gone again."""
    assert is_free(BARE)
    assert not is_free(BARE | {"folder": {"id": "1"}})
    assert not is_free(BARE | {"files": [{"id": "1"}]})
    assert not is_free(None)
