"""Secrets in addresses: no command shows or stores one, whatever the address looks like and whatever goes wrong."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from metadata.making import open_or_make
from stash.cli.main import main
from stash.demo import write_world
from stash.embedded import EmbeddedStash, serve
from stash.journal import Journal
from stash.journal.models import VERSION
from stash.journal.upkeep import bring_up
from stash.run import SyncSource
from stash.run import run as run_pipeline
from stash.settings import load_settings
from stash.sync import SyncOptions
from stash.transport.graphql import TransportConfig
from tests.conftest import Silent
from tests.faults.test_versions import TIMES_GONE
from tests.journal.conftest import select_server
from tests.unit.test_addresses import encoded, stash_urls

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS = (
    ("doctor",),
    ("doctor", "--json"),
    ("settings",),
    ("settings", "--json"),
    ("sync",),
    ("sync", "--verbose", "--log-format", "json", "--json"),
    ("sync", "--dry-run", "--html", "plan.html"),
    ("check", "--verbose"),
    ("undo", "last"),
    ("status",),
    ("runs",),
)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small world in the current folder, named by variables."""
    made = write_world(tmp_path, creators=1, items=4)
    monkeypatch.setenv("STASH_SYNC_DATABASE_URL", str(tmp_path / "metadata.sqlite"))
    monkeypatch.setenv("STASH_SYNC_DOWNLOADS", str(made.downloads))
    monkeypatch.setenv("STASH_SYNC_PATIENCE", "0.01")
    monkeypatch.delenv("STASH_API_KEY", raising=False)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    for module in ("stash.address", "stash.doctor.gathering"):
        monkeypatch.setattr(f"{module}.TransportConfig", partial(TransportConfig, connect_patience=0.0))
    return tmp_path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command; answers all that it printed."""

    def said(*arguments: str) -> str:
        with pytest.raises(SystemExit):
            main(list(arguments))
        printed = capsys.readouterr()
        return printed.out + printed.err

    return said


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=stash_urls(), port=st.sampled_from([":9", ":9/stash"]))
def test_no_command_shows_what_an_address_holds(
    world: Path,
    said: Callable[..., str],
    drawn: tuple[str, str],
    port: str,
) -> None:
    """Of addresses of every shape no command prints the secret, against a port where nobody answers."""
    secret, url = drawn
    url = url.replace(":9999", port).replace("stash.test", "localhost")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STASH_URL", url)
        for command in COMMANDS:
            printed = said(*command)
            assert secret not in printed, command
            assert encoded(secret) not in printed, command
            assert "This is a bug" not in printed, printed
    for file in world.rglob("*.sqlite*"):
        assert secret.encode() not in file.read_bytes()


DATABASES = (
    "postgresql://me:{}@127.0.0.1:9/name",
    "postgresql://me@127.0.0.1:9/name?password={}",
    "postgresql://me@127.0.0.1:9/name?sslpassword={}",
    "postgresql://me:{}@127.0.0.1:none/name",
    "postgresql://me:x/{}@127.0.0.1:9/name",
    "postgresql:me:{}@127.0.0.1:9/name",
    "mysql://me:{}@127.0.0.1/name?password={}",
    "host=127.0.0.1 port=9 password={}",
)


@pytest.mark.parametrize(
    ("database", "secret"),
    [(one, "QZs3%40cr3t") for one in DATABASES] + [(one, "QZs3@cr3t") for one in DATABASES[:2]],
)
def test_no_command_shows_what_a_database_holds(
    world: Path, said: Callable[..., str], monkeypatch: pytest.MonkeyPatch, database: str, secret: str
) -> None:
    """Of a database's address no command prints the password, and no lock is named by it."""
    monkeypatch.setenv("STASH_URL", "http://127.0.0.1:9")
    for variable in ("STASH_SYNC_DATABASE_URL", "STASH_SYNC_STATE_URL"):
        with monkeypatch.context() as patch:
            patch.setenv(variable, database.format(secret, secret))
            for command in (*COMMANDS[:5], *COMMANDS[8:], ("forget", "--yes"), ("ingest", "payloads")):
                printed = said(*command)
                assert "cr3t" not in printed, (command, printed)
                assert "This is a bug" not in printed, (command, printed)
    assert not list(world.rglob("*cr3t*"))


def test_a_page_and_a_database_hold_no_secret(
    world: Path, said: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a whole sync leaves, its database, its page and its logs, has the address alone."""
    stash = EmbeddedStash([world / "downloads"], state=world / "stash.sqlite")
    monkeypatch.setenv("STASH_SYNC_PATIENCE", "60")

    async def sync() -> None:
        async with serve(stash) as url:
            monkeypatch.setenv("STASH_URL", url.replace("://", "://me:s3%40cr3t@") + "/?apikey=K3Y#fr4g")
            mine = load_settings({})
            await run_pipeline(mine, SyncOptions(), Silent(), SyncSource(payloads=(world / "payloads",)))

    with stash:
        asyncio.run(sync())
    pages = said("report", "--html", "run.html") + (world / "run.html").read_text("utf-8")
    for path in world.glob("metadata.sqlite*"):
        pages += path.read_bytes().decode("latin-1")
    assert "http://127.0.0.1:" in pages
    for secret in ("s3%40cr3t", "s3@cr3t", "K3Y", "fr4g", "//me"):
        assert secret not in pages


def test_a_traceback_is_blackened(
    said: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever a bug quotes, its details have no secret of the environment, the flags or the settings file."""
    Path("stash-sync.toml").write_text('state = "postgresql://me:f1l3@host/x"\n')
    monkeypatch.setenv("STASH_API_KEY", "K3Y")
    monkeypatch.setenv("HTTP_PROXY", "http://me:pr0xy@127.0.0.1:3128")
    arguments = ["runs", "--database", "postgresql://me:fl4g@host/x"]
    monkeypatch.setattr(sys, "argv", ["stash-sync", *arguments])
    secrets = ["K3Y", "pr0xy", "fl4g", "f1l3"]

    def fails(**_: object) -> None:
        raise ZeroDivisionError(secrets)

    monkeypatch.setattr("stash.cli.history.make_settings", fails)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("STASH_SYNC_DEBUG", "1")
    printed = said(*arguments)
    (details,) = tmp_path.glob("stash-sync-*.log")
    for text_ in (printed, details.read_text()):
        assert "ZeroDivisionError" in text_
        assert not [one for one in secrets if one in text_]


def test_addresses_that_are_stored_already_are_cleaned(tmp_path: Path) -> None:
    """The migration leaves the address alone in the row and in reports, and no byte of the secret in the file."""
    path = tmp_path / "metadata.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    dirty = "http://me:s3cr3t-of-mine@stash.test:9999"
    with engine.begin() as connection:
        bring_up(connection)
        for statement in (*TIMES_GONE, "UPDATE sync_alembic_version SET version_num = '0004'"):
            connection.execute(text(statement))
        for number, url in enumerate([dirty, f"{dirty}?apikey=s3cr3t", "http://other:1"]):
            row = {"id": f"{number:032}", "url": url}
            connection.execute(
                text("INSERT INTO sync_server VALUES (:id, :url, '/db', '2026-01-01 00:00:00')"), row
            )
            connection.execute(
                text(
                    "INSERT INTO sync_run VALUES (:number, :id, 'sync', '[]', '2026-01-01 00:00:00', "
                    "'2026-01-01 00:00:00', NULL, 'failed', :counts)"
                ),
                row | {"number": number + 1, "counts": f'{{"reason": "{url} is silent{" " * 9000}{url}"}}'},
            )
    assert b"s3cr3t" in path.read_bytes()
    with engine.begin() as connection:
        bring_up(connection)
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        assert {url for (url,) in connection.execute("SELECT url FROM sync_server")} == {
            "http://stash.test:9999",
            "http://other:1",
        }
        (counts,) = connection.execute("SELECT counts FROM sync_run WHERE id = 1").fetchone()
        assert counts.split() == [
            '{"reason":',
            '"http://stash.test:9999',
            "is",
            "silent",
            'http://stash.test:9999"}',
        ]
        assert connection.execute("SELECT version_num FROM sync_alembic_version").fetchone() == (VERSION,)
    assert b"s3cr3t" not in path.read_bytes()


async def test_a_stash_is_known_by_its_address_alone(tmp_path: Path) -> None:
    """With other credentials, or none, it is the same Stash; its address is stored without them."""
    async with await open_or_make(str(tmp_path / "m.sqlite")) as database:
        journal = await Journal.open(database)
        first = await select_server(journal, "http://me:s3cr3t@stash:9999/?apikey=x", "/db")
        assert await select_server(journal, "http://stash:9999", "/db") == first
        assert await select_server(journal, "http://you:other@stash:9999/graphql", "/db") == first
        assert await select_server(journal, "http://stash:9998", "/db") != first
