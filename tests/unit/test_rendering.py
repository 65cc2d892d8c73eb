"""Titles, dates, URLs and names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.rendering import generate_title, item_url, profile_url, studio_name, utc_day

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
