"""R11: two hosts without a common lock sync the same source into one Stash at once.

A gallery has no unique name in Stash: where both look for one before either has made it, both make it. So of galleries
this shows only that none is missing; docs/promises.md says so.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from typing import TYPE_CHECKING

import httpx

from tests.faults.rig import Rig
from tests.faults.sizes import SEED, size

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.rig import Dumped

    type MakeRig = Callable[..., Rig]


class Dawdling(httpx.AsyncBaseTransport):
    """Lets time pass before requests and before replies, so that two runs meet anywhere."""

    def __init__(self, inner: httpx.AsyncBaseTransport, dice: random.Random) -> None:
        self.inner, self.dice = inner, dice

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on, by and by."""
        await asyncio.sleep(self.dice.choice((0, 0, 0.005, 0.03)))
        response = await self.inner.handle_async_request(request)
        await asyncio.sleep(self.dice.choice((0, 0, 0.005, 0.03)))
        return response


def but_galleries(dump: str) -> dict[str, list[dict[str, object]]]:
    """What a Stash has, galleries and links to them apart."""
    entities = {kind: found for kind, found in json.loads(dump).items() if kind != "Gallery"}
    return {kind: [one | {"galleries": None} for one in found] for kind, found in entities.items()}


async def test_r11_two_hosts(make_rig: MakeRig, clean: Dumped) -> None:
    """However their requests interleave, after two further runs of each all is as after one run; then both are silent."""
    failures = []
    for seed in range(SEED, SEED + size("HOSTS", 4)):
        dice = random.Random(seed)
        one = make_rig()
        database = one.database.with_name("other.sqlite")
        shutil.copyfile(one.database, database)
        other = Rig(one.library, one.downloads, database, one.stash)
        ends = await asyncio.gather(*(rig.run(over=Dawdling(rig.transport, dice)) for rig in (one, other)))
        for rig in (one, other, one, other):
            assert (await rig.run()).exit_code == 0
        dump = await one.server_dump()
        doubled = [name for name in dump.duplicates() if not name.startswith("Gallery ")]
        codes = {gallery["code"] for gallery in json.loads(clean.server)["Gallery"]}
        if (
            doubled
            or dump.codes("Gallery") != codes
            or but_galleries(dump.text()) != but_galleries(clean.server)
        ):
            failures.append(f"seed {seed}: {[end.exit_code for end in ends]}, {doubled}")
        one.asked.clear()
        for rig in (one, other):
            assert (await rig.run()).exit_code == 0
        if one.mutations:
            failures.append(f"seed {seed}: {one.mutations} mutations later on")
        one.stash.close()
    assert not failures, "\n".join(failures)
