"""R11: two hosts without a common lock sync the same source into one Stash at once.

A gallery has no unique name in Stash: where both look for one before either has made it, both make it. So of galleries
this shows only that none is missing; docs/promises.md says so.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from typing import TYPE_CHECKING, Any

from tests.faults.rig import Rig
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


def but_galleries(dump: str) -> dict[str, list[dict[str, object]]]:
    """What a Stash has, galleries and links to them apart."""
    entities = {kind: found for kind, found in json.loads(dump).items() if kind != "Gallery"}
    return {kind: [one | {"galleries": None} for one in found] for kind, found in entities.items()}


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
        database = one.database.with_name("other.sqlite")
        shutil.copyfile(one.database, database)
        other = Rig(one.library, one.downloads, database, one.stash)
        ends = await at_once(one, other, random.Random(seed))
        for rig in (one, other, one, other):
            assert (await rig.run()).exit_code == 0
        dump = await one.server_dump()
        doubled = [name for name in dump.duplicates() if not name.startswith("Gallery ")]
        codes = {gallery["code"] for gallery in json.loads(clean.server)["Gallery"]}
        is_same = but_galleries(dump.text()) == but_galleries(clean.server)
        if any(code for code, _, _ in ends) or doubled or dump.codes("Gallery") != codes or not is_same:
            failures.append(f"seed {seed}: {[(code, said[-300:]) for code, _, said in ends]} {doubled}")
        one.asked.clear()
        for rig in (one, other):
            assert (await rig.run()).exit_code == 0
        if one.mutations:
            failures.append(f"seed {seed}: {one.mutations} mutations later on")
        one.stash.close()
    assert not failures, "\n".join(failures)
