"""The metadata database of a command: forgotten, wrong, locked."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from metadata.making import open_or_make
from stash.journal import Journal
from stash.settings import load_settings
from stash.source import sqlite_driver

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.cli.conftest import Ended


def test_forgetting_copies_first_and_says_what_it_means(
    cli: Callable[..., Ended], made: Path, tmp_path: Path
) -> None:
    """Before the memory is dropped the database is copied; what is lost is said before and after."""
    database = shutil.copy(made / "m.sqlite", tmp_path / "m.sqlite")
    asked = cli("forget", "--database", str(database))
    assert (asked.code, "cannot undo earlier runs" in asked.err) == (2, True)
    ended = cli("forget", "--yes", "--database", str(database))
    assert ended.code == 0
    assert "m.sqlite.before-forget" in ended.out
    with closing(sqlite3.connect(tmp_path / "m.sqlite.before-forget")) as connection:
        assert connection.execute("SELECT count(*) FROM sync_run").fetchone() == (1,)


def test_a_wrong_database_gets_no_lock_beside_it(cli: Callable[..., Ended], tmp_path: Path) -> None:
    """A file that is no database is as it was, and nothing lies beside it."""
    (tmp_path / "README.md").write_text("hello")
    assert cli("sync", "--database", "README.md", "--embedded-dir", "e").code == 6
    assert sorted(path.name for path in tmp_path.iterdir() if "README" in path.name) == ["README.md"]


def test_a_database_of_the_file_is_absolute() -> None:
    """A relative path in the settings is one file, wherever it is shown or used."""
    Path("stash-sync.toml").write_text('database = "../x.sqlite"\nstate = "postgresql://h/x"\n')
    settings = load_settings({})
    assert settings.database == f"{Path.cwd()}/../x.sqlite"
    assert settings.state == "postgresql://h/x"


async def test_a_locked_database_is_no_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While another program holds the database, a line says what is waited for."""
    monkeypatch.setattr(sqlite_driver, "WAIT_NOTICE_SECONDS", 0.05)
    path = tmp_path / "my m.sqlite"
    async with await open_or_make(str(path), busy_timeout=5) as database:
        with closing(sqlite3.connect(path, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            asyncio.get_running_loop().call_later(0.3, other.rollback)
            await Journal.open(database)
    (told,) = [record for record in caplog.records if record.message == "database.waits"]
    assert vars(told)["sentence"].startswith(f"waiting for the database {path} ")
