"""R11: two hosts without a common lock sync the same source into one Stash at once.

A gallery has no unique name in Stash: where both look for one before either has made it, both make it, and the
younger one gives way.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from typing import TYPE_CHECKING, Any

from tests.faults.rig import Rig, _entities, compared
from tests.faults.sizes import SEED, size

if TYPE_CHECKING:
    from collections.abc import Callable

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
    for seed in range(SEED, SEED + size("HOSTS", 3)):
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


async def test_r11_the_younger_gallery_gives_way(rig: Rig, clean: Dumped) -> None:
    """Galleries that another host has made since this one looked are seen at the end, and used by the next run."""
    other = beside(rig)
    async with rig.served() as url:

        async def whole_run() -> None:
            code, _, said = await rig.command(url, STASH_SYNC_DATABASE_URL=str(other.database))
            assert code == 0, said

        meanwhile(rig, "galleryCreate", whole_run)
        assert (await rig.run()).exit_code == 0
    assert (await rig.server_dump()).duplicates() == []
    for one in (rig, other):
        assert (await one.run()).exit_code == 0
        assert (await rig.server_dump()).text() == clean.server
    rig.asked.clear()
    for one in (rig, other):
        assert (await one.run()).exit_code == 0
    assert rig.mutations == 0


async def test_r11_a_younger_gallery_that_somebody_edited_stays(rig: Rig) -> None:
    """What a user wrote into the younger gallery meanwhile is not lost: then both stay."""
    other = beside(rig)
    async with rig.served() as url:

        async def whole_run() -> None:
            code, _, said = await rig.command(url, STASH_SYNC_DATABASE_URL=str(other.database))
            assert code == 0, said
            meanwhile(rig, "galleryChapterCreate", edit)

        async def edit() -> None:
            rig.stash.database.run(
                "UPDATE gallery SET title = 'mine' WHERE id = (SELECT max(id) FROM gallery)"
            )

        meanwhile(rig, "galleryCreate", whole_run)
        assert (await rig.run()).exit_code == 0
    (doubled,) = (await rig.server_dump()).duplicates()
    assert doubled.startswith("Gallery ")
    titles = [row[0] for row in rig.stash.database.rows("SELECT title FROM gallery")]
    assert titles.count("mine") == 1
