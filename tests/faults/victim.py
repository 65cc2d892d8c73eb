"""Makes runs to be killed: for each order on stdin a process is forked, which syncs and may be killed meanwhile.

An order is a line of JSON: `folder` (of metadata.sqlite and stash.sqlite), `library`, `downloads`, `kill_at`, `batch`,
`now`, the time of Stash if that is not to be the machine's, and `undo`, the run to be taken back where it is not to be a
sync. The answer too: `signal`, `exit_code`, and `mutations`
that reached the server. Forking saves the imports of each.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import traceback
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from stash import kill_points
from stash.embedded import EmbeddedStash
from stash.errors import SyncError
from stash.processing import schedule
from stash.settings import Settings
from stash.source.errors import MetadataError
from stash.store import unit_of_work
from stash.sync import SyncOptions, sync
from stash.undo.session import undo
from tests.conftest import Silent
from tests.faults.clock import Seconds
from tests.faults.sizes import FEW

if TYPE_CHECKING:
    from collections.abc import Callable

    from stash.embedded.service import Call


async def _sync(order: dict[str, str], log: int) -> int:
    folder = Path(order["folder"])

    async def note(call: Call, proceed: Callable[[], Any]) -> Any:
        if call.operation == "mutation" and "metadataScan" not in call.fields:
            os.write(log, b"." * len(call.fields))
        return await proceed()

    clock = Seconds(datetime.fromisoformat(order["now"])) if order["now"] else None
    with EmbeddedStash([Path(order["library"])], state=folder / "stash.sqlite", clock=clock) as stash:
        stash.middleware.append(note)
        settings = Settings(
            url="http://embedded.test",
            database=str(folder / "metadata.sqlite"),
            downloads=Path(order["downloads"]),
            patience=20,
        )
        transport = httpx.ASGITransport(app=stash.app)
        try:
            if order["undo"]:
                return (await undo(settings, order["undo"], SyncOptions(), transport=transport))[1].exit_code
            return (await sync(settings, SyncOptions(), Silent(), transport=transport)).exit_code
        except SyncError as error:
            return error.exit_code
        except MetadataError:
            return 6


def _child(order: dict[str, str], log: int) -> None:
    os.environ["STASH_SYNC_KILL_AT"] = order["kill_at"]
    importlib.reload(kill_points)
    unit_of_work.BATCH = int(order["batch"])
    schedule.FIRST_BATCH = schedule.MAX_BATCH = FEW
    code = 1
    try:
        code = asyncio.run(_sync(order, log))
    except Exception:  # noqa: BLE001 - the end of a process: a bug is shown, and is exit code 1
        traceback.print_exc()
    os._exit(code)


def main() -> None:
    """Take orders until there are none."""
    for line in sys.stdin:
        order = json.loads(line)
        path = Path(order["folder"], "mutations")
        log = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        child = os.fork()
        if child == 0:
            _child(order, log)
        _, status = os.waitpid(child, 0)
        os.close(log)
        is_killed = os.WIFSIGNALED(status)
        answer = {
            "signal": os.WTERMSIG(status) if is_killed else None,
            "exit_code": None if is_killed else os.waitstatus_to_exitcode(status),
            "mutations": path.stat().st_size,
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
