"""R27: the clock and its zone have no say: what was synced in one is the same in every other."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from stash.journal import runs, servers
from stash.sync import SyncOptions
from tests.faults.sizes import size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo

    from tests.faults.rig import Rig

    type MakeRig = Callable[..., Rig]

ZONES = [
    *("UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "Atlantic/Azores", "America/St_Johns"),
    *("America/New_York", "America/Sao_Paulo", "America/Los_Angeles", "Pacific/Honolulu", "Pacific/Apia"),
    *("Pacific/Kiritimati", "Pacific/Chatham", "Australia/Lord_Howe", "Asia/Tokyo", "Asia/Kathmandu"),
    *("Asia/Kolkata", "Asia/Tehran", "Africa/Casablanca", "Antarctica/Troll"),
]
MOMENTS = [
    "2024-02-29 23:59:59",
    "2024-03-31 00:59:59",  # Berlin leaves out the hour after
    "2024-03-31 01:00:00",
    "2024-10-27 00:30:00",  # and has this one twice
    "2024-10-27 01:30:00",
    "2024-11-03 05:30:00",  # likewise New York
    "2024-11-03 06:30:00",
    "2024-12-31 23:59:59.999999",
    "2025-01-01 00:00:00",
    "1970-01-01 00:00:01",
]
"""Where a day or a change of the clock is near in some zone."""

DRY = SyncOptions(dry_run=True, is_full=True)
YEAR = timedelta(days=365)


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets the zone of this process."""

    def move(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def hard_world(make_rig: MakeRig) -> Callable[[], Rig]:
    """Makes worlds whose items are of such moments."""

    def make() -> Rig:
        rig = make_rig()
        with closing(sqlite3.connect(rig.database)) as connection, connection:
            for table in ("posts", "messages", "media_stories"):
                ids = [row[0] for row in connection.execute(f"SELECT id FROM {table} ORDER BY id")]
                rows = [(MOMENTS[number % len(MOMENTS)], one) for number, one in enumerate(ids)]
                connection.executemany(f"UPDATE {table} SET createdAt = ? WHERE id = ?", rows)
        return rig

    return make


def unsettle(rig: Rig) -> None:
    """Have the next run decide everything anew."""
    with closing(sqlite3.connect(rig.database)) as connection, connection:
        assert connection.execute("DELETE FROM sync_part").rowcount > 0


def shifted(by: timedelta) -> type[datetime]:
    """Datetimes of a clock that is wrong."""

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Shifted:
            now = datetime.now(tz) + by
            return cls.fromtimestamp(now.timestamp(), tz)

    return Shifted


async def test_r27_in_every_zone(hard_world: Callable[[], Rig], zone: Callable[[str], None]) -> None:
    """After one run nothing is planned in any of 20 zones, and a fresh run in each ends in the same state."""
    zone("UTC")
    rig = hard_world()
    assert (await rig.run()).exit_code == 0
    clean = await rig.dumped()
    for name in ZONES[:: size("ZONE_STEP", 3)]:
        zone(name)
        assert await planned(rig) == [], name
    for name in ZONES[2 :: size("ZONE_STEP", 3) * 3]:
        zone(name)
        fresh = hard_world()
        assert (await fresh.run()).exit_code == 0
        assert clean.differences(await fresh.dumped()) == "", name
        fresh.stash.close()


async def planned(rig: Rig) -> list[object]:
    """What a dry run plans that decides everything anew."""
    with closing(sqlite3.connect(rig.database)) as connection, connection:
        kept = connection.execute("SELECT * FROM sync_part").fetchall()
        assert connection.execute("DELETE FROM sync_part").rowcount > 0
    found = await rig.run(options=DRY)
    assert found.report is not None, found.error
    with closing(sqlite3.connect(rig.database)) as connection, connection:
        marks = ", ".join("?" * len(kept[0]))
        connection.executemany(f"INSERT INTO sync_part VALUES ({marks})", kept)
    return list(found.report.plan or ())


@pytest.mark.parametrize("by", [YEAR, -YEAR, timedelta(hours=1), -timedelta(hours=1)], ids=str)
async def test_r27_with_a_wrong_clock(
    hard_world: Callable[[], Rig], monkeypatch: pytest.MonkeyPatch, by: timedelta
) -> None:
    """A clock that is a year or an hour ahead or behind the last time plans nothing, sends nothing, keeps the runs."""
    rig = hard_world()
    assert (await rig.run()).exit_code == 0
    clean = await rig.dumped()
    monkeypatch.setattr(runs, "datetime", shifted(by))
    monkeypatch.setattr(servers, "datetime", shifted(by))
    assert await planned(rig) == []
    rig.asked.clear()
    unsettle(rig)
    for _ in range(2):
        assert (await rig.run(keep_runs=2)).exit_code == 0
    assert rig.mutations == 0
    assert clean.differences(await rig.dumped()) == ""
    with closing(sqlite3.connect(rig.database)) as connection:
        began = "SELECT started_at FROM sync_run ORDER BY id"
        first, *others = [datetime.fromisoformat(row[0]) for row in connection.execute(began)]
    assert len(others) == 2
    assert all(abs(other - first - by) < timedelta(minutes=10) for other in others)
