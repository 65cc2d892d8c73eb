"""The journal: what runs leave behind, on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from metadata.database import Database
from stash.errors import StateError
from stash.journal import Journal, Memory, SourceKey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = SourceKey("media", "5")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database of either kind is to be."""
    if request.param == "sqlite":
        return str(tmp_path / "metadata.sqlite")
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """A database of our own."""
    database = await Database.open(url, create=True)
    yield database
    await database.close()


async def opened(database: Database, **options: bool) -> Journal:
    """The journal of one Stash."""
    journal = await Journal.open(database, **options)
    await journal.bind("http://stash", "/db")
    return journal


async def test_what_is_recorded_is_recalled(database: Database) -> None:
    """Values and links come back as they were, whatever characters are in them."""
    journal = await opened(database)
    odd = "\ud800 😀 \n " + "x" * 100_000
    memory = Memory(
        "Image", KEY, "7", "2026-01-01T00:00:00+00:00", "d", {"tags": ["1"]}, {"title": odd, "tags": []}
    )
    assert await journal.record([memory]) == 1
    assert await journal.recall("Image", [KEY, SourceKey("media", "6")]) == {KEY: memory}
    assert await journal.recall("Scene", [KEY]) == {}
    assert await journal.known_media() == {5}


async def test_an_unchanged_memory_is_not_written(database: Database) -> None:
    """Recording what is known already writes nothing; what differs replaces it."""
    journal = await opened(database)
    first, second = (
        Memory("Image", KEY, "7", wrote={"title": "a"}),
        Memory("Image", KEY, "7", wrote={"title": "b"}),
    )
    assert [await journal.record([m]) for m in (first, first, second)] == [1, 0, 1]
    assert (await journal.recall("Image", [KEY]))[KEY].wrote == {"title": "b"}


async def test_many_memories_at_once(database: Database) -> None:
    """More keys than a statement takes are recorded and recalled."""
    journal = await opened(database)
    memories = [Memory("Image", SourceKey("media", str(i)), str(i)) for i in range(1200)]
    assert await journal.record(memories) == 1200
    assert len(await journal.recall("Image", [memory.key for memory in memories])) == 1200


async def test_another_stash_has_another_memory(database: Database) -> None:
    """What was recorded for one Stash is unknown to another, at another address or with another database."""
    journal = await opened(database)
    await journal.record([Memory("Image", KEY, "7")])
    for url, path in (("http://other", "/db"), ("http://stash", "/other")):
        other = await Journal.open(database)
        await other.bind(url, path)
        assert await other.recall("Image", [KEY]) == {}
    again = await opened(database)
    assert KEY in await again.recall("Image", [KEY])


async def test_stamps_go_with_the_memories(database: Database) -> None:
    """The downloader's stash_id columns are written with the record, and only there."""
    async with database.begin() as connection:
        await connection.execute(text("INSERT INTO accounts (id, username) VALUES (5, 'anna'), (6, 'bea')"))
    journal = await opened(database)
    await journal.record([], [("accounts", 5, 77)])
    async with database.connect() as connection:
        rows = (await connection.execute(text("SELECT id, stash_id FROM accounts ORDER BY id"))).all()
    assert [tuple(row) for row in rows] == [(5, 77), (6, None)]


async def test_runs_are_kept(database: Database) -> None:
    """A run is listed with how it ended, the newest first."""
    journal = await opened(database)
    first = await journal.begin("sync", ["anna"])
    await journal.end(first, "done", {"x": 1})
    second = await journal.begin("sync", [])
    runs = await journal.runs()
    assert [(run.id, run.outcome) for run in runs] == [(second, None), (first, "done")]
    assert runs[1].ended_at is not None


async def test_a_read_only_journal_makes_no_table(database: Database, url: str) -> None:
    """Where there are no tables yet, a read-only journal recalls nothing and makes none."""
    journal = await opened(database, is_read_only=True)
    assert await journal.recall("Image", [KEY]) == {}
    assert await journal.known_media() == set()
    assert await journal.runs() == []
    again = await Database.open(url)
    assert not again.has_table("sync_entity")
    await again.close()


async def test_a_read_only_journal_recalls(tmp_path: Path) -> None:
    """Once there are tables, a read-only journal on a read-only database recalls what they hold."""
    path = str(tmp_path / "metadata.sqlite")
    database = await Database.open(path, create=True)
    await (await opened(database)).record([Memory("Image", KEY, "7")])
    await database.close()
    database = await Database.open(path, read_only=True)
    journal = await opened(database, is_read_only=True)
    assert KEY in await journal.recall("Image", [KEY])
    other = await Journal.open(database, is_read_only=True)
    assert await other.bind("http://unknown", "/db") == ""
    await database.close()


async def test_the_state_can_be_elsewhere(tmp_path: Path) -> None:
    """With a state database of its own, the metadata database gets the stamps and no table."""
    metadata = await Database.open(str(tmp_path / "metadata.sqlite"), create=True)
    state = await Database.open(str(tmp_path / "state.sqlite"), create=True)
    async with metadata.begin() as connection:
        await connection.execute(text("INSERT INTO accounts (id, username) VALUES (5, 'anna')"))
    journal = await Journal.open(metadata, state=state)
    await journal.bind("http://stash", "/db")
    await journal.record([Memory("Image", KEY, "7")], [("accounts", 5, 77)])
    await metadata.close()
    await state.close()
    metadata = await Database.open(str(tmp_path / "metadata.sqlite"))
    assert not metadata.has_table("sync_entity")
    async with metadata.connect() as connection:
        assert (await connection.execute(text("SELECT stash_id FROM accounts"))).scalar() == 77
    await metadata.close()


async def test_a_database_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A journal on a database that takes no writes is an error of the state."""
    path = str(tmp_path / "metadata.sqlite")
    await (await Database.open(path, create=True)).close()
    database = await Database.open(path, read_only=True)
    with pytest.raises(StateError):
        await Journal.open(database)
    await database.close()
