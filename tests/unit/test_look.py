"""The look: by which signs a run knows that nothing is new."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata.making import open_or_make
from stash.files.local import list_downloads
from stash.look import Look, SourceState
from stash.look.answer import COUNTED, Mark, marks_of, nothing_went, question
from stash.look.folders import TICK, are_unchanged, settled
from stash.look.look import look_of
from stash.source.database import Database
from stash.source.digest import OWN_COLUMN, TABLES_READ, rows_digest
from stash.source.reader import Reader
from tests.metadata.factories import World
from tests.statements import statements_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class Table:
    """A table whose ids are given in order, and none twice."""

    def __init__(self) -> None:
        self.newest = 0
        self.rows: list[int] = []

    def do(self, step: int | None) -> None:
        """Delete the row at a place, or add one."""
        if step is None:
            self.newest += 1
            self.rows.append(self.newest)
        elif self.rows:
            self.rows.pop(step % len(self.rows))

    @property
    def mark(self) -> Mark:
        """The mark that Stash answers."""
        return Mark(len(self.rows), max(self.rows, default=0))


STEPS = st.lists(st.none() | st.integers(0, 9), max_size=12)


@given(before=STEPS, after=STEPS)
def test_marks_tell_whether_anything_went(before: Sequence[int | None], after: Sequence[int | None]) -> None:
    """Whatever is made and deleted: if the marks say that nothing went, every earlier entity is still there."""
    table = Table()
    for step in before:
        table.do(step)
    had, mark = set(table.rows), table.mark
    for step in after:
        table.do(step)
    others = dict.fromkeys(COUNTED, Mark(0, 0))
    if nothing_went(others | {"Image": mark}, others | {"Image": table.mark}):
        assert had <= set(table.rows)


@given(before=STEPS, made=st.integers(0, 5))
def test_marks_show_that_entities_were_only_made(before: Sequence[int | None], made: int) -> None:
    """If entities were made and none was deleted, and the newest one before still stood, the marks say so."""
    table = Table()
    for step in [*before, None]:
        table.do(step)
    mark = table.mark
    for _ in range(made):
        table.do(None)
    others = dict.fromkeys(COUNTED, Mark(0, 0))
    assert nothing_went(others | {"Scene": mark}, others | {"Scene": table.mark})


def test_an_unknown_mark_says_nothing() -> None:
    """A type that is missing in an answer may have lost anything."""
    marks = marks_of({name: {"count": 0} for name in COUNTED[1:]})
    assert not nothing_went(marks, marks)


def test_the_question_stays_one_request() -> None:
    """The question names each type once and each sampled entity once, and takes no id that is no number."""
    asked = question([("Image", "5"), ("Tag", "7"), ("Image", '5") { id } x: findImage(id: "6')])
    assert asked.count("per_page: 1") == len(COUNTED)
    assert asked.count("findImage(") == asked.count("findTag(") == 1


def made_look(**changes: object) -> Look:
    """A look."""
    source = SourceState("s", "r", "f", {"/downloads": 5})
    facts = {"is_clean": True, "report": {"outcome": "done"}, "warnings": ["w"]}
    values = {"full_at": 0.0, "source": source, "sample": [("Tag", "5")], "answer": {"Tag": {"count": 1}}}
    return Look(**values | facts | changes)


def test_a_stored_look_is_read_again() -> None:
    """A look is the same after it was stored. A text of another version is no look."""
    look = made_look()
    assert look_of(look.to_json()) == look
    assert look_of("{}") is None


@pytest.mark.parametrize(("days", "is_due"), [(29, False), (31, True), (-1, True)])
def test_everything_is_looked_at_after_a_while(days: int, is_due: bool) -> None:
    """30 days after the last full look another one is due. If the clock was put back, at once."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    look = made_look(full_at=(now - timedelta(days=days)).timestamp())
    assert look.is_due(30, now) is is_due
    assert look.is_due(0, now)


# --- the downloads ---


def aged(root: Path) -> dict[str, int]:
    """The times of the folders of some downloads, all older than a tick."""
    for folder, _, _ in os.walk(root):
        os.utime(folder, (1, 1))
    return settled(list_downloads(root).folders, datetime.now(UTC))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file more": lambda root: (root / "anna" / "b.jpeg").touch(),
    "a file less": lambda root: (root / "anna" / "a.jpeg").unlink(),
    "a folder more": lambda root: (root / "anna" / "more").mkdir(),
    "a file renamed": lambda root: (root / "anna" / "a.jpeg").rename(root / "anna" / "b.jpeg"),
    "a folder gone": lambda root: ((root / "anna" / "a.jpeg").unlink(), (root / "anna").rmdir()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_moves_the_time_of_a_folder(tmp_path: Path, change: Callable[[Path], object]) -> None:
    """Folders are unchanged until a file or a folder comes, goes or gets another name."""
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "a.jpeg").touch()
    folders = aged(tmp_path)
    assert set(folders) == {str(tmp_path), str(tmp_path / "anna")}
    assert are_unchanged(folders)
    change(tmp_path)
    assert not are_unchanged(folders)


def test_a_time_of_just_now_tells_nothing(tmp_path: Path) -> None:
    """If a folder was changed within the tick of a clock before it was read, none of the times count."""
    folders = list_downloads(tmp_path).folders
    assert settled(folders, datetime.now(UTC)) == {}
    assert settled(folders, datetime.now(UTC) + 2 * TICK) == folders
    assert not are_unchanged({})


# --- the rows ---


async def filled(url: str) -> Database:
    """A database with a row in nearly every table."""
    world = World()
    anna = world.account(username="anna")
    picture, video = world.media(anna), world.media(anna, mimetype="video/mp4")
    world.post(anna, world.offered(picture), world.bundle([world.offered(video)]), content="text")
    database = await open_or_make(url)
    await world.save(database)
    return database


async def test_only_what_is_read_counts(tmp_path: Path) -> None:
    """The reader asks for no table that is not in the digest."""
    async with await filled(str(tmp_path / "m.sqlite")) as database:
        with statements_of(database) as statements:
            reader = Reader(database, with_facts=True)
            for creator in await reader.creators():
                async for _ in reader.pages(creator):
                    pass
                async for _ in reader.unattached(creator):
                    pass
            await reader.problems()
            await reader.hashtags()
            await reader.find_media([("a.jpeg", 5)])
        named = {word for one in statements for word in _behind_from(one) if database.has_table(word)}
    assert named <= set(TABLES_READ)
    assert {"posts", "media", "accounts", "attachments"} <= named


def _behind_from(statement: str) -> set[str]:
    """The words behind FROM and JOIN in a statement."""
    words = statement.replace("(", " ( ").replace(",", " ").split()
    return {after.strip('"') for word, after in pairwise(words) if word in {"FROM", "JOIN"}}


CHANGED: list[tuple[str, str]] = [
    ("posts", "UPDATE posts SET content = 'other'"),
    ("posts", "UPDATE posts SET content = NULL"),
    ("posts", "DELETE FROM posts"),
    ("media", "UPDATE media SET local_filename = 'b.jpeg' WHERE mimetype <> 'video/mp4'"),
    ("media", "UPDATE media SET is_downloaded = 1 - is_downloaded"),
    ("accounts", "UPDATE accounts SET username = 'Anna'"),
    ("attachments", "UPDATE attachments SET pos = pos + 7"),
    ("account_media", "DELETE FROM account_media"),
]
"""Statements that change the rows of a table."""


@pytest.mark.parametrize(("table", "statement"), CHANGED)
async def test_any_change_of_a_row_changes_the_digest(tmp_path: Path, table: str, statement: str) -> None:
    """The digest is another one after a row was changed or deleted. Put back, it is the old one again."""
    path = tmp_path / "m.sqlite"
    async with await filled(str(path)) as database:
        before = await rows_digest(database)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute(f"CREATE TABLE kept AS SELECT * FROM {table}")
            connection.execute(statement)
        assert await rows_digest(database) != before
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"DELETE FROM {table}")
            connection.execute(f"INSERT INTO {table} SELECT * FROM kept ORDER BY rowid DESC")
        assert await rows_digest(database) == before


async def test_what_a_sync_writes_does_not_count(tmp_path: Path) -> None:
    """The digest stays the same when ids are written back, and when another program adds a table."""
    path = tmp_path / "m.sqlite"
    async with await filled(str(path)) as database:
        before = await rows_digest(database)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"UPDATE posts SET {OWN_COLUMN} = 5")
            connection.execute("CREATE TABLE theirs (id INTEGER)")
            connection.execute("CREATE VIEW broken AS SELECT * FROM nowhere")
        async with await Database.open(str(path)) as again:
            assert await rows_digest(again) == before


async def test_a_text_that_is_no_utf8_counts_too(tmp_path: Path) -> None:
    """Bytes that are no text change the digest like any other value."""
    path = tmp_path / "m.sqlite"
    async with await filled(str(path)) as database:
        found = [await rows_digest(database)]
        for content in ("ff", "fe"):
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute(f"UPDATE posts SET content = CAST(x'{content}' AS TEXT)")
            found.append(await rows_digest(database))
    assert len(set(found)) == 3


async def test_no_row_leaves_the_database(tmp_path: Path) -> None:
    """The digest reads one row a table, however many rows there are."""
    async with await filled(str(tmp_path / "m.sqlite")) as database:
        with statements_of(database) as statements:
            await rows_digest(database)
    assert all("count(*)" in one for one in statements if one.startswith("SELECT"))


async def test_a_digest_in_postgresql(postgres_url: str) -> None:
    """PostgreSQL works out a digest that changes with a row, and that stays when ids are written back."""
    async with await filled(postgres_url) as database:
        before = await rows_digest(database)
        async with database.begin() as connection:
            await connection.exec_driver_sql("UPDATE posts SET stash_id = 5")
        assert await rows_digest(database) == before
        async with database.begin() as connection:
            await connection.exec_driver_sql("UPDATE posts SET content = 'other'")
        assert await rows_digest(database) != before
