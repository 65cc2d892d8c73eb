"""Create, migrate and drop the `sync_` tables, and copy a database before the first write."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    text,
)

from stash.errors import RetriableError, StateError
from stash.journal.models import VERSION, VERSION_TABLE, schema
from stash.lock import SUFFIX
from stash.source.disk import reason_of

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.database import Database

BACKUP_SUFFIX = ".before-stash-sync"
"""The suffix of the copy of a downloader's database."""

FORGET_SUFFIX = ".before-forget"
"""The suffix of the copy that is made before the tables are dropped."""

_BUSY_SECONDS = 10.0


async def is_current(database: Database, connection: AsyncConnection) -> bool:
    """Tell whether the tables exist and have the newest version."""
    if not database.has_table(VERSION_TABLE):
        return False
    version = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - our own name
    return (await connection.execute(version)).scalar() == VERSION


def bring_up(connection: Connection) -> None:
    """Create the tables, or migrate older ones, in the caller's transaction.

    Raises:
        StateError: a newer stash-sync made them.
    """
    if inspect(connection).has_table(VERSION_TABLE):
        _migrate(connection)
        return
    schema.create_all(connection)
    key = PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc")
    versions = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), nullable=False), key)
    versions.create(connection)
    connection.execute(insert(versions).values(version_num=VERSION))


def _migrate(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - slow to import, and seldom needed
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "stash.journal:migrations")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StateError(
            f"The sync_ tables are of a version that this stash-sync does not know ({error}); "
            "use the newest stash-sync."
        ) from error


def drop(connection: Connection) -> None:
    """Drop the existing `sync_` tables, and nothing else."""
    schema.drop_all(connection)
    if inspect(connection).has_table(VERSION_TABLE):
        Table(VERSION_TABLE, MetaData()).drop(connection)


def copy_beside(path: Path, suffix: str = BACKUP_SUFFIX) -> Path | None:
    """Copy a SQLite database beside itself, whole or not at all. Return None if that copy exists already.

    A copy with the suffix of `forget` is made anew each time.

    Raises:
        RetriableError: it is locked by another program.
        StateError: the copy cannot be written.
    """
    copy = path.with_name(path.name + suffix)
    if copy.exists() and suffix == BACKUP_SUFFIX:
        return None
    unfinished = copy.with_name(copy.name + ".unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        _copy(path, unfinished)
        shutil.copymode(path, unfinished)
        unfinished.replace(copy)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise _why_not(path, copy, error) from error
    return copy


def about_copy(copy: Path) -> str:
    """Describe the files that a first run leaves beside a downloader's database."""
    database = copy.name.removesuffix(BACKUP_SUFFIX)
    return (
        f"Before the first write {database} was copied to {copy.name}, beside it; {database}{SUFFIX} is the lock that "
        "keeps two runs apart. Both may be deleted while no run is at work."
    )


def _copy(path: Path, target: Path) -> None:
    source = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)
    with closing(source), closing(sqlite3.connect(target)) as destination:
        # Reading first takes the lock, or gives up; the backup by itself would wait for it forever.
        source.execute("BEGIN")
        source.execute("SELECT name FROM sqlite_master").fetchall()
        source.backup(destination)
    with target.open("rb") as written:
        os.fsync(written.fileno())


def _why_not(path: Path, copy: Path, error: OSError | sqlite3.Error) -> StateError | RetriableError:
    if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
        return RetriableError(
            f"The database {path} is locked by another program; wait for it to end, then run again."
        )
    return StateError(
        f"The copy {copy.name} beside the database {path} cannot be made ({reason_of(error)}); "
        "allow writing there, or free some space."
    )
