"""A database of either kind, and the journal of one Stash in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from metadata.making import open_or_make
from stash.journal import Journal
from stash.transport.addresses import StashAddress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from stash.source.database import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database of either kind is to be."""
    if request.param == "sqlite":
        return str(tmp_path / "metadata.sqlite")
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """A database of our own."""
    database = await open_or_make(url)
    yield database
    await database.close()


async def opened(database: Database, **options: bool) -> Journal:
    """The journal of one Stash."""
    journal = await Journal.open(database, **options)
    await select_server(journal, "http://stash")
    return journal


async def select_server(journal: Journal, url: str, database_path: str = "/db") -> str:
    """Select the server of this address, a new one if the journal has none."""
    place = (str(StashAddress(url)), database_path)
    servers = await journal.servers.newest()
    known = next((one for one in servers if (one.url, one.database_path) == place), None)
    return await journal.servers.select(known, url, database_path)
