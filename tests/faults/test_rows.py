"""R12: malformed rows, through the whole way: each is named, once, and costs nobody else anything."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from stash.demo import files
from stash.embedded import EmbeddedStash
from tests.faults.dumps import server_dump
from tests.faults.rig import URL, Rig
from tests.faults.sizes import size
from tests.metadata.malformed import CREATOR, KINDS, Kind, number_of, read, world, write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

COUNT = 8
SPOILT = 3
"""Which of so many items is the bad one."""


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the items."""
    folder = tmp_path_factory.mktemp("rows") / "downloads"
    place = folder / "anna_fansly" / "Timeline" / "Pictures"
    place.mkdir(parents=True)
    for media in world(COUNT)["media"]:
        (place / media["local_filename"]).write_bytes(files.jpeg(str(media["id"])))
    return folder


@pytest.fixture(scope="session")
def expected(downloads: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What Stash has of the other items where no row is bad."""
    database = tmp_path_factory.mktemp("sound") / "metadata.sqlite"
    write(database, world(COUNT))

    async def synced() -> dict[str, str]:
        with EmbeddedStash([downloads]) as stash:
            sound = Rig(downloads, downloads, database, stash)
            assert (await sound.run()).exit_code == 0
            return await good_ones(sound)

    found = asyncio.run(synced())
    assert len(found) == 6 * (COUNT - 1)
    return found


@pytest.fixture
async def rig(tmp_path: Path, downloads: Path) -> AsyncIterator[Rig]:
    """A Stash with nothing in it."""
    with EmbeddedStash([downloads]) as stash:
        yield Rig(downloads, downloads, tmp_path / "metadata.sqlite", stash)


def spoilt(kind: Kind) -> dict[str, list[dict[str, object]]]:
    """The rows, one of them with that value."""
    rows = world(COUNT)
    of_it = [
        row for row in rows[kind.table] if row.get("id") != CREATOR and number_of(kind.table, row) == SPOILT
    ]
    of_it[0][kind.column] = kind.value
    return rows


async def good_ones(rig: Rig) -> dict[str, str]:
    """What Stash has of the other items, by gallery or file."""
    dump = await server_dump(URL, rig.library, rig.transport)
    found = {str(one["code"]): str(one) for one in dump.entities["Gallery"]}
    found |= {str(one["files"]): str(one) for one in dump.entities["Image"]}
    return {
        key: one
        for key, one in found.items()
        if not key.strip("[]'").removesuffix(".jpg").endswith(f"00{SPOILT}")
    }


@pytest.mark.parametrize(
    "kind",
    KINDS[:: size("KIND_STEP", 4)],
    ids=lambda kind: f"{kind.table}.{kind.column}={str(kind.value)[:12]}",
)
async def test_r12_a_malformed_row(
    rig: Rig, expected: dict[str, str], caplog: pytest.LogCaptureFixture, kind: Kind
) -> None:
    """The report names it once with table, key and reason, and the run ends with 3; the other items are as ever."""
    caplog.set_level(logging.ERROR)
    write(rig.database, spoilt(kind))
    _, problems = await read(rig.database)
    outcome = await rig.run()
    assert outcome.report is not None, outcome.error
    skipped = [(one.kind, one.id, one.reason) for one in outcome.report.skipped]
    rows = [(table, key) for table, key, _ in skipped]
    assert {(one.table, one.key): rows.count((one.table, one.key)) for one in problems} == {
        (one.table, one.key): 1 for one in problems
    }
    assert kind.named is None or kind.named in {table for table, _, _ in skipped}
    is_bad = any(one.is_malformed for one in problems) or any(
        one.is_failure for one in outcome.report.unmatched
    )
    assert outcome.exit_code == (3 if is_bad else 0)
    assert not [reason for _, _, reason in skipped if "please report" in reason]
    assert not [record for record in caplog.records if record.exc_info]
    assert await good_ones(rig) == expected
