"""R19: API keys that are wrong, missing or revoked; and nowhere is a key to be seen."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.responses import RedirectResponse, Response

from stash.embedded import Reply
from tests.faults.sizes import ONE_BATCH, USUAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stash.embedded.service import Call
    from tests.faults.rig import Dumped, Rig

    type MakeRig = Callable[..., Rig]

KEY = "eyJhbGciOi-the-right-key"
OTHER = "eyJhbGciOi-another-key"


def counting(rig: Rig) -> list[httpx.Request]:
    """Every HTTP request to a server, those that it refuses included."""
    sent: list[httpx.Request] = []
    inner = httpx.ASGITransport(app=rig.stash.app)

    class Counting(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return await inner.handle_async_request(request)

    rig.__class__ = type("Counted", (type(rig),), {"transport": Counting()})
    return sent


def tables(rig: Rig) -> bytes:
    """The database, byte for byte."""
    return rig.database.read_bytes()


def files_below(folder: Path) -> list[Path]:
    """Every file in a folder and those below."""
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("given", [OTHER, None], ids=["wrong", "missing"])
async def test_r19_refused_at_once(
    make_rig: MakeRig, caplog: pytest.LogCaptureFixture, given: str | None
) -> None:
    """One request, no retry, no mutation, no row, exit 12; and the key is in no log and no error."""
    caplog.set_level(logging.DEBUG)
    rig = make_rig(api_key=KEY)
    sent, before = counting(rig), tables(rig)
    outcome = await rig.run(api_key=given)
    assert outcome.exit_code == 12, outcome
    assert len(sent) == 1
    assert tables(rig) == before
    for key in (KEY, OTHER):
        assert key not in caplog.text
        assert key not in f"{outcome.error!r} {outcome.error}"


REFUSALS = {
    "401": lambda: Response(status_code=401),
    "403": lambda: Response(status_code=403),
    "login": lambda: RedirectResponse("/login?returnURL=%2Fgraphql", status_code=302),
    "graphql": lambda: Reply(errors=[{"message": "not authorized"}]),
}


@pytest.mark.parametrize("how", list(REFUSALS))
async def test_r19_each_way_of_refusing(rig: Rig, how: str) -> None:
    """401, 403, the way to the login page and an error of GraphQL all mean the key, and are not retried."""

    async def around(_call: Call, _proceed: Callable[[], Any]) -> Any:
        return REFUSALS[how]()

    rig.stash.middleware.append(around)
    before = tables(rig)
    outcome = await rig.run(api_key=OTHER)
    assert outcome.exit_code == 12, outcome
    assert len(rig.asked) == 1
    assert tables(rig) == before


@pytest.mark.parametrize("field", ["findTags", "galleryCreate", "imagesUpdate", "addGalleryImages"])
async def test_r19_revoked_in_the_middle(make_rig: MakeRig, clean: Dumped, field: str) -> None:
    """A key that is revoked during the run ends it with 12: nothing is sent but what was under way."""
    rig = make_rig(api_key=KEY)
    sent = counting(rig)
    revoked_at = 0

    async def around(call: Call, proceed: Callable[[], Any]) -> Any:
        nonlocal revoked_at
        if field in call.fields and not revoked_at:
            rig.stash.api_key, revoked_at = OTHER, len(sent)
        return await proceed()

    rig.stash.middleware.append(around)
    outcome = await rig.run(api_key=KEY)
    assert outcome.exit_code == 12, outcome
    assert revoked_at
    under_way = 1
    if field == "findTags":
        under_way = 3
    elif USUAL < ONE_BATCH:
        under_way = 2  # writes, where batches overlap
    assert 1 <= len(sent) - revoked_at <= under_way
    assert (await rig.run(api_key=OTHER)).exit_code == 0
    rig.stash.api_key = None
    assert clean.differences(await rig.dumped()) == ""


async def test_r19_the_key_is_nowhere(make_rig: MakeRig, tmp_path: Path) -> None:
    """The command with its log and its report, well ended and refused: the key is in no output, and in no file."""
    rig = make_rig(api_key=KEY)
    async with rig.served() as url:
        for key, expected in ((KEY, 0), (OTHER, 12)):
            arguments = ("sync", "--json", "--verbose")
            code, out, err = await rig.command(url, *arguments, STASH_API_KEY=key)
            assert code == expected, err
            assert KEY not in out + err
            assert OTHER not in out + err
    for path in files_below(tmp_path):
        assert KEY.encode() not in path.read_bytes(), path
