"""R18: a metadata database that another program has locked, from the start or in the middle of a run."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from stash.embedded.service import Call
    from tests.faults.rig import Dumped, Rig


def locking(rig: Rig, other: sqlite3.Connection, field: str, seconds: float) -> None:
    """When the server is first asked for a field, another program locks the database, for so long."""
    is_done = False

    async def around(call: Call, proceed: Callable[[], Any]) -> Any:
        nonlocal is_done
        if not is_done and field in call.fields:
            is_done = True
            other.execute("BEGIN IMMEDIATE")
            if seconds:
                asyncio.get_running_loop().call_later(seconds, other.rollback)
        return await proceed()

    rig.stash.middleware.append(around)


MOMENTS = ["systemStatus", "findTags", "galleryCreate", "imagesUpdate", "setGalleryCover"]


@pytest.mark.parametrize("field", MOMENTS)
async def test_r18_locked_for_good(rig: Rig, clean: Dumped, field: str) -> None:
    """Past the busy timeout the run ends with 5, whatever it had done; then one more run ends as without."""
    with closing(sqlite3.connect(rig.database, isolation_level=None)) as other:
        locking(rig, other, field, 0)
        outcome = await rig.run(patience=0.3)
        assert outcome.exit_code == 5, outcome
    rig.stash.middleware.pop()
    assert (await rig.run()).exit_code == 0
    assert clean.differences(await rig.dumped()) == ""


@pytest.mark.parametrize("field", MOMENTS)
async def test_r18_locked_for_a_moment(rig: Rig, clean: Dumped, field: str) -> None:
    """A lock that goes within the busy timeout is waited for, and nothing is lost."""
    with closing(sqlite3.connect(rig.database, isolation_level=None)) as other:
        locking(rig, other, field, 0.3)
        assert (await rig.run()).exit_code == 0
    assert clean.differences(await rig.dumped()) == ""


async def test_r18_the_command_says_so(rig: Rig) -> None:
    """The command itself exits with 5 and one sentence; the server was not written to."""
    with closing(sqlite3.connect(rig.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with rig.served() as url:
            code, _, said = await rig.command(url, STASH_SYNC_PATIENCE="0.3")
    assert code == 5
    assert "locked by another program" in said
    assert rig.mutations == 0
