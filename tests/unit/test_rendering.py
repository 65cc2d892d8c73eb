"""Titles, dates, URLs and names."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.mapping.titles import (
    Rendered,
    disambiguations,
    generate_title,
    is_taken_by,
    item_url,
    predecessor_values,
    profile_url,
    studio_name,
    tag_names,
    utc_day,
)

DAY = datetime(2024, 5, 1, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("A good title\nand more", "A good title"),
        ("  padded title  ", "padded title"),
        ("0123456789", "0123456789"),
        ("012345678", "anna - 2024/05/01"),
        ("", "anna - 2024/05/01"),
        (None, "anna - 2024/05/01"),
        ("\nsecond line is long enough", "anna - 2024/05/01"),
        ("x" * 128, "x" * 128),
        ("x" * 129, "x" * 125 + "..."),
        ("😀" * 10, "😀" * 10),
    ],
)
def test_the_title_rule(content: str | None, title: str) -> None:
    """The first line is the title from 10 to 128 code points; longer is cut, shorter gives creator and day."""
    assert generate_title(content, "anna", DAY) == title


def test_a_title_without_a_day() -> None:
    """Where there is no text and no instant, the creator's name is the title."""
    assert generate_title("", "anna", None) == "anna"


def test_a_position_among_many() -> None:
    """A position is shown where there are several, and not where there is one."""
    assert generate_title("A good title", "anna", DAY, 2, 3) == "A good title - 2/3"
    assert generate_title("A good title", "anna", DAY, 1, 1) == "A good title"


@given(st.text(), st.datetimes(timezones=st.timezones()) | st.none())
def test_every_text_has_a_title(content: str, created_at: datetime | None) -> None:
    """No text is without a title, and none is longer than 128 code points."""
    title = generate_title(content, "anna", created_at)
    assert 0 < len(title) <= 128
    assert "\n" not in title


def test_the_day_is_utc() -> None:
    """An instant of any zone gives its day in UTC, also at the ends of time."""
    assert utc_day(datetime(2024, 5, 1, 1, tzinfo=timezone(timedelta(hours=3)))) == "2024-04-30"
    assert utc_day(datetime(2024, 5, 1, 1)) == "2024-05-01"  # noqa: DTZ001 - a naive instant is UTC
    assert utc_day(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=3)))) == "0001-01-01"
    assert utc_day(None) is None


def test_urls_and_names() -> None:
    """URLs and studio names have the forms of existing libraries."""
    assert item_url("post", 5, None) == "https://fansly.com/post/5"
    assert item_url("message", 5, 7) == "https://fansly.com/messages/7/5"
    assert profile_url("anna") == "https://fansly.com/anna"
    assert studio_name("anna") == "anna (Fansly)"


@pytest.mark.parametrize(
    ("name", "other", "is_taken"),
    [
        ("two_words", "two words", True),
        ("two_words", "TWO-WORDS", True),
        ("two_words", "twowords", False),
        ("two words", "two_words", False),
        ("100%", "100 reasons", True),
        ("100%", "10", False),
        ("Anna", "anna", True),
        ("Anna", "annabelle", False),
        ("a.c", "abc", False),
        ("élan", "ÉLAN", False),
        ("a_c", "a\nc", True),
        ("_", "😀", True),
    ],
)
def test_what_stash_takes_for_the_same_name(name: str, other: str, is_taken: bool) -> None:
    """`_` is any character, `%` any text, and the case of ASCII letters alone does not matter."""
    assert is_taken_by(name, other) is is_taken


@given(st.text(alphabet="aAbéÉ_%. \\^ß😀", max_size=6), st.text(alphabet="aAbéÉ_%. \\^ß😀", max_size=6))
def test_it_is_what_sqlite_says(name: str, other: str) -> None:
    """Stash asks SQLite, so SQLite is right."""
    with closing(sqlite3.connect(":memory:")) as connection:
        (said,) = connection.execute("SELECT ? LIKE ?", (other, name)).fetchone()
    assert is_taken_by(name, other) is bool(said)


def test_second_names_are_others() -> None:
    """No two names that are tried are the same, and the first is the hashtag."""
    names = list(tag_names("a_b"))
    assert names[:3] == ["a_b", "a_b (hashtag)", "a_b (hashtag 2)"]
    assert len(set(names)) == len(names)
    assert list(disambiguations("anna", 7)) == ["", "anna", "anna 7"]
    assert list(disambiguations("anna", 0)) == ["", "anna"]


def test_predecessor_values() -> None:
    """Titles under every username, texts and days of every item; no empty text, no missing day."""
    said = [Rendered("", DAY), Rendered("A text that is a title", None)]
    assert predecessor_values(said, ["anna", "old"]) == {
        "title": {"anna - 2024/05/01", "old - 2024/05/01", "A text that is a title"},
        "details": {"A text that is a title"},
        "date": {"2024-05-01"},
    }
