"""The lock, held by real processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from stash import lock
from stash.errors import AlreadyRunningError, StateError
from stash.source.engines import Address
from stash.source.errors import DatabaseBusyError, UnknownDatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLD = """
import asyncio, sys
from stash.errors import AlreadyRunningError
from stash.lock import held

async def main():
    async with held(*sys.argv[1:]):
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.readline)

try:
    asyncio.run(main())
except AlreadyRunningError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


def files_in(folder: Path) -> list[str]:
    """What lies in a folder."""
    return [path.name for path in folder.iterdir()]


def start(*addresses: str) -> subprocess.Popen[str]:
    """A process that takes the lock of a database, and of a state, and holds it until it reads a line."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", HOLD, *addresses]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


@contextmanager
def holder(*addresses: str) -> Iterator[subprocess.Popen[str]]:
    """Such a process, once it holds the lock; killed at the end."""
    with start(*addresses) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of either kind."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    path = tmp_path / "metadata.sqlite"
    path.touch()
    return f"sqlite:///{path}"


async def take(*addresses: str) -> None:
    """Take the lock and give it back."""
    async with lock.held(*addresses):
        pass


async def test_a_second_run_is_kept_out(url: str) -> None:
    """While one process holds the lock another ends at once with 11 and a sentence; afterwards it is free."""
    with holder(url) as first:
        with start(url) as second:
            _, said = second.communicate(timeout=30)
        assert second.returncode == 11
        assert said.startswith("Another run of stash-sync is at work on")
        with pytest.raises(AlreadyRunningError):
            await take(url)
        first.communicate("\n", timeout=30)
        assert first.returncode == 0
    await take(url)


async def test_a_killed_process_leaves_no_lock(url: str) -> None:
    """SIGKILL of the holder frees the lock, with nothing to be done by hand."""
    with holder(url) as first:
        first.kill()
        first.wait(30)
        # PostgreSQL learns of it from the closed socket, a moment later
        for _ in range(1000):
            try:
                await take(url)
            except AlreadyRunningError:
                await asyncio.sleep(0.01)
            else:
                return
        pytest.fail("still locked")


async def test_an_error_frees_the_lock(url: str) -> None:
    """What is raised while the lock is held passes, and the lock is free."""
    with pytest.raises(KeyError):
        async with lock.held(url):
            raise KeyError
    await take(url)


async def test_one_database_has_one_lock_however_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path, a URL, a symbolic link and a path over the home all name the same lock."""
    path = tmp_path / "a b#ü.sqlite"
    path.touch()
    link = tmp_path / "link"
    link.symlink_to(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    names = [str(path), path.name, f"~/{path.name}", f"sqlite:///{path}", f"sqlite:///{path.name}", str(link)]
    names += [f"sqlite+aiosqlite:///{path}?mode=rw", f"sqlite:///{str(path).replace(' ', '%20')}"]
    async with lock.held(str(path)):
        for name in names:
            found = Address.parse(name).path
            assert found is not None
            assert found.resolve() == path
            with pytest.raises(AlreadyRunningError, match="at work on"):
                await take(name)
    assert path.with_name(f"{path.name}.stash-sync.lock").exists()
    await take(f"{path}.other")


async def test_hard_links_of_one_database_have_one_lock(tmp_path: Path) -> None:
    """Two names of one file in two folders exclude each other; a copy is another database."""
    first, second = tmp_path / "a" / "metadata.sqlite", tmp_path / "b" / "other.sqlite"
    for path in (first, second):
        path.parent.mkdir()
    first.write_bytes(b"x")
    second.hardlink_to(first)
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(b"x")
    with holder(str(first)):
        with pytest.raises(AlreadyRunningError, match=r"other\.sqlite"):
            await take(str(second))
        await take(str(copy))
    await take(str(second))


async def test_a_pipe_in_the_place_of_a_lock_is_no_wait(tmp_path: Path) -> None:
    """Where a pipe lies in the lock's place another place is taken at once."""
    database = tmp_path / "metadata.sqlite"
    database.touch()
    os.mkfifo(tmp_path / "metadata.sqlite.stash-sync.lock")
    async with lock.held(str(database)):
        with pytest.raises(AlreadyRunningError):
            await take(str(database))


async def test_a_state_is_locked_too(tmp_path: Path) -> None:
    """Two runs on different databases that share a state exclude each other; one name twice does not."""
    first, second, state = (str(tmp_path / name) for name in ("first", "second", "state"))
    async with lock.held(first, state):
        with pytest.raises(AlreadyRunningError, match="state"):
            await take(second, state)
        with pytest.raises(AlreadyRunningError):
            await take(state)
        await take(second)
    await take(first, first)
    await take(second, state)


@pytest.mark.parametrize("why", ["no such folder", "not writable"])
async def test_where_the_folder_takes_no_file_the_lock_is_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """Where no lock file can be made beside the database it is made in the temporary folder, and works as well."""
    monkeypatch.setattr(lock.tempfile, "tempdir", str(tmp_path))
    database = tmp_path / "folder" / "metadata.sqlite"
    if why == "not writable":
        database.with_name("metadata.sqlite.stash-sync.lock").mkdir(parents=True)
        database.touch()
    async with lock.held(str(database)):
        with pytest.raises(AlreadyRunningError):
            await take(str(database))
        await take(str(database.with_name("other")))
    assert [name for name in files_in(tmp_path) if name.endswith(".stash-sync.lock")]
    assert database.parent.exists() == (why == "not writable")


async def test_no_lock_at_all_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no lock can be made anywhere, the run does not begin."""
    monkeypatch.setattr(lock.tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(StateError, match="No lock can be made"):
        await take(str(tmp_path / "folder" / "metadata.sqlite"))


async def test_a_name_without_a_database_leaves_no_file(tmp_path: Path) -> None:
    """A mistyped name leaves no lock file behind."""
    await take(str(tmp_path / "mistyped"))
    assert files_in(tmp_path) == []


async def test_addresses_that_are_none(tmp_path: Path) -> None:
    """An unknown kind of database, and a server that does not answer, are said as everywhere."""
    with pytest.raises(UnknownDatabaseError):
        await take("mysql://localhost/x")
    with pytest.raises(DatabaseBusyError):
        await take("postgresql://nobody@127.0.0.1:1/x")
    await take(str(tmp_path / "x"), None)


def test_nothing_slow_is_imported() -> None:
    """The lock can be taken before the client library, SQLAlchemy and pydantic are imported."""
    script = "import stash.lock, sys; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    for name in ("stash_graphql_client", "sqlalchemy", "pydantic", "httpx", "alembic"):
        assert f"'{name}'" not in done.stdout
