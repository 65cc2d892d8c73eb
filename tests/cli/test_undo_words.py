"""What `undo --dry-run` says, in words that a user knows."""

from __future__ import annotations

from stash.cli.summaries import undo_lines
from stash.report import FieldChange, Report
from stash.undo.stage import REASON_UNDONE

PLAN = [
    FieldChange("Image", "7", "date", "2023-01-22", None, REASON_UNDONE, "media 1"),
    FieldChange("Image", "7", "tags", ["a"], [], REASON_UNDONE, "media 1"),
    FieldChange("Image", "8", "title", "A walk", "", REASON_UNDONE, "media 2"),
    FieldChange("Studio", "3", "parent_studio", "Fansly (network)", "My house", REASON_UNDONE, "studio 1"),
    FieldChange("GalleryChapter", "A part", "title", None, "A part", "new", "chapter 1/2"),
    FieldChange("GalleryChapter", "A part", "image_index", None, 3, "new", "chapter 1/2"),
    *(
        FieldChange("Gallery", str(number), "id", "A walk", None, REASON_UNDONE, f"post {number}")
        for number in range(58)
    ),
    FieldChange("Performer", "1", "id", "anna", None, REASON_UNDONE, "account 1"),
]


def test_a_plan_is_told_in_plain_sentences() -> None:
    """Removed, made again and put back are told apart, and no value is None."""
    assert list(undo_lines(4, Report(plan=PLAN))) == [
        "Would be removed: 58 galleries, 1 performer.",
        "Would be made again: 1 chapter.",
        "Would be put back in 2 images: date, tags, title.",
        "Would be put back in 1 studio: parent_studio.",
        "  image 7, date: 2023-01-22 -> (empty)",
        "  image 8, title: A walk -> (empty)",
        "  studio 3, parent_studio: Fansly (network) -> My house",
        "  and 1 more field; --json lists each.",
        "Nothing was written; `stash-sync undo 4` does it.",
    ]


def test_where_there_is_no_room_the_fields_are_counted() -> None:
    """On a small screen no single value is shown."""
    lines = list(undo_lines(4, Report(plan=PLAN), most=0))
    assert "  4 fields; --json lists each." in lines
    assert not any("->" in line for line in lines)


def test_nothing_to_take_back() -> None:
    """A run of which nothing is left says so."""
    assert list(undo_lines(4, Report(plan=[]))) == [
        "Nothing to do: nothing of run 4 is left that could be taken back."
    ]
