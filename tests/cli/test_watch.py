"""`stash-sync watch` as a process, and what it prints."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from metadata.ingest import ingest_paths
from metadata.making import open_or_make
from stash.cli.groups import PlaceFlags
from stash.cli.output import Output
from stash.cli.watch import WatchTeller, _session
from stash.demo import write_world
from stash.embedded import serve
from stash.errors import AlreadyRunningError, RetriableError
from stash.lock import held
from stash.report import Report, RunHeader
from stash.settings import Settings
from stash.source.errors import DatabaseBusyError
from stash.sync import SyncOptions
from tests.cli.screens import command, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stash.embedded.service import Call
    from tests.conftest import Server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small world in a database of its own, and settings that lead to a Stash that is not served yet."""
    write_world(tmp_path, creators=1, items=8)
    port = free_port()
    (tmp_path / "stash-sync.toml").write_text(
        f'database = "metadata.sqlite"\ndownloads = "downloads"\nurl = "http://127.0.0.1:{port}"\npatience = 5\n'
    )
    (tmp_path / "port").write_text(str(port))
    subprocess.run(
        command("ingest", "payloads"),
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=True,
        timeout=120,
    )
    return tmp_path


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def served(folder: Path) -> Iterator[None]:
    """Serve the embedded Stash at the port of the settings, with its state in a folder."""
    port = (folder / "port").read_text()
    arguments = command("embedded", "--library", "downloads", "--embedded-dir", "stash", "--port", port)
    with subprocess.Popen(
        arguments, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            assert "is at" in server.stdout.readline()
            yield
        finally:
            server.terminate()


@contextmanager
def watching(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Watch in a process of its own, which is ended whatever happens."""
    with subprocess.Popen(
        command("watch", "--interval", "1", *arguments),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next object that the process prints."""
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def rows(folder: Path, query: str) -> list[Any]:
    """Rows of the database."""
    with closing(sqlite3.connect(folder / "metadata.sqlite", timeout=20)) as connection, connection:
        return connection.execute(query).fetchall()


def test_it_lives_through_a_restart_of_stash(folder: Path) -> None:
    """It syncs at its start, tells an outage in one sentence, and syncs the change meanwhile once Stash is back."""
    with watching(folder, "--json") as process:
        with served(folder):
            first = line_of(process)
        assert first["requests"]["mutations"] > 0
        rows(folder, "UPDATE posts SET content = 'Another title'")
        assert process.stderr is not None
        outage = process.stderr.readline()
        assert outage.startswith("warning: ")
        with served(folder):
            second = line_of(process)
            assert second["entities"]["galleries"]["updated"] > 0
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")
    assert [run for (run,) in rows(folder, "SELECT id FROM sync_run")] == [first["run"], second["run"]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(folder: Path, number: signal.Signals) -> None:
    """Ctrl-C and TERM while it waits end it with exit 0, and it has said one line of one sync."""
    with served(folder), watching(folder) as process:
        assert process.stdout is not None
        assert "Run 1: " in process.stdout.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


async def test_it_waits_for_jobs_without_the_lock(embedded: Server, tmp_path: Path) -> None:
    """Before a sync it asks for Stash's jobs, and leaves the database to others meanwhile. From then on it is locked."""
    stash = embedded.embedded
    assert stash is not None
    made = write_world(tmp_path / "world", creators=1, items=4)
    shutil.copytree(made.downloads, embedded.library, dirs_exist_ok=True)
    database = str(tmp_path / "metadata.sqlite")
    async with await open_or_make(database) as opened:
        await ingest_paths(opened, [made.payloads])
    asked: list[tuple[str, bool]] = []

    async def note(call: Call, proceed: Callable[[], Any]) -> Any:
        try:
            async with held(database):
                is_free = True
        except AlreadyRunningError:
            is_free = False
        asked.extend((field, is_free) for field in call.fields)
        return await proceed()

    stash.middleware.append(note)
    async with serve(stash) as url:
        settings = Settings(url=url, database=database, downloads=embedded.library, patience=30)
        report = await _session(settings, SyncOptions(), PlaceFlags())
    assert report.header.requests["mutations"] > 0
    first = asked.index(("jobQueue", True))
    assert all(is_free for _, is_free in asked[:first])
    assert not any(is_free for field, is_free in asked[first + 1 :] if field.endswith(("Create", "Update")))
    assert ("metadataScan", False) in asked


def test_a_wrong_setting_ends_it(tmp_path: Path, run: Callable[..., Any]) -> None:
    """A database that does not exist, or no downloads folder, ends it with 2 and one sentence."""
    missing = run(
        "watch", "--database", "none.sqlite", "--downloads", tmp_path, "--url", "http://127.0.0.1:1"
    )
    assert (missing.code, missing.out) == (2, "")
    assert "none.sqlite does not exist" in missing.err
    unnamed = run("watch", "--database", "none.sqlite", "--url", "http://127.0.0.1:1")
    assert (unnamed.code, unnamed.out) == (2, "")
    assert "STASH_SYNC_DOWNLOADS" in unnamed.err


def test_an_interval_is_a_second_or_more(run: Callable[..., Any]) -> None:
    """An interval below a second is refused in words."""
    ended = run("watch", "--interval", "0")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "--interval" in ended.err


def report(*, made: int = 0, mutations: int = 0, failures: int = 0) -> Report:
    """A report of a sync."""
    result = Report(RunHeader(7))
    result.header.requests["mutations"] = mutations
    result.entities["images"].created = made
    for number in range(failures):
        result.skip("post", str(number), "it is malformed", is_failure=True)
    return result


@pytest.mark.parametrize(
    ("ended", "line"),
    [
        (report(), ""),
        (report(made=2, mutations=3), "Run 7: 2 images made."),
        (report(mutations=3), "Run 7: 3 changes written."),
        (report(failures=1), "Run 7: Some items could not be synced; `stash-sync report 7` lists them."),
    ],
)
def test_a_sync_is_one_line(capsys: pytest.CaptureFixture[str], ended: Report, line: str) -> None:
    """A sync that wrote something or had trouble is one line with its minute, and any other is nothing."""
    WatchTeller(Output()).done(ended)
    said = capsys.readouterr().out
    assert said[17:].rstrip("\n") == line
    assert said.count("\n") == bool(line)


def test_an_outage_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """An outage that lasts is one sentence, without a password. Another one, or one after a sync, is told again."""
    teller = WatchTeller(Output())
    down = RetriableError("Stash does not answer.")
    busy = DatabaseBusyError("The database postgresql://anna:secret@host/x does not answer.")
    for error in (down, down, busy, busy):
        teller.failed(error)
    teller.done(report())
    teller.failed(busy)
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[1:3] for line in said] == [
        ["Stash", "does"],
        ["The", "database"],
        ["The", "database"],
    ]
    assert "secret" not in " ".join(said)


def test_json_has_an_object_for_each_sync(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json each sync is one object a line, one that wrote nothing too, and nothing else is on stdout."""
    teller = WatchTeller(Output(is_json=True))
    teller.done(report())
    teller.failed(RetriableError("Stash does not answer."))
    teller.done(report(made=1, mutations=1))
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["entities"]["images"]["created"] for one in said] == [0, 1]


def test_a_warning_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning that each sync has is told after the first."""
    teller = WatchTeller(Output())
    for _ in range(2):
        ended = report()
        ended.warnings.append("The setting skip_creators names nobody")
        teller.done(ended)
    assert capsys.readouterr().err.count("names nobody") == 1
