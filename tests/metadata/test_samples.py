"""The downloader's own databases, of every version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.source.database import Database
from stash.source.reader import Reader
from tests.metadata.conftest import SQLITE_SAMPLES, digest_of, names_in

if TYPE_CHECKING:
    from pathlib import Path

    from stash.source.items import Item, Problem

TEST_USER = 737318930569244672
OWN_ACCOUNT = 737318930569244673


async def everything(database: Database) -> tuple[list[Item], list[Problem], list[int]]:
    """All items, problems and unattached media of all creators."""
    reader = Reader(database)
    items: list[Item] = []
    problems: list[Problem] = []
    unattached: list[int] = []
    for creator in await reader.creators():
        async for window in reader.pages(creator, size=2):
            items += window.items
            problems += window.problems
        async for media in reader.unattached(creator, size=2):
            unattached += [one.id for one in media]
    return items, problems, unattached


async def test_reading_leaves_every_byte_as_it_was(sqlite_sample: Path) -> None:
    """A database of the downloader is the same file after everything in it was read."""
    before = digest_of(sqlite_sample)
    async with await Database.open(str(sqlite_sample)) as database:
        await everything(database)
        assert database.version == SQLITE_SAMPLES[sqlite_sample.name]
        assert not database.is_ours
    assert digest_of(sqlite_sample) == before
    assert names_in(sqlite_sample.parent) == [sqlite_sample.name]


async def test_every_downloaded_media_is_an_items_or_unattached(sqlite_sample: Path) -> None:
    """No version loses a file: each media with one is in an item or among the unattached."""
    async with await Database.open(str(sqlite_sample), read_only=True) as database:
        items, _, unattached = await everything(database)
        async with database.connect() as connection:
            rows = await connection.exec_driver_sql("SELECT id FROM media WHERE is_downloaded")
            stored = {row[0] for row in rows}
    attached = {place.media.id for item in items for place in item.media}
    assert stored
    assert stored <= attached | set(unattached)
    assert not attached & set(unattached)


async def test_the_postgresql_dump_reads_like_the_sqlite_copy(restored_dump: str, v0_15: Path) -> None:
    """The same rows give the same items, problems and unattached media in either kind of database."""
    async with (
        await Database.open(restored_dump, read_only=True) as postgresql,
        await Database.open(str(v0_15), read_only=True) as sqlite,
    ):
        assert (postgresql.kind, postgresql.version) == ("postgresql", "v0_15")
        assert await everything(postgresql) == await everything(sqlite)


async def test_the_complete_sample(v0_15: Path) -> None:
    """v0.15.1: three creators without the reader's own account, seven posts, three messages, a story, a wall."""
    async with await Database.open(str(v0_15)) as database:
        creators = await Reader(database).creators()
        items, problems, unattached = await everything(database)
    assert [one.username for one in creators] == [
        "acct_123456789012345671",
        "acct_720167541418237953",
        "test_user",
    ]
    assert OWN_ACCOUNT not in {one.id for one in creators}
    assert [item.kind for item in items] == ["message"] * 3 + ["post"] * 7 + ["story", "wall"]
    assert [problem.table for problem in problems] == ["attachments"] * 4
    assert not any(problem.is_malformed for problem in problems)
    assert len(unattached) == 4


async def test_the_sample_as_the_downloader_leaves_it(shared: Path) -> None:
    """Without attachments there are only stories; the files' media are unattached, none is lost, and that is told."""
    path = shared / "samples" / "downloader_v0_15_asis.sqlite"
    async with await Database.open(str(path), read_only=True) as database:
        items, problems, unattached = await everything(database)
    assert [item.kind for item in items] == ["story"]
    assert [(one.table, one.key) for one in problems] == [
        ("database", "attachments"),
        ("database", "post_mentions"),
    ]
    assert len(unattached) == 9
