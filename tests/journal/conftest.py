"""A database of either kind, and the journal of one Stash in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from metadata.making import open_or_make
from stash.journal import Journal

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
    await journal.bind("http://stash", "/db")
    return journal
