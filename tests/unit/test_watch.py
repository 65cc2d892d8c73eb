"""The watch: which changes it syncs, and when."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING

import asyncpg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metadata.making import open_or_make
from stash.errors import RefusedError, RetriableError, UsageError
from stash.report import Report
from stash.source.errors import (
    DatabaseBusyError,
    ForeignDatabaseError,
    MissingDatabaseError,
    UnknownCreatorError,
)
from stash.watch import (
    LASTING,
    MOST_WAITS,
    DatabaseReading,
    DownloadsReading,
    Watched,
    WatchSteps,
    watch,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

type Tick = frozenset[str]


class Over(Exception):  # noqa: N818 - the test ends with it
    """The last interval is over."""


class World:
    """A source that changes, and a Stash and a database with outages, tick by tick."""

    def __init__(self, ticks: Sequence[Tick]) -> None:
        self.ticks = ticks
        self.now = 0
        self.version = int("change" in ticks[0])
        self.looked = self.synced = -1
        self.syncs: list[tuple[int, int]] = []
        self.told: list[Exception] = []
        self.reports: list[Report] = []

    async def look(self) -> int:
        """Return the version, unless the database is down."""
        if "no database" in self.ticks[self.now]:
            raise DatabaseBusyError("The database does not answer.")
        self.looked = self.version
        return self.version

    async def session(self) -> Report:
        """Sync the version, unless Stash is down."""
        assert self.looked > self.synced, "a sync without a change"
        before = self.version
        if "change within" in self.ticks[self.now]:
            self.version += 1
        if "no Stash" in self.ticks[self.now]:
            raise RetriableError("Stash does not answer.")
        self.synced = before
        self.syncs.append((self.now, before))
        return Report()

    async def pause(self) -> None:
        """Wait for the next tick."""
        self.now += 1
        if self.now == len(self.ticks):
            raise Over
        self.version += "change" in self.ticks[self.now]

    async def play(self) -> None:
        """Watch until the last tick."""
        steps = WatchSteps(self.look, self.session, self.pause, self.reports.append, self.told.append)
        with pytest.raises(Over):
            await watch(steps)


TICKS = st.lists(
    st.frozensets(st.sampled_from(["change", "change within", "no database", "no Stash"])), max_size=40
)
QUIET: list[Tick] = [frozenset()] * 3


@given(TICKS)
@example([frozenset(), frozenset({"change", "change within"})])
@example([frozenset({"change within"})])
def test_every_change_is_synced_and_nothing_else(ticks: list[Tick]) -> None:
    """Whatever changes and fails in whatever order, the last version is synced soon, and no sync is without a change."""
    world = World([*ticks, *QUIET])
    asyncio.run(world.play())
    assert world.synced == world.version
    assert len(world.reports) == len(world.syncs)


@given(TICKS)
def test_a_failed_sync_is_tried_at_the_next_tick(ticks: list[Tick]) -> None:
    """Each outage is told, and the tick after a failed sync of a settled version syncs, if everything answers."""
    world = World([frozenset({"no Stash"}), *[tick | {"no Stash"} for tick in ticks], *QUIET])
    asyncio.run(world.play())
    assert [tick for tick, _ in world.syncs][:1] == [len(ticks) + 1]
    assert len(world.told) == len(ticks) + 1


def test_it_syncs_at_its_start_and_settles_later() -> None:
    """The first sync is at once. A change that goes on for three ticks is synced once, a tick after its end."""
    changing: list[Tick] = [frozenset({"change"})] * 3
    world = World([frozenset(), frozenset(), *changing, *QUIET])
    asyncio.run(world.play())
    assert world.syncs == [(0, 0), (5, 3)]


def test_a_change_without_an_end_is_synced_now_and_then() -> None:
    """A source that changes at every tick is synced after the most waits."""
    world = World([frozenset(), *[frozenset({"change"})] * (2 * MOST_WAITS + 2)])
    asyncio.run(world.play())
    assert [tick for tick, _ in world.syncs] == [0, MOST_WAITS + 1, 2 * MOST_WAITS + 2]


@pytest.mark.parametrize("kind", LASTING)
def test_an_error_of_the_users_ends_it(kind: type[Exception]) -> None:
    """A flag, a setting or a path that is wrong ends the watch with its own error."""

    async def wrong() -> int:
        raise kind("It is wrong.")

    world = World(QUIET)
    steps = WatchSteps(wrong, world.session, world.pause, world.reports.append, world.told.append)
    with pytest.raises(kind):
        asyncio.run(watch(steps))
    assert (world.now, world.told) == (0, [])


def test_lasting_errors_are_those_with_code_2() -> None:
    """The errors that end a watch are those that end a command with 2."""
    from stash.cli.main import _METADATA_CODES, USAGE  # noqa: PLC0415 - the command line's table

    of_the_database = {kind for kind, code in _METADATA_CODES if code == USAGE}
    assert set(LASTING) == of_the_database | {UsageError}
    assert of_the_database == {MissingDatabaseError, ForeignDatabaseError, UnknownCreatorError}
    assert not issubclass(RefusedError, LASTING)


class Reading:
    """A part of a source whose sign and content are set."""

    def __init__(self) -> None:
        self.signs: object = 0
        self.contents: object = 0
        self.reads = 0

    async def sign(self) -> object:
        """Return the sign."""
        return self.signs

    async def content(self) -> object:
        """Count the reading, and return the content."""
        self.reads += 1
        return self.contents


async def test_a_change_within_one_tick_of_the_clock_is_seen() -> None:
    """Content that changed after it was read, under the same sign, is seen at the next look."""
    reading = Reading()
    watched = Watched(reading)
    assert await watched.look() == 0
    reading.contents = 1
    assert await watched.look() == 1


async def test_a_quiet_source_is_not_read_again() -> None:
    """Under one sign the content is read twice, whatever number of looks there are. A new sign has it read anew."""
    reading = Reading()
    watched = Watched(reading)
    for _ in range(5):
        await watched.look()
    assert reading.reads == 2
    reading.signs, reading.contents = 1, 5
    assert [await watched.look() for _ in range(4)] == [5] * 4
    assert reading.reads == 4


async def database(folder: Path) -> Path:
    """Make an empty metadata database with one account."""
    path = folder / "metadata.sqlite"
    async with await open_or_make(str(path)):
        pass
    execute(path, "INSERT INTO accounts (id, username) VALUES (1, 'anna')")
    return path


def execute(path: Path, *statements: str) -> None:
    """Write to a SQLite database as another program does."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize("mode", ["delete", "wal"])
async def test_rows_of_the_source_count(tmp_path: Path, mode: str) -> None:
    """An inserted, an updated and a deleted row change the sign and the content. Ids and tables of a sync do not count."""
    path = await database(tmp_path)
    execute(path, f"PRAGMA journal_mode = {mode}", "CREATE TABLE sync_run (id INTEGER)")
    reading = DatabaseReading(str(path), 5)
    with closing(sqlite3.connect(path)) as open_elsewhere:
        open_elsewhere.execute("SELECT count(*) FROM accounts").fetchall()
        seen = [(await reading.sign(), await reading.content())]
        for statement in (
            "INSERT INTO accounts (id, username) VALUES (2, 'berta')",
            "UPDATE accounts SET username = 'bertha' WHERE id = 2",
            "DELETE FROM accounts WHERE id = 2",
            "UPDATE accounts SET stash_id = 5",
            "INSERT INTO sync_run VALUES (1)",
        ):
            await asyncio.sleep(0.02)  # one tick of the file system's clock
            execute(path, statement)
            seen.append((await reading.sign(), await reading.content()))
    signs, contents = zip(*seen, strict=True)
    assert len(set(signs)) == len(signs)
    first, inserted, updated, *rest = contents
    assert len({first, inserted, updated}) == 3
    assert rest == [first] * 3


TABLES = """
CREATE TABLE accounts (id BIGINT PRIMARY KEY, username TEXT, stash_id INTEGER);
CREATE TABLE media (id BIGINT PRIMARY KEY);
CREATE TABLE account_media (id BIGINT PRIMARY KEY);
CREATE TABLE posts (id BIGINT PRIMARY KEY, content JSONB, tags TEXT[]);
CREATE TABLE sync_run (id BIGINT);
INSERT INTO accounts VALUES (1, 'anna');
INSERT INTO posts VALUES (1, '{"a": 1}', ARRAY['x']);
"""


async def test_rows_of_postgresql_count(postgres_database: Callable[[str], str]) -> None:
    """PostgreSQL's counters tell of each write, and the content of those that are not the sync's own."""
    url = postgres_database(TABLES)
    reading = DatabaseReading(url, 5)
    connection = await asyncpg.connect(url)
    contents = [await reading.content()]
    for statement in (
        "UPDATE accounts SET stash_id = 5",
        "INSERT INTO sync_run VALUES (1)",
        "UPDATE posts SET content = '{}'",
        "UPDATE accounts SET username = 'berta'",
    ):
        before = await reading.sign()
        await connection.execute(statement)
        await connection.execute("SELECT pg_stat_force_next_flush()")
        async with asyncio.timeout(20):
            while await reading.sign() == before:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.05)
        contents.append(await reading.content())
    await connection.close()
    first, with_id, logged, edited, renamed = contents
    assert first == with_id == logged
    assert len({first, edited, renamed}) == 3


async def test_a_missing_database_is_named(tmp_path: Path) -> None:
    """A database that is not there has a sign, and its content cannot be read."""
    reading = DatabaseReading(str(tmp_path / "none.sqlite"), 5)
    assert await reading.sign() == (None, None)
    with pytest.raises(MissingDatabaseError):
        await reading.content()


async def test_names_in_the_downloads_count(tmp_path: Path) -> None:
    """A new, a renamed and a removed picture change the content, also in folders that are new. A database beside does not."""
    root = tmp_path / "downloads"
    (root / "a").mkdir(parents=True)
    reading = DownloadsReading(root)
    clock = count(1_000_000_000)
    seen = []
    for change in (
        lambda: None,
        lambda: (root / "b" / "c").mkdir(parents=True),
        lambda: (root / "b" / "c" / "1.jpg").write_bytes(b"1"),
        lambda: (root / "b" / "c" / "1.jpg").rename(root / "b" / "c" / "2.jpg"),
        lambda: (root / "metadata.sqlite-wal").write_bytes(b"1"),
        (root / "b" / "c" / "2.jpg").unlink,
    ):
        before = times(root)
        change()
        for folder, time in times(root).items():
            if before.get(folder) != time:
                os.utime(folder, (next(clock),) * 2)
        seen.append((await reading.sign(), await reading.content()))
    signs, contents = zip(*seen, strict=True)
    assert len(set(signs)) == len(signs)
    empty, with_folder, added, renamed, beside, removed = contents
    assert empty == with_folder == removed
    assert len({empty, added, renamed}) == 3
    assert beside == renamed


def times(root: Path) -> dict[Path, int]:
    """Return the time of each folder."""
    return {path: path.stat().st_mtime_ns for path in (root, *root.rglob("*")) if path.is_dir()}


async def test_folders_are_followed_once(tmp_path: Path) -> None:
    """A linked folder counts, and a link in a ring ends."""
    root, elsewhere = tmp_path / "downloads", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / "linked").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(root)
    os.utime(elsewhere, (1, 1))
    reading = DownloadsReading(root)
    before = await reading.sign()
    os.utime(elsewhere, (2, 2))
    after = await reading.sign()
    assert before != after
    assert isinstance(after, tuple)
    assert len(after) == 2


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A downloads folder that is not there is refused with its name."""
    reading = DownloadsReading(tmp_path / "none")
    assert await reading.sign() == ()
    with pytest.raises(UsageError, match="none"):
        await reading.content()
