"""R26: `sync_` tables of the versions before, brought up to date and killed meanwhile; and a Stash that is too old."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import inspect, text

from metadata.ingest import ingest_paths
from metadata.making import open_or_make
from stash.journal import Journal
from stash.journal.models import VERSION
from stash.source.database import Database
from tests.faults.rig import ROOT
from tests.faults.sizes import size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.embedded.service import Call
    from stash.journal import LogEntry
    from tests.faults.rig import Dumped, Rig, Template

LOOKS_GONE = ("DROP TABLE sync_look",)
TIMES_GONE = (
    *LOOKS_GONE,
    "ALTER TABLE sync_run DROP COLUMN stash_time",
    "DROP INDEX sync_entity_updated_at",
    "UPDATE sync_entity SET updated_at = ''",
    "ALTER TABLE sync_entity RENAME COLUMN updated_at TO digest",
)
BATCHES_APART = (
    *TIMES_GONE,
    "ALTER TABLE sync_change RENAME TO sync_change_now",
    "DROP INDEX sync_change_run",
    "DROP INDEX sync_change_planned",
    (
        "CREATE TABLE sync_change (id INTEGER NOT NULL PRIMARY KEY, server_id VARCHAR(32) NOT NULL REFERENCES sync_server "
        "(id) ON DELETE CASCADE, run_id INTEGER NOT NULL REFERENCES sync_run (id) ON DELETE CASCADE, type VARCHAR(32) NOT "
        "NULL, kind VARCHAR(32) NOT NULL, source_id TEXT NOT NULL, action VARCHAR(16) NOT NULL, stash_id VARCHAR(32) NOT "
        "NULL, state VARCHAR(16) NOT NULL, message TEXT NOT NULL, content TEXT NOT NULL)"
    ),
    "CREATE INDEX sync_change_run ON sync_change (run_id)",
    "CREATE INDEX sync_change_planned ON sync_change (server_id, type, kind, source_id) WHERE state = 'planned'",
)
ONE_OPERATION = text(
    "INSERT INTO sync_change VALUES (:id, :server, :run, :type, :kind, :source, :action, :stash, :state, :said, :content)"
)
PARTS_GONE = (*BATCHES_APART, "DROP TABLE sync_part")
OPERATIONS_GONE = (
    *PARTS_GONE,
    "DROP TABLE sync_change",
    (
        "CREATE TABLE sync_change (id INTEGER NOT NULL PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES sync_run (id) "
        "ON DELETE CASCADE, type VARCHAR(32) NOT NULL, kind VARCHAR(32) NOT NULL, source_id TEXT NOT NULL, "
        'field VARCHAR(64) NOT NULL, "before" TEXT, "after" TEXT, state VARCHAR(16) NOT NULL, why TEXT)'
    ),
    "CREATE INDEX sync_change_run ON sync_change (run_id)",
)
BACK_TO = {
    "0006": LOOKS_GONE,
    "0005": TIMES_GONE,
    "0004": TIMES_GONE,
    "0003": BATCHES_APART,
    "0002": PARTS_GONE,
    "0001": OPERATIONS_GONE,
    "none": (
        *LOOKS_GONE,
        *("DROP TABLE sync_part", "DROP TABLE sync_change", "DROP TABLE sync_entity"),
        *("DROP TABLE sync_run", "DROP TABLE sync_server", "DROP TABLE sync_alembic_version"),
    ),
}
"""What makes a database of today one of an older version, or one that was never synced."""


def tables_in(connection: Connection) -> dict[str, Any]:
    """The columns and indexes of the tables, by name, and of which version they say they are."""
    found = inspect(connection)
    names = [name for name in found.get_table_names() if name.startswith("sync_")]
    described: dict[str, Any] = {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(name)],
            sorted(str(index["name"]) for index in found.get_indexes(name)),
        )
        for name in names
    }
    if "sync_alembic_version" in names:
        version = connection.execute(text("SELECT version_num FROM sync_alembic_version")).scalar()
        rows = connection.execute(text("SELECT count(*) FROM sync_entity")).scalar()
        described |= {"version": version, "entities": rows}
    return described


async def described(address: str) -> dict[str, Any]:
    """Likewise, of a database."""
    async with await Database.open(address) as database, database.connect() as connection:
        return await connection.run_sync(tables_in)


async def put_back(address: str, version: str) -> None:
    """Make a database one of an older version."""
    async with await Database.open(address) as database, database.begin() as connection:
        for statement in BACK_TO[version]:
            await connection.execute(text(statement))
        if BATCHES_APART[-1] in BACK_TO[version]:
            await _take_apart(connection, version)
        if version != "none":
            await connection.execute(text(f"UPDATE sync_alembic_version SET version_num = '{version}'"))


async def _take_apart(connection: AsyncConnection, version: str) -> None:
    """Fill the table of one row an operation, where the version has it, from that of one row a batch."""
    if version in {"0003", "0002"}:
        batches = (await connection.execute(text("SELECT * FROM sync_change_now ORDER BY id"))).all()
        number = count(1)
        for batch in batches:
            became = json.loads(batch.outcomes)
            for place, (name, kind, source, action, _, before, after, why) in enumerate(
                json.loads(batch.content)
            ):
                state, stash, said = became[str(place)]
                row = {
                    "id": next(number),
                    "server": batch.server_id,
                    "run": batch.run_id,
                    "type": name,
                    "kind": kind,
                }
                row |= {"source": source, "action": action, "stash": stash, "state": state, "said": said}
                content = json.dumps({"before": before, "after": after, "why": why})
                await connection.execute(ONE_OPERATION, {**row, "content": content})
    await connection.execute(text("DROP TABLE sync_change_now"))


async def operations(address: str) -> list[LogEntry]:
    """What the first run did, whatever row it is in."""
    async with await Database.open(address) as database:
        return [one._replace(id=None) for one in await (await Journal.open(database)).log.entries(1)]


@asynccontextmanager
async def migrating(address: str) -> AsyncIterator[Callable[[int], Any]]:
    """Opens journals in processes that are killed at a statement; answers whether it was."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.migrating", address),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=pipe,
        stdout=pipe,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    async def is_killed_at(number: int) -> bool:
        process.stdin.write(f"{number}\n".encode())
        async with asyncio.timeout(60):
            return int(await process.stdout.readline()) != 0

    yield is_killed_at
    process.stdin.close()
    await process.wait()


@pytest.fixture(params=["sqlite", "postgresql"])
async def address(request: pytest.FixtureRequest, rig: Rig, template: Template) -> str:
    """The world in a database of either kind, synced."""
    address = str(rig.database)
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres_database")("")
        async with await open_or_make(address) as database:
            assert not (await ingest_paths(database, [template.library.parent / "payloads"])).failures
    assert (await rig.run(database=address)).exit_code == 0
    return address


@pytest.mark.parametrize("version", list(BACK_TO)[:: size("VERSION_STEP", 2)])
async def test_r26_killed_at_every_statement_of_a_migration(
    rig: Rig, clean: Dumped, address: str, version: str
) -> None:
    """The tables are the old ones or the new ones, never between; the next run completes them and changes nothing."""
    new = await described(address)
    did = await operations(address)
    assert new["version"] == VERSION
    await put_back(address, version)
    old = await described(address)
    assert old != new
    killed = 0
    async with migrating(address) as is_killed_at:
        for number in count(1, size("STATEMENT_STEP", 4)):
            if not await is_killed_at(number):
                break
            killed += 1
            found = await described(address)
            assert found in (old, new), number
            if found == new:
                await put_back(address, version)
    assert killed > 1
    if version in {"0003", "0002"}:
        assert len(did) > 100
        assert await operations(address) == did
    made = await described(address)
    assert made == new if version != "none" else made["version"] == VERSION
    await put_back(address, version)
    rig.asked.clear()
    assert (await rig.run(database=address)).exit_code == 0
    assert rig.mutations == 0
    assert (await rig.server_dump()).text() == clean.server
    if version != "none":
        assert await described(address) == new


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"appSchema": 74}, "too old"),
        ({"appSchema": 0}, "too old"),
        ({"status": "SETUP"}, "set up"),
    ],
    ids=str,
)
async def test_r26_a_stash_below_the_floor(rig: Rig, status: dict[str, Any], expected: str) -> None:
    """A Stash that is too old, or not ready, is told by one read: exit 10, no mutation, no byte of the database."""

    async def around(_call: Call, proceed: Callable[[], Any]) -> Any:
        reply = await proceed()
        if reply.data and "systemStatus" in reply.data:
            reply.data["systemStatus"] |= status
        return reply

    rig.stash.middleware.append(around)
    before = rig.database.read_bytes()
    outcome = await rig.run()
    assert outcome.exit_code == 10, outcome
    assert expected in str(outcome.error)
    assert len(rig.asked) == 1
    assert rig.mutations == 0
    assert rig.database.read_bytes() == before
