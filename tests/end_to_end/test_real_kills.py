"""A run against a real Stash that is killed ten times in a row, at random moments, ends as an undisturbed one."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.conftest import Server
from tests.end_to_end.conftest import made_world
from tests.faults.dumps import local_dump, server_dump
from tests.faults.rig import _entities, _rows, compared
from tests.faults.sizes import SEED, size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.dumps import ServerDump

KILLS = 10

DESTROY = {
    "Gallery": "galleryDestroy(input: {ids: $ids})",
    "Image": "imagesDestroy(input: {ids: $ids})",
    "Scene": "scenesDestroy(input: {ids: $ids})",
    "Performer": "performersDestroy(ids: $ids)",
    "Studio": "studiosDestroy(ids: $ids)",
    "Tag": "tagsDestroy(ids: $ids)",
}
"""How all of a type go; of files the rows alone."""


@pytest.fixture
async def real() -> AsyncIterator[Server]:
    """The Stash that STASH_URL names; afterwards it has what it had before."""
    server = Server(os.environ["STASH_URL"], Path(os.environ["STASH_LIBRARY"]))
    before = await dump_of(server)
    yield server
    await clear(server, before)
    shutil.rmtree(server.library / f"{server.prefix}_downloads")


async def dump_of(server: Server) -> ServerDump:
    """How that Stash stands."""
    return await server_dump(server.url, server.library / f"{server.prefix}_downloads")


async def clear(server: Server, before: ServerDump) -> None:
    """Take out whatever was not there before."""
    new = (await dump_of(server)).names.keys() - before.names.keys()
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        for kind, call in DESTROY.items():
            ids = [one for name, one in new if name == kind]
            if ids:
                document = {"query": f"mutation($ids: [ID!]!) {{ {call} }}", "variables": {"ids": ids}}
                assert "errors" not in (await http.post("/graphql", json=document)).json()


async def run(database: Path, downloads: Path, after: float = 0) -> int | None:
    """The command; where so said killed after so many seconds. Answers its exit code, None where it was killed."""
    given = {"STASH_SYNC_DATABASE_URL": str(database), "STASH_SYNC_DOWNLOADS": str(downloads)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stash.cli", "sync", "--json"),
        env=os.environ | given,
        stdout=asyncio.subprocess.DEVNULL,
    )
    if after:
        await asyncio.sleep(after)
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
    code = await process.wait()
    return None if code == -signal.SIGKILL else code


@pytest.mark.real
@pytest.mark.skipif("STASH_URL" not in os.environ, reason="STASH_URL names no Stash that is made for tests")
async def test_killed_ten_times(real: Server, tmp_path: Path) -> None:
    """SIGKILL at ten random moments in a row, then one run: Stash and the database stand as without."""
    world = await made_world(real, tmp_path / "world", creators=2, items=size("REAL_ITEMS", 160))
    before = await dump_of(real)
    database = tmp_path / "undisturbed.sqlite"
    shutil.copyfile(world.database, database)
    began = time.monotonic()
    assert await run(database, world.downloads) == 0
    seconds, clean = time.monotonic() - began, await dump_of(real)
    local = local_dump(database, clean)
    await clear(real, before)
    dice, killed = random.Random(SEED), 0
    while killed < KILLS:
        after = dice.uniform(0.25, 0.95) * seconds
        if await run(world.database, world.downloads, after) is None:
            killed += 1
        else:
            seconds = after  # there was less left to do
    assert await run(world.database, world.downloads) == 0
    now = await dump_of(real)
    assert not now.duplicates()
    assert compared(_entities(clean.text()), _entities(now.text())) == []
    assert compared(_rows(local), _rows(local_dump(world.database, now))) == []
