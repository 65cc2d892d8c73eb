"""R15: a Stash that is restarted in the middle of a run, at any request, for a second or for minutes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from stash.embedded import EmbeddedStash
from stash.errors import RetriableError
from stash.transport.graphql import GraphQLTransport, TransportConfig
from tests.faults.sizes import size

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.clock import Clock
    from tests.faults.rig import Dumped, Rig

    type MakeRig = Callable[..., Rig]


class Outage(httpx.AsyncBaseTransport):
    """At a request the server ends, with that request or after it, and for so many seconds nobody listens."""

    def __init__(self, rig: Rig, clock: Clock, at: int, *, seconds: float, is_done: bool) -> None:
        self.rig, self.clock, self.at, self.seconds, self.is_done = rig, clock, at, seconds, is_done
        self.requests = 0
        self.until = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, as long as there is a server."""
        self.requests += 1
        if self.requests == self.at:
            if self.is_done:
                await self.rig.transport.handle_async_request(request)
            self.until = self.clock.monotonic() + self.seconds
            self.restart()
            raise httpx.ReadError("the server ended", request=request)
        if self.clock.monotonic() < self.until:
            raise httpx.ConnectError("nobody listens", request=request)
        return await self.rig.transport.handle_async_request(request)

    def restart(self) -> None:
        """Another process on the same state: jobs and their numbers are gone."""
        around, state = self.rig.stash.middleware, self.rig.stash.database.path
        self.rig.stash.close()
        self.rig.stash = EmbeddedStash([self.rig.library], state=state)
        self.rig.stash.middleware += around


@pytest.mark.parametrize("is_done", [False, True], ids=["with the request", "after it"])
@pytest.mark.parametrize("seconds", [1, 30, 120])
async def test_r15_a_restart(
    make_rig: MakeRig, clean: Dumped, clock: Clock, seconds: float, *, is_done: bool
) -> None:
    """Down for a second or two minutes: the run ends by itself, with 0, within 30 seconds after, as without."""
    failures = []
    for number in range(2, clean.requests, size("OUTAGE_STEP", 24)):
        rig = make_rig()
        before = clock.waited
        outage = Outage(rig, clock, number, seconds=seconds, is_done=is_done)
        outcome = await rig.run(over=outage, patience=300)
        waited, differences = clock.waited - before, clean.differences(await rig.dumped())
        if outcome.exit_code != 0 or differences or waited > seconds + 30:
            failures.append(
                f"{number}: {outcome.exit_code} ({outcome.error}) after {waited:.0f} s\n{differences}"
            )
        rig.stash.close()
    assert not failures, f"{len(failures)}\n" + "\n".join(failures)


async def test_r15_longer_than_the_patience(make_rig: MakeRig, clean: Dumped, clock: Clock) -> None:
    """Down for longer than the run waits: 5, and the next run ends as without."""
    failures = []
    for number in range(2, clean.requests, size("OUTAGE_STEP", 24)):
        rig = make_rig()
        before = clock.waited
        outcome = await rig.run(over=Outage(rig, clock, number, seconds=1e6, is_done=False), patience=60)
        waited = clock.waited - before
        second = await rig.run()
        differences = clean.differences(await rig.dumped())
        if outcome.exit_code != 5 or second.exit_code != 0 or differences or waited > 70:
            failures.append(
                f"{number}: {outcome.exit_code} ({outcome.error}) after {waited:.0f} s\n{differences}"
            )
        rig.stash.close()
    assert not failures, f"{len(failures)}\n" + "\n".join(failures)


async def test_r15_an_outage_is_over_some_time(clock: Clock) -> None:
    """What waits side by side gives up together; a failure long after is the beginning of another outage."""
    failures = [99]

    async def answer(request: httpx.Request) -> httpx.Response:
        failures[0] -= 1
        if failures[0] >= 0:
            raise httpx.ConnectError("nobody listens", request=request)
        return httpx.Response(200, json={"data": {}})

    door = GraphQLTransport(
        TransportConfig("http://stash.test", patience=60, transport=httpx.MockTransport(answer))
    )
    asked = [asyncio.create_task(door.query("{ version { version } }")) for _ in range(3)]
    assert [type(one) for one in await asyncio.gather(*asked, return_exceptions=True)] == [RetriableError] * 3
    assert clock.waited < 70
    with pytest.raises(RetriableError):
        await door.query("{ version { version } }")
    assert clock.waited < 70
    clock.waited += 300
    failures[0] = 2
    assert (await door.query("{ version { version } }")).data == {}
    await door.close()
