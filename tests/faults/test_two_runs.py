"""R10: two runs at once on one host: the second ends at once and does nothing; the lock dies with its process."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from metadata.ingest import ingest_paths
from metadata.making import open_or_make
from stash.source.database import Database
from tests.faults.sizes import SEED, size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from stash.embedded.service import Call
    from tests.faults.rig import Dumped, Rig, Template

    type MakeRig = Callable[..., Rig]

HEAVY = ("stash_graphql_client", "sqlalchemy", "alembic", "httpx", "gql", "stash.sync")
"""What is slow to import."""

NEEDED = {"sqlite": frozenset[str](), "postgresql": frozenset({"sqlalchemy"})}
"""What of it the lock itself needs."""


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Either kind of database."""
    return str(request.param)


async def address_of(rig: Rig, kind: str, template: Template, request: pytest.FixtureRequest) -> str:
    """The address of the rig's world in a database of a kind."""
    if kind == "sqlite":
        return str(rig.database)
    url = request.getfixturevalue("postgres_database")("")
    async with await open_or_make(url) as database:
        assert not (await ingest_paths(database, [template.library.parent / "payloads"])).failures
    return str(url)


async def runs_in(address: str) -> int:
    """How many runs a database remembers."""
    async with await Database.open(address, read_only=True) as database, database.connect() as connection:
        if not database.has_table("sync_run"):
            return 0
        return int((await connection.execute(text("SELECT count(*) FROM sync_run"))).scalar_one())


async def length_of_a_run(rig: Rig) -> int:
    """How many requests the command makes, which writes other batches than the runs within this process."""
    async with rig.served() as url:
        code, _, said = await rig.command(url)
    assert code == 0, said
    rig.stash.close()
    return len(rig.asked)


@asynccontextmanager
async def holding(rig: Rig, url: str, address: str, number: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A run of the command that is at work: its `number`-th request is not answered until the block ends."""
    is_reached, may_go_on = asyncio.Event(), asyncio.Event()
    count = 0

    async def around(_call: Call, proceed: Callable[[], Any]) -> Any:
        nonlocal count
        count += 1
        if count == number:
            is_reached.set()
            async with asyncio.timeout(60):
                await may_go_on.wait()
        return await proceed()

    rig.stash.middleware.append(around)
    process = await rig.start(url, STASH_SYNC_DATABASE_URL=address)
    try:
        async with asyncio.timeout(60):
            await is_reached.wait()
        yield process
    finally:
        may_go_on.set()
        if process.returncode is None:
            process.kill()
        await process.communicate()
        rig.stash.middleware.pop()


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, list[object]]]:
    """An address, and who connected to it."""
    came: list[object] = []

    def note(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer)
        writer.close()

    server = await asyncio.start_server(note, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", came


async def test_r10_the_second_run_ends_at_once(
    make_rig: MakeRig, template: Template, kind: str, request: pytest.FixtureRequest
) -> None:
    """While a run is at work, wherever it is, another exits with 11: no connection, no row, nothing slow imported."""
    dice, length = random.Random(SEED), await length_of_a_run(make_rig())
    for _ in range(size("STARTS", 1)):
        rig = make_rig()
        address = await address_of(rig, kind, template, request)
        async with (
            rig.served() as held_url,
            holding(rig, held_url, address, dice.randint(1, length)) as process,
            listening() as (url, came),
        ):
            before = await runs_in(address)
            for arguments in (("sync", "--json"), ("run", "--json")):
                code, out, said = await rig.command(
                    url, *arguments, STASH_SYNC_DATABASE_URL=address, PYTHONPROFILEIMPORTTIME="1"
                )
                assert code == 11, out
                assert "Another run of stash-sync is at work on" in out
                imported = {line.rpartition("|")[2].strip() for line in said.splitlines()}
                assert imported & set(HEAVY) == NEEDED[kind]
            assert came == []
            assert await runs_in(address) == before
            assert process.returncode is None
        rig.stash.close()


async def test_r10_a_killed_run_leaves_no_lock(
    make_rig: MakeRig, template: Template, clean: Dumped, kind: str, request: pytest.FixtureRequest
) -> None:
    """After SIGKILL of the run that held it the lock is free, and the very next run ends as if nothing had been."""
    dice, length = random.Random(SEED), await length_of_a_run(make_rig())
    for _ in range(size("STARTS", 1)):
        rig = make_rig()
        address = await address_of(rig, kind, template, request)
        async with rig.served() as url:
            async with holding(rig, url, address, dice.randint(1, length)) as process:
                process.kill()
                await process.communicate()
            code, _, said = await rig.command(url, STASH_SYNC_DATABASE_URL=address)
        assert code == 0, said
        if kind == "sqlite":
            assert clean.differences(await rig.dumped()) == ""
        assert (await rig.server_dump()).text() == clean.server
        rig.stash.close()
