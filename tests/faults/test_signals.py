"""R21: a run that is interrupted or terminated ends soon, says so, and can be resumed."""

from __future__ import annotations

import asyncio
import random
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.sizes import SEED, size

if TYPE_CHECKING:
    from collections.abc import Callable

    from stash.embedded.service import Call
    from tests.faults.rig import Dumped, Rig

    type MakeRig = Callable[..., Rig]


async def signalled(rig: Rig, url: str, number: int, sent: signal.Signals) -> tuple[int, str]:
    """Run the command and signal it when it sends its `number`-th request; answers its exit code and what it said."""
    process: asyncio.subprocess.Process | None = None
    count = 0

    async def around(_call: Call, proceed: Callable[[], Any]) -> Any:
        nonlocal count
        count += 1
        if count == number and process is not None and process.returncode is None:
            process.send_signal(sent)
        return await proceed()

    rig.stash.middleware.append(around)
    process = await rig.start(url)
    async with asyncio.timeout(60):
        _, err = await process.communicate()
    rig.stash.middleware.pop()
    assert count >= number, "it ended before that request"
    assert process.returncode is not None
    return process.returncode, err.decode()


@pytest.mark.parametrize(("sent", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_r21_signals(make_rig: MakeRig, clean: Dumped, sent: signal.Signals, expected: int) -> None:
    """SIGINT and SIGTERM at any request: 130 and 143, a sentence, and the next run ends as without."""
    dice, failures = random.Random(SEED), []
    rig = make_rig()
    async with rig.served() as url:
        await rig.command(url)
    requests = len(rig.asked)
    for _ in range(size("SIGNALS", 1)):
        number = dice.randint(1, requests - 1)
        rig = make_rig()
        async with rig.served() as url:
            code, said = await signalled(rig, url, number, sent)
            again, _, error = await rig.command(url)
        differences = clean.differences(await rig.dumped())
        if code != expected or "run again" not in said or again != 0 or differences:
            failures.append(f"{sent.name} at {number}: exit {code}, then {again}\n{said}{error}{differences}")
        rig.stash.close()
    assert not failures, "\n".join(failures)
