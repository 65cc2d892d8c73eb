"""Upgrades a SQLite database; run with a path, it kills itself at each statement in turn, on a copy of its own.

Prints the copies, the last of them of an upgrade that was not killed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event

from stash.journal import Journal
from stash.journal.connection import JournalConnection
from stash.source.database import Database
from stash.source.engines import Address, make_engine


def upgrade(path: Path, version: str | None) -> None:
    """Make a SQLite database with the tables of a version; None makes one without."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE theirs (id INTEGER)")
        if version is not None:
            config = Config()
            config.set_main_option("script_location", "stash.journal:migrations")
            config.attributes["connection"] = connection
            command.upgrade(config, version)
    engine.dispose()


async def _open(path: Path, fatal: int) -> None:
    address = Address.parse(str(path))
    engine = make_engine(address, "rw", 1)
    database = Database(address, engine, read_only=False)
    numbers = count(1)

    def kill(*_: object) -> None:
        if next(numbers) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine.sync_engine, "before_cursor_execute", kill)
    event.listen(engine.sync_engine, "commit", kill)
    journal = Journal(JournalConnection(database, database, is_read_only=False))
    await journal.prepare()
    await database.close()


def main(old: Path) -> None:
    """Kill, until nothing is left to be killed."""
    for fatal in count(1):
        path = old.with_name(f"{old.name}-{fatal}")
        shutil.copyfile(old, path)
        child = os.fork()
        if child == 0:
            asyncio.run(_open(path, fatal))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{path}\n")
        if not os.WIFSIGNALED(status):
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
