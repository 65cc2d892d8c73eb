"""R11: two hosts without a common lock sync the same source into one Stash at once.

A gallery has no unique name in Stash: where both look for one before either has made it, both make it, and the
younger one gives way.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from stash.errors import DamagedReplyError, RetriableError
from stash.processing import duplicates, schedule
from stash.processing.duplicates import REASON_DUPLICATE
from tests.faults.rig import Rig, _entities, compared
from tests.faults.sizes import ONE_BATCH, SEED, size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import pytest

    from stash.embedded.service import Call
    from tests.faults.rig import Dumped

    type MakeRig = Callable[..., Rig]


def dawdling(dice: random.Random) -> Callable[..., Any]:
    """Has two runs begin together, and lets time pass before requests and before replies, so that they meet anywhere."""
    both = asyncio.Barrier(2)

    async def around(call: Call, proceed: Callable[[], Any]) -> Any:
        if "systemStatus" in call.fields:
            async with asyncio.timeout(60):
                await both.wait()
        await asyncio.sleep(dice.choice((0, 0, 0.01, 0.05)))
        reply = await proceed()
        await asyncio.sleep(dice.choice((0, 0, 0.01, 0.05)))
        return reply

    return around


def beside(rig: Rig) -> Rig:
    """Another host's database of the same source, before anything was synced, on the same Stash."""
    database = rig.database.with_name("other.sqlite")
    shutil.copyfile(rig.database, database)
    return Rig(rig.library, rig.downloads, database, rig.stash)


async def at_once(one: Rig, other: Rig, dice: random.Random) -> list[tuple[int, str, str]]:
    """Two runs, each a process of its own."""
    around = dawdling(dice)
    one.stash.middleware.append(around)
    async with one.served() as url:
        ends = await asyncio.gather(
            *(rig.command(url, STASH_SYNC_DATABASE_URL=str(rig.database)) for rig in (one, other))
        )
    one.stash.middleware.remove(around)
    return list(ends)


async def test_r11_two_hosts(make_rig: MakeRig, clean: Dumped) -> None:
    """However their requests interleave, both end well, and after two further runs of each all is as after one."""
    failures = []
    for seed in range(SEED, SEED + size("HOSTS", 2)):
        one = make_rig()
        other = beside(one)
        ends = await at_once(one, other, random.Random(seed))
        for rig in (one, other, one, other):
            assert (await rig.run()).exit_code == 0
        differences = compared(_entities(clean.server), _entities((await one.server_dump()).text()))
        if any(code for code, _, _ in ends) or differences:
            failures.append(
                f"seed {seed}: {[(code, said[-300:]) for code, _, said in ends]} {differences[:4]}"
            )
        one.asked.clear()
        for rig in (one, other):
            assert (await rig.run()).exit_code == 0
        if one.mutations:
            failures.append(f"seed {seed}: {one.mutations} mutations later on")
        one.stash.close()
    assert not failures, "\n".join(failures)


def meanwhile(rig: Rig, name: str, work: Callable[[], Any]) -> None:
    """Has something else be done once, before the server does the first request for a root field."""
    is_done = False

    async def around(call: Call, proceed: Callable[[], Any]) -> Any:
        nonlocal is_done
        if name in call.fields and not is_done:
            is_done = True
            await work()
        return await proceed()

    rig.stash.middleware.append(around)


@asynccontextmanager
async def overtaken(rig: Rig, then: Callable[[], Any] | None = None) -> AsyncIterator[Rig]:
    """While it lasts the next run is overtaken: just before its first gallery another host does a whole run.

    `then` is done once it has galleries too.
    """
    other = beside(rig)
    async with rig.served() as url:

        async def whole_run() -> None:
            code, _, said = await rig.command(url, STASH_SYNC_DATABASE_URL=str(other.database))
            assert code == 0, said
            if then is not None:
                meanwhile(rig, "setGalleryCover", then)

        meanwhile(rig, "galleryCreate", whole_run)
        yield other


async def converged(rig: Rig, other: Rig, clean: Dumped) -> bool:
    """Whether the next run of each ends as one host's alone would have, and the one after that has nothing to do."""
    for one in (rig, other):
        assert (await one.run()).exit_code == 0
    is_same = (await rig.server_dump()).text() == clean.server
    rig.asked.clear()
    for one in (rig, other):
        assert (await one.run()).exit_code == 0
    return is_same and rig.mutations == 0


async def test_r11_the_younger_gallery_gives_way(rig: Rig, clean: Dumped) -> None:
    """Galleries that another host has made since this one looked are seen at the end, and used by the next run."""
    async with overtaken(rig) as other:
        outcome = await rig.run()
    assert outcome.exit_code == 0
    assert outcome.report is not None
    assert {one.reason for one in outcome.report.skipped} >= {REASON_DUPLICATE.format("gallery")}
    assert (await rig.server_dump()).duplicates() == []
    assert await converged(rig, other, clean)


async def test_only_who_was_overtaken_asks_after_duplicates(rig: Rig) -> None:
    """Where the ids of new galleries leave no gap, nobody else made any, and nothing is asked; else one question is."""
    asked: list[Any] = []

    async def around(call: Call, proceed: Callable[[], Any]) -> Any:
        asked.extend(value for value in call.variables.values() if "value2" in str(value))
        return await proceed()

    rig.stash.middleware.append(around)
    async with overtaken(rig):
        asked.clear()
        assert (await rig.run()).exit_code == 0
    overtaken_by = [one for one in asked if "'id'" in str(one)]
    assert len(overtaken_by) == 1


async def test_r11_killed_while_it_gives_way(
    rig: Rig, clean: Dumped, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a run ends between taking out its galleries and forgetting them, the next one goes on likewise.

    All of them are younger here, for they are one batch: of chapters in older ones nobody would look for duplicates again.
    """

    def end(*_: object) -> None:
        raise RetriableError("killed")

    monkeypatch.setattr(schedule, "FIRST_BATCH", ONE_BATCH)
    monkeypatch.setattr(duplicates, "Baseline", end)
    async with overtaken(rig) as other:
        assert (await rig.run()).exit_code == 5
    monkeypatch.undo()
    assert (await rig.server_dump()).duplicates() == []
    assert await converged(rig, other, clean)


async def test_r11_a_younger_gallery_that_somebody_edited_stays(rig: Rig) -> None:
    """What a user wrote into the younger gallery meanwhile is not lost: then both stay."""

    async def edit() -> None:
        rig.stash.database.run("UPDATE gallery SET title = 'mine' WHERE id = (SELECT max(id) FROM gallery)")

    async with overtaken(rig, edit):
        assert (await rig.run()).exit_code == 0
    (doubled,) = (await rig.server_dump()).duplicates()
    assert doubled.startswith("Gallery ")
    titles = [row[0] for row in rig.stash.database.rows("SELECT title FROM gallery")]
    assert titles.count("mine") == 1


async def test_r11_a_damaged_reply_is_told(rig: Rig, clean: Dumped, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Stash's answer about such galleries lacks something the run says so, takes out nothing, and is gone on with."""

    async def without_codes(*_: object) -> list[dict[str, str]]:
        return [{"id": "1"}]

    monkeypatch.setattr(duplicates.DuplicateResolver, "_galleries_made_since", without_codes)
    outcome = await rig.run()
    assert outcome.exit_code == 5
    assert isinstance(outcome.error, DamagedReplyError)
    monkeypatch.undo()
    assert (await rig.run()).exit_code == 0
    assert clean.differences(await rig.dumped()) == ""
