"""The journal: what runs leave behind, on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from metadata.making import open_or_make
from stash.errors import StateError
from stash.journal import Baseline, Journal, SourceKey, open_state
from stash.journal.baseline import EARLIER_KEPT
from stash.source.database import Database
from stash.source.errors import UnknownDatabaseError
from tests.journal.conftest import opened, select_server
from tests.statements import statements_of

if TYPE_CHECKING:
    from pathlib import Path

KEY = SourceKey("media", "5")


async def test_what_is_recorded_is_recalled(database: Database) -> None:
    """Values and links come back as they were, whatever characters are in them."""
    journal = await opened(database)
    odd = "\ud800 😀 \n " + "x" * 100_000
    memory = Baseline(
        "Image", KEY, "7", "2026-01-01T00:00:00+00:00", "d", {"tags": ["1"]}, {"title": odd, "tags": []}
    )
    assert await journal.record([memory]) == 1
    assert await journal.baselines.load_type("Image", [KEY, SourceKey("media", "6")]) == {KEY: memory}
    assert await journal.baselines.load_type("Scene", [KEY]) == {}
    assert await journal.baselines.known_media() == {5}
    assert await journal.baselines.count() == 1


async def test_an_unchanged_memory_is_not_written(database: Database) -> None:
    """Recording what is known already writes nothing; what differs replaces it."""
    journal = await opened(database)
    first, second = (
        Baseline("Image", KEY, "7", last_applied={"title": "a"}),
        Baseline("Image", KEY, "7", last_applied={"title": "b"}),
    )
    assert [await journal.record([m]) for m in (first, first, second)] == [1, 0, 1]
    assert (await journal.baselines.load_type("Image", [KEY]))[KEY].last_applied == {"title": "b"}


async def test_what_was_written_before_is_remembered(database: Database) -> None:
    """Each text that we wrote before the last one is kept, once, the newest twenty of a field; links are not."""
    journal = await opened(database)
    for title in ("a", "b", "a", "c"):
        await journal.record([Baseline("Image", KEY, "7", last_applied={"title": title, "tags": [title]})])
    memory = (await journal.baselines.load_type("Image", [KEY]))[KEY]
    assert (memory.last_applied["title"], memory.previously_applied) == ("c", {"title": ["b", "a"]})
    assert (
        await journal.record([Baseline("Image", KEY, "7", last_applied={"title": "c", "tags": ["c"]})]) == 0
    )
    assert await journal.record([memory]) == 0
    for number in range(EARLIER_KEPT + 5):
        await journal.record([Baseline("Image", KEY, "7", last_applied={"title": str(number)})])
    earlier = (await journal.baselines.load_type("Image", [KEY]))[KEY].previously_applied["title"]
    assert earlier == [str(number) for number in range(4, EARLIER_KEPT + 4)]


async def test_what_was_not_found_is_not_looked_for_again(database: Database) -> None:
    """What a recall found nothing of is recorded in one statement; what stands by then is looked at, and kept."""
    journal = await opened(database)
    await journal.baselines.load_type("Image", [KEY])
    with statements_of(database) as statements:
        await journal.record([Baseline("Image", KEY, "7", last_applied={"title": "a"})])
    assert [one for one in statements if one.startswith("SELECT")] == []
    await journal.record([Baseline("Image", KEY, "7", last_applied={"title": "b"})])
    assert (await journal.baselines.load_type("Image", [KEY]))[KEY].previously_applied == {"title": ["a"]}


async def test_a_key_of_any_characters_is_found_again(database: Database) -> None:
    """A name that no database can store as it is, is recalled by that name."""
    journal = await opened(database)
    key = SourceKey("tag", "half \ud83d and \0")
    await journal.record([Baseline("Tag", key, "3")])
    assert await journal.baselines.load_type("Tag", [key]) == {key: Baseline("Tag", key, "3")}
    assert await journal.record([Baseline("Tag", key, "3")]) == 0


async def test_many_memories_at_once(database: Database) -> None:
    """More keys than a statement takes are recorded and recalled."""
    journal = await opened(database)
    memories = [Baseline("Image", SourceKey("media", str(i)), str(i)) for i in range(1200)]
    assert await journal.record(memories) == 1200
    assert len(await journal.baselines.load_type("Image", [memory.key for memory in memories])) == 1200


async def test_another_stash_has_another_memory(database: Database) -> None:
    """What was recorded for one Stash is unknown to another, at another address or with another database."""
    journal = await opened(database)
    await journal.record([Baseline("Image", KEY, "7")])
    for url, path in (("http://other", "/db"), ("http://stash", "/other")):
        other = await Journal.open(database)
        await select_server(other, url, path)
        assert await other.baselines.load_type("Image", [KEY]) == {}
    again = await opened(database)
    assert KEY in await again.baselines.load_type("Image", [KEY])


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
    first = await journal.runs.begin("sync", ["anna"])
    await journal.runs.end(first, "done", {"x": 1})
    second = await journal.runs.begin("sync", [])
    runs = await journal.runs.newest()
    assert [(run.id, run.outcome) for run in runs] == [(second, None), (first, "done")]
    assert runs[1].ended_at is not None
    assert (runs[1].command, runs[1].counts) == ("sync", {"x": 1})
    assert await journal.runs.find(first) == runs[1]
    assert await journal.runs.find(second + 1) is None


async def test_a_heartbeat_tells_that_a_run_lives(database: Database) -> None:
    """A heartbeat is noted on its run alone, as an instant in UTC, and ends nothing."""
    journal = await opened(database)
    first, second = await journal.runs.begin("sync", []), await journal.runs.begin("sync", [])
    before = {run.id: run for run in await journal.runs.newest()}
    await journal.runs.heartbeat(first)
    after = {run.id: run for run in await journal.runs.newest()}
    assert after[first].heartbeat_at > before[first].heartbeat_at
    assert after[first].heartbeat_at.utcoffset() == timedelta(0)
    assert after[first].outcome is None
    assert after[second] == before[second]


async def test_a_read_only_journal_makes_no_table(database: Database, url: str) -> None:
    """Where there are no tables yet, a read-only journal recalls nothing and makes none."""
    journal = await opened(database, is_read_only=True)
    assert await journal.baselines.load_type("Image", [KEY]) == {}
    assert await journal.baselines.known_media() == set()
    assert await journal.runs.newest() == []
    assert await journal.runs.find(1) is None
    assert await journal.log.entries(1) == []
    assert await journal.baselines.count() == 0
    again = await Database.open(url)
    assert not again.has_table("sync_entity")
    await again.close()


async def test_a_read_only_journal_recalls(tmp_path: Path) -> None:
    """Once there are tables, a read-only journal on a read-only database recalls what they hold."""
    path = str(tmp_path / "metadata.sqlite")
    database = await open_or_make(path)
    await (await opened(database)).record([Baseline("Image", KEY, "7")])
    await database.close()
    database = await Database.open(path, read_only=True)
    journal = await opened(database, is_read_only=True)
    assert KEY in await journal.baselines.load_type("Image", [KEY])
    other = await Journal.open(database, is_read_only=True)
    assert await select_server(other, "http://unknown", "/db") == ""
    await database.close()


async def test_a_state_of_another_program_is_refused(tmp_path: Path) -> None:
    """A database that holds tables of another program gets none of ours."""
    path = tmp_path / "stash-go.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE scenes (id INTEGER)")
    before = path.read_bytes()
    with pytest.raises(UnknownDatabaseError, match="STASH_SYNC_STATE_URL"):
        await open_state(str(path), create=True)
    assert path.read_bytes() == before


async def test_the_state_can_be_elsewhere(tmp_path: Path) -> None:
    """With a state database of its own, the metadata database gets the stamps and no table."""
    metadata = await open_or_make(str(tmp_path / "metadata.sqlite"))
    state = await Database.open_any(str(tmp_path / "state.sqlite"), create=True)
    async with metadata.begin() as connection:
        await connection.execute(text("INSERT INTO accounts (id, username) VALUES (5, 'anna')"))
    journal = await Journal.open(metadata, state=state)
    await select_server(journal, "http://stash", "/db")
    await journal.record([Baseline("Image", KEY, "7")], [("accounts", 5, 77)])
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
    await (await open_or_make(path)).close()
    database = await Database.open(path, read_only=True)
    with pytest.raises(StateError):
        await Journal.open(database)
    await database.close()
