"""R17: a disk that is full, or that fails, at every write to the metadata database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.ext.asyncio import create_async_engine

from stash.source import engines
from stash.source.database import Database
from stash.source.errors import DatabaseUnusableError
from tests.faults.sizes import size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.rig import Dumped, Rig

    type MakeRig = Callable[..., Rig]

READS = {"SELECT", "PRAGMA", "BEGIN", "ROLLBACK", "WITH"}
FULL = ("SQLITE_FULL", sqlite3.SQLITE_FULL)
BROKEN = ("SQLITE_IOERR_WRITE", sqlite3.SQLITE_IOERR_WRITE)


class Disk:
    """Counts writes and commits; from the `fatal`-th on they fail, or that one alone, as SQLite would have it."""

    def __init__(self, fatal: int, *, error: tuple[str, int], is_lasting: bool) -> None:
        self.fatal, self.is_lasting = fatal, is_lasting
        self.name, self.code = error
        self.writes = 0

    def write(self) -> None:
        """One more."""
        self.writes += 1
        if self.writes == self.fatal or (self.is_lasting and self.writes > self.fatal):
            error = sqlite3.OperationalError(f"write {self.writes} fails")
            error.sqlite_errorname, error.sqlite_errorcode = self.name, self.code
            raise error

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Have every engine that is made write to this disk."""
        disk = self

        class Cursor(sqlite3.Cursor):
            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                if sql.split(maxsplit=1)[0].upper() not in READS:
                    disk.write()
                return super().execute(sql, *parameters)

            def executemany(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                disk.write()
                return super().executemany(sql, *parameters)

        class Connection(sqlite3.Connection):
            def cursor(self, factory: type[sqlite3.Cursor] = Cursor) -> sqlite3.Cursor:
                return super().cursor(factory)

            def commit(self) -> None:
                if self.in_transaction:
                    disk.write()
                super().commit()

        def make(url: Any, *, connect_args: dict[str, Any], **options: Any) -> Any:
            return create_async_engine(url, connect_args=connect_args | {"factory": Connection}, **options)

        patch.setattr(engines, "create_async_engine", make)


@pytest.mark.parametrize(("error", "is_lasting"), [(FULL, True), (BROKEN, False)], ids=["full", "broken"])
async def test_r17_every_write_fails(
    make_rig: MakeRig,
    clean: Dumped,
    monkeypatch: pytest.MonkeyPatch,
    error: tuple[str, int],
    is_lasting: bool,
) -> None:
    """The first, second, … write or commit fails, as on a full or a broken disk: exit 6, sound, and then as without."""
    failures, failed = [], 0
    for number in count(1, size("DISK_STEP", 13)):
        rig, disk = make_rig(), Disk(number, error=error, is_lasting=is_lasting)
        with monkeypatch.context() as patch:
            disk.install(patch)
            first = await rig.run()
        if disk.writes < number:
            break
        failed += 1
        await rig.dumped()
        second = await rig.run()
        differences = clean.differences(await rig.dumped())
        if first.exit_code != 6 or second.exit_code != 0 or differences:
            failures.append(
                f"{number}: {first.exit_code} ({first.error!r:.200}), then {second}\n{differences}"
            )
        rig.stash.close()
    assert failed > 2
    assert not failures, f"{len(failures)} of {failed}\n" + "\n".join(failures)


async def test_a_commit_that_fails_leaves_nothing_locked(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a commit that failed, the next transaction on any connection begins at once."""
    disk = Disk(2, error=FULL, is_lasting=False)
    disk.install(monkeypatch)
    statement = text("UPDATE accounts SET username = username")
    async with await Database.open(f"sqlite:///{make_rig().database}", busy_timeout=0) as database:
        async with database.connect():
            with pytest.raises(DatabaseUnusableError):
                async with database.begin() as connection:
                    await connection.execute(statement)
        assert disk.writes == 2
        async with database.connect(), database.begin() as connection:
            await connection.execute(statement)


@pytest.fixture
def room() -> Iterator[list[int]]:
    """How many pages SQLite may take; whatever it likes at first."""
    pages = [0]

    def limit(connection: Any, _record: object) -> None:
        if pages[0]:
            connection.execute(f"PRAGMA max_page_count = {pages[0]}")

    event.listen(Engine, "connect", limit)
    yield pages
    event.remove(Engine, "connect", limit)


async def test_r17_full_at_every_page(make_rig: MakeRig, clean: Dumped, room: list[int]) -> None:
    """SQLite itself has no room for the first, second, … page more: exit 6, sound, and with room again as without."""
    failures, failed = [], 0
    with closing(sqlite3.connect(make_rig().database)) as connection:
        (start,) = connection.execute("PRAGMA page_count").fetchone()
    for pages in count(start, size("DISK_STEP", 13)):
        rig, room[0] = make_rig(), pages
        first = await rig.run()
        room[0] = 0
        await rig.dumped()
        if first.exit_code == 0:
            break
        failed += 1
        second = await rig.run()
        differences = clean.differences(await rig.dumped())
        if first.exit_code != 6 or second.exit_code != 0 or differences:
            failures.append(
                f"{pages}: {first.exit_code} ({first.error!r:.200}), then {second}\n{differences}"
            )
        rig.stash.close()
    assert failed > 2
    assert not failures, f"{len(failures)} of {failed}\n" + "\n".join(failures)
