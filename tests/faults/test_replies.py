"""R14: whatever comes back instead of a reply, it is recognised, and nothing is written because of it."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stash.errors import SyncError
from tests.faults.dials import Fault, Faults
from tests.faults.rig import URL
from tests.faults.sizes import SEED, size

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.rig import Dumped, Rig

    type MakeRig = Callable[..., Rig]

NO_TYPES = b'{"data": {"systemStatus": {"appSchema": 75}, "configuration": {"general": 5}}}'
"""A first reply that begins well."""

WRONG: tuple[Any, ...] = ({"x": 1}, [1, [2]], "\ud83d nonsense \x00", -1, True, 1e300)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a reply."""
    found = [path] if path else []
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return found + [place for name, child in children for place in places(child, (*path, name))]


def damaged(reply: Any, dice: random.Random) -> Any:
    """A reply with one part missing, added, or of the wrong type."""
    path = dice.choice(places(reply))
    parent = reply
    for name in path[:-1]:
        parent = parent[name]
    how = dice.choice(("missing", "added", "wrong"))
    if how == "missing":
        del parent[path[-1]]
    elif how == "added" and isinstance(parent, dict):
        parent[f"{path[-1]}_more"] = dice.choice(WRONG)
    else:
        # Any type but its own: another text or number may be the truth.
        other = [wrong for wrong in WRONG if type(wrong) is not type(parent[path[-1]])]
        parent[path[-1]] = dice.choice(other)
    return reply


class DamagingTransport(httpx.AsyncBaseTransport):
    """Damages the reply to one request."""

    def __init__(self, inner: httpx.AsyncBaseTransport, at: int, dice: random.Random) -> None:
        self._inner, self._at, self._dice = inner, at, dice
        self._count = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, perhaps damage what comes back."""
        response = await self._inner.handle_async_request(request)
        self._count += 1
        if self._count != self._at:
            return response
        reply = damaged(json.loads(await response.aread()), self._dice)
        return httpx.Response(200, content=json.dumps(reply).encode(), request=request)


async def test_r14_damaged_replies(make_rig: MakeRig, clean: Dumped, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply with missing, additional or mistyped parts ends as an error of ours or does no harm; then all is well."""
    failures = []
    for seed in range(SEED, SEED + size("REPLIES", 15)):
        dice = random.Random(seed)
        rig = make_rig()
        at = dice.randint(1, clean.requests)
        transport = DamagingTransport(rig.transport, at, dice)
        monkeypatch.setattr(type(rig), "transport", transport)
        first = await rig.run(patience=0.5)
        monkeypatch.undo()
        second = await rig.run()
        differences = clean.differences(await rig.dumped())
        is_ours = first.error is None or isinstance(first.error, SyncError)
        if not is_ours or second.exit_code != 0 or differences:
            failures.append(
                f"seed {seed}, reply {at}: {first.error!r:.200}, then exit {second.exit_code}\n{differences}"
            )
        rig.stash.close()
    assert not failures, f"{len(failures)}\n" + "\n".join(failures)


@pytest.mark.parametrize("kind", ["truncated", "html", "null", "typename", "slow"])
async def test_r14_replies_that_are_none(make_rig: MakeRig, clean: Dumped, kind: str) -> None:
    """Half a reply, a page, no data, wrong types and a slow reply at every few requests: the same."""
    failures = []
    for number in range(1, clean.requests + 1, size("SWEEP_STEP", 8)):
        rig = make_rig()
        first = await rig.run(Faults([Fault(number, kind, "after")]), patience=2)
        second = await rig.run()
        differences = clean.differences(await rig.dumped())
        is_ours = first.error is None or isinstance(first.error, SyncError)
        if not is_ours or second.exit_code != 0 or differences:
            failures.append(
                f"{kind} {number}: {first.error!r:.200}, then exit {second.exit_code}\n{differences}"
            )
        rig.stash.close()
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"data": []}',
        b'{"data": {"systemStatus": 5}}',
        b"\xff\xfe",
        NO_TYPES,
    ],
)
async def test_what_is_no_stash_is_not_written_to(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, reply: bytes
) -> None:
    """Where the first reply is none of a Stash the run ends with 10, and nothing was sent but a read."""
    before = await rig.dumped()
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=reply)

    monkeypatch.setattr(type(rig), "transport", httpx.MockTransport(answer))
    outcome = await rig.run(patience=1)
    monkeypatch.undo()
    assert outcome.exit_code == 10, outcome
    assert len(asked) == 1
    assert str(asked[0].url).startswith(URL)
    assert before.differences(await rig.dumped()) == ""
