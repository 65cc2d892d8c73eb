"""Stamps: the ids of Stash written back to the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from metadata.models import Account
from stash.source.database import Database
from tests.metadata.conftest import CORE, fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def test_stamps_write_only_what_differs(database: Database) -> None:
    """Noting an id that is there already touches no row; a table that carries none is a mistake."""
    async with database.begin() as connection:
        await connection.execute(sa.insert(Account).values(id=1, username="anna", stash_id=5))
        await connection.execute(sa.insert(Account).values(id=2, username="bella"))
    touched = await count_changes(database, [("accounts", 1, 5), ("accounts", 2, None)])
    assert touched == 0
    assert await count_changes(database, [("accounts", 1, 6), ("accounts", 2, 7)]) == 2
    async with database.begin() as connection:
        with pytest.raises(ValueError, match="hashtags rows carry no Stash id"):
            await database.write_back_ids(connection, [("hashtags", 1, 1)])


async def count_changes(database: Database, stamps: list[tuple[str, int, int | None]]) -> int:
    """How many account rows a stamping rewrites."""
    marker = "rowid, stash_id" if database.kind == "sqlite" else "ctid::text, stash_id"
    statement = sa.text(f"SELECT {marker} FROM accounts ORDER BY id")
    async with database.connect() as connection:
        before = (await connection.execute(statement)).all()
    async with database.begin() as connection:
        await database.write_back_ids(connection, stamps)
    async with database.connect() as connection:
        after = (await connection.execute(statement)).all()
    return sum(one != other for one, other in zip(before, after, strict=True))


async def test_stamps_skip_columns_that_are_absent(tmp_path: Path) -> None:
    """A database without a Stash id column is stamped where it has one."""
    path = tmp_path / "old.sqlite"
    fill(path, CORE + "CREATE TABLE posts (id); INSERT INTO media VALUES (1, 2, NULL);")
    async with await Database.open(str(path)) as database:
        async with database.begin() as connection:
            await database.write_back_ids(connection, [("posts", 1, 5), ("media", 1, 6)])
        async with database.connect() as connection:
            assert (await connection.execute(sa.text("SELECT stash_id FROM media"))).all() == [(6,)]


async def test_stamping_is_all_that_changes(
    v0_15: Path, restored_dump: str, postgres_database: Callable[[str], str]
) -> None:
    """In a database of the downloader stamps go into all four tables, in either kind."""
    del postgres_database
    for url in (str(v0_15), restored_dump):
        async with await Database.open(url) as database:
            chosen = {}
            async with database.connect() as connection:
                for name in ("accounts", "posts", "messages", "media"):
                    chosen[name] = (
                        await connection.execute(sa.text(f"SELECT min(id) FROM {name}"))
                    ).scalar_one()
            async with database.begin() as connection:
                await database.write_back_ids(connection, [(name, row, 7) for name, row in chosen.items()])
            async with database.connect() as connection:
                for name, row in chosen.items():
                    found = await connection.execute(sa.text(f"SELECT id FROM {name} WHERE stash_id = 7"))
                    assert found.all() == [(row,)]
