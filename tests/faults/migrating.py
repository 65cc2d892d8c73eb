"""Opens the journal of a database, and is killed: for each number on stdin a process is forked for that statement.

`python -m tests.faults.migrating URL`; answers each number, counted from 1, with the signal that the process died of
or, where it came to its end, with 0. Commits count as statements too.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from itertools import count

from sqlalchemy import event

from stash.journal import Journal
from stash.source.database import Database


async def _open(url: str, fatal: int) -> None:
    numbers = count(1)

    def kill(*_: object) -> None:
        if next(numbers) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    async with await Database.open(url) as database:
        event.listen(database.engine.sync_engine, "before_cursor_execute", kill)
        event.listen(database.engine.sync_engine, "commit", kill)
        await Journal.open(database)


def main(url: str) -> None:
    """Take numbers until there are none."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(_open(url, int(line)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code in (0, -signal.SIGKILL)
        sys.stdout.write(f"{-code}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
