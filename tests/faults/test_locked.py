"""R18: a database that another program has locked, from the start or in the middle of a run: the metadata's or Stash's."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from stash.settings import Settings
from stash.source.errors import DatabaseBusyError
from stash.sync import SyncOptions
from stash.undo.session import undo
from tests.faults.dials import Fault, Faults, FaultyTransport
from tests.faults.rig import URL
from tests.faults.sizes import size
from tests.faults.test_transient import asks_for
from tests.mapping.conftest import little_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from stash.embedded.service import Call
    from tests.faults.rig import Dumped, Rig

    type MakeRig = Callable[..., Rig]


def locking(rig: Rig, other: sqlite3.Connection, field: str, seconds: float) -> None:
    """When the server is first asked for a field, another program locks the database, for so long."""
    is_done = False

    async def around(call: Call, proceed: Callable[[], Any]) -> Any:
        nonlocal is_done
        if not is_done and field in call.fields:
            is_done = True
            while not other.in_transaction:  # until nobody else writes
                with suppress(sqlite3.OperationalError):
                    other.execute("BEGIN IMMEDIATE")
                await asyncio.sleep(0)
            if seconds:
                asyncio.get_running_loop().call_later(seconds, other.rollback)
        return await proceed()

    rig.stash.middleware.append(around)


MOMENTS = ["systemStatus", "findTags", "galleryCreate", "imagesUpdate", "setGalleryCover"]


@pytest.mark.parametrize("field", MOMENTS)
async def test_r18_locked_for_good(rig: Rig, clean: Dumped, field: str) -> None:
    """Past the busy timeout the run ends with 5, whatever it had done; then one more run ends as without."""
    with closing(sqlite3.connect(rig.database, isolation_level=None, timeout=0)) as other:
        locking(rig, other, field, 0)
        outcome = await rig.run(patience=0.3)
        assert outcome.exit_code == 5, outcome
    rig.stash.middleware.pop()
    assert (await rig.run()).exit_code == 0
    assert clean.differences(await rig.dumped()) == ""


@pytest.mark.parametrize("field", MOMENTS)
async def test_r18_locked_for_a_moment(rig: Rig, clean: Dumped, field: str) -> None:
    """A lock that goes within the busy timeout is waited for, and nothing is lost."""
    with closing(sqlite3.connect(rig.database, isolation_level=None, timeout=0)) as other:
        locking(rig, other, field, 0.3)
        assert (await rig.run()).exit_code == 0
    assert clean.differences(await rig.dumped()) == ""


async def test_r18_a_state_of_its_own_that_is_locked() -> None:
    """Where what is remembered is kept elsewhere, that database is waited for as long as the metadata's."""
    with little_case() as case:
        case.post(anna := case.rows.account(username="anna"), case.picture(anna))
        await case.save()
        settings = case.settings(state=str(case.folder / "state.sqlite"), patience=0.3)
        await case.run(settings)
        with closing(sqlite3.connect(str(settings.state), isolation_level=None, timeout=0)) as other:
            other.execute("BEGIN EXCLUSIVE")
            for is_dry in (True, False):
                with pytest.raises(DatabaseBusyError, match=r"state\.sqlite is locked by another program"):
                    async with asyncio.timeout(8):
                        await case.run(settings, dry_run=is_dry)


async def test_r18_the_command_says_so(rig: Rig) -> None:
    """The command itself exits with 5 and one sentence; the server was not written to."""
    with closing(sqlite3.connect(rig.database, isolation_level=None, timeout=0)) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with rig.served() as url:
            code, _, said = await rig.command(url, STASH_SYNC_PATIENCE="0.3")
    assert code == 5
    assert "locked by another program" in said
    assert rig.mutations == 0


def writes(document: str) -> bool:
    """Whether a request writes."""
    return document.startswith("mutation") and "metadataScan" not in document


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_r18_stash_is_locked_at_any_write(make_rig: MakeRig, clean: Dumped, moment: str) -> None:
    """Where Stash's own database is locked at a write, or at its reply, that is sent again at once, and nothing twice."""
    for number in count(1, size("SWEEP_STEP", 4)):
        rig = make_rig()
        dial = Faults([Fault(number + more, "locked", moment, writes) for more in (0, 1)])
        outcome = await rig.run(dial)
        assert outcome.exit_code == 0, (number, outcome)
        assert clean.differences(await rig.dumped()) == "", number
        rig.stash.close()
        if not dial.met:
            break
    assert number > 5


async def test_r18_stash_stays_locked(rig: Rig, clean: Dumped) -> None:
    """Past the patience the run ends with 5, and the next one ends as without."""
    locked = Faults([Fault(at, "locked", "before", asks_for("galleryCreate")) for at in range(1, 50)])
    outcome = await rig.run(locked, patience=0.3)
    assert outcome.exit_code == 5, outcome
    assert "stayed locked" in str(outcome.error)
    assert (await rig.run()).exit_code == 0
    assert clean.differences(await rig.dumped()) == ""


async def test_r18_stash_is_locked_while_a_run_is_taken_back(rig: Rig) -> None:
    """What is taken out of Stash is sent again likewise."""
    assert (await rig.run()).exit_code == 0
    locked = Faults([Fault(at, "locked", "before", asks_for(r"\w+Destroy")) for at in (1, 2, 3)])
    settings = Settings(url=URL, database=str(rig.database), downloads=rig.downloads, patience=20)
    _, report = await undo(settings, "last", SyncOptions(), transport=FaultyTransport(rig.transport, locked))
    assert len(locked.met) == 3
    assert report.exit_code == 0
    assert not (await rig.server_dump()).codes("Gallery")
