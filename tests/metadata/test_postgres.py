"""Opening databases of a PostgreSQL server, and what can be wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from metadata.making import open_or_make
from stash.source.database import Database
from stash.source.engines import Address
from stash.source.errors import (
    DatabaseBusyError,
    DatabaseUnusableError,
    UnknownDatabaseError,
)

if TYPE_CHECKING:
    from tests.postgres import Cluster


async def test_postgresql_needs_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without asyncpg the error names the extra that brings it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UnknownDatabaseError, match=r"stash-sync\[postgres\]"):
        await Database.open("postgresql://host/name")


def test_postgresql_urls_are_translated() -> None:
    """Other spellings of PostgreSQL are understood, and the name that is shown hides the password."""
    address = Address.parse("postgres://anna:secret@host/name?sslmode=require")
    assert address.url.drivername == "postgresql+asyncpg"
    assert address.url.query == {"ssl": "require"}
    assert "secret" not in address.name


async def test_a_server_that_is_not_there_does_not_answer() -> None:
    """A refused connection is an error that says to try again, without the password."""
    with pytest.raises(DatabaseBusyError, match="does not answer") as caught:
        await Database.open("postgresql://anna:secret@127.0.0.1:1/name")
    assert "secret" not in str(caught.value)


async def test_a_server_that_refuses_is_named(postgres_cluster: Cluster) -> None:
    """A database or a user that the server does not know is a refusal, not a reason to wait."""
    for name in ("postgres@127.0.0.1:{}/unknown", "nobody@127.0.0.1:{}/postgres"):
        with pytest.raises(DatabaseUnusableError, match="refuses us") as caught:
            await Database.open("postgresql://" + name.format(postgres_cluster.port))
        assert not isinstance(caught.value, DatabaseBusyError)


async def test_an_empty_postgresql_is_unknown(postgres_url: str) -> None:
    """An empty PostgreSQL database is refused unless it is to be created."""
    with pytest.raises(UnknownDatabaseError, match="is empty"):
        await Database.open(postgres_url)


async def test_a_lost_connection_is_busy(postgres_url: str) -> None:
    """A connection that the server ends in the middle is an error that says to try again."""
    async with await open_or_make(postgres_url) as database:
        with pytest.raises(DatabaseBusyError, match="does not answer"):
            await end_connection(database)


async def end_connection(database: Database) -> None:
    """Have the server end a connection in the middle of its transaction."""
    async with database.begin() as connection:
        await connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
