"""Texts that Stash takes for one another."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.mapping.titles import LONGEST_NAME, as_name, is_of_site, is_taken_by
from stash.texts import fold, is_like, lowered, normalize_text

_LETTERS = st.text(alphabet="aAkKsSßẞ\u0131İéÉΣ\u03c3ςﬁ\u212a\uff21\uff41_%\0x", max_size=6)


@given(_LETTERS, _LETTERS)
def test_names_fold_as_sqlite_folds_them(one: str, other: str) -> None:
    """Two texts fold to one where they are equal to SQLite, ignoring case; LIKE is what SQLite says."""
    with closing(sqlite3.connect(":memory:")) as connection:
        sql = "SELECT ? = ? COLLATE NOCASE, lower(?), ? LIKE ?"
        equal, lower, like = connection.execute(sql, (one, other, one, other, one)).fetchone()
    assert (fold(one) == fold(other)) is bool(equal)
    assert fold(one).split("\0")[0] == lower.split("\0")[0]
    assert is_like(other, one) is bool(like)


@pytest.mark.parametrize(
    ("text", "low"),
    [
        ("ANNA", "anna"),
        ("ΟΔΟΣ", "οδοσ"),
        ("οδος", "οδος"),
        ("İ", "i"),
        ("\u212a", "k"),
        ("ẞ", "ß"),
        ("\uff21", "\uff41"),
        ("maße", "maße"),
        ("\u01c5", "\u01c6"),
    ],
)
def test_letters_are_lowered_one_by_one(text: str, low: str) -> None:
    """Go knows no final sigma, and makes one letter of each."""
    assert lowered(text) == low


def test_a_pattern_of_many_wildcards_ends() -> None:
    """A name of nothing but `%a` is compared with a long one at once."""
    assert not is_taken_by("%a" * 100, "a" * 5000 + "b")


@given(st.text(max_size=20), st.integers(0, 4))
def test_a_name_is_one_that_stash_takes(text: str, times: int) -> None:
    """It is kept as it is, is never too long, and names that are no longer stay what they are."""
    name = as_name(text * 5**times * 40)
    assert normalize_text(name) == name
    assert len(name.encode()) <= LONGEST_NAME
    assert "\0" not in name
    assert as_name(name) == name


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("https://fansly.com/post/1", True),
        ("HTTP://WWW.FANSLY.COM/anna", True),
        ("fansly.com/anna", True),
        ("https://fansly.com", True),
        ("https://fansly.com.example/post/1", False),
        ("https://example.com/fansly.com/post/1", False),
        ("https://notfansly.com/1", False),
        ("", False),
    ],
)
def test_urls_of_the_site(url: str, *, is_ours: bool) -> None:
    """A url is the site's by its host alone."""
    assert is_of_site(url) is is_ours
