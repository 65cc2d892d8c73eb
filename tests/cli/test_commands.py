"""The command line: each command, each exit code, one JSON object on every exit."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stash.cli.main import main
from tests.cli.conftest import payloads

pytestmark = pytest.mark.usefixtures("alone")


def test_demo_ends_with_nothing_to_do(run) -> None:
    """The demo shows what was made, and that the second run has nothing to do."""
    ended = run("demo")
    assert ended.code == 0
    for words in ("lena_fields (Fansly)", "Trailer", "Galleries", "chapters", "Nothing to do."):
        assert words in ended.out


def test_demo_in_json(run) -> None:
    """The demo's JSON has the first run, and the second one in it, within the budgets."""
    summary = run("demo", "--json").json
    assert summary["exit_code"] == 0
    assert summary["requests"]["reads"] + summary["requests"]["writes"] <= 40
    assert summary["again"]["requests"]["mutations"] == 0
    assert summary["again"]["requests"]["reads"] <= 10


def test_ingest_then_sync_then_again(run, world: list[object]) -> None:
    """Payloads go in, a sync fills Stash, a second one is silent; the state of the embedded Stash is kept between."""
    assert run("ingest", payloads(world), *world[:2]).code == 0
    first = run("sync", *world, "--json")
    assert first.code == 0
    assert first.json["entities"]["galleries"]["created"] > 0
    second = run("sync", *world)
    assert "Nothing to do." in second.out
    assert run("sync", *world, "--dry-run", "--json").json["plan"] == []


def test_run_does_it_all(run, world: list[object], tmp_path: Path) -> None:
    """`run` runs the download command, ingests, scans and syncs; a bad payload is named and costs itself alone."""
    (payloads(world) / "bad.json").write_text("{")
    command = f"{sys.executable} -c \"open(r'{tmp_path / 'downloaded'}', 'w')\""
    ended = run("run", "--download-command", command, "--payloads", payloads(world), *world, "--json")
    assert (tmp_path / "downloaded").exists()
    assert ended.code == 3
    assert ended.json["entities"]["galleries"]["created"] > 0
    assert any("bad.json" in one["reason"] for one in ended.json["skipped"])


def test_what_a_download_says_is_no_result(capfd, world: list[object]) -> None:
    """What the download command prints goes to stderr: on stdout there is the one object alone."""
    flags = ["run", "--download-command", "echo chatter", "--url", "http://127.0.0.1:9", *world[:4], "--json"]
    with pytest.raises(SystemExit):
        main([str(flag) for flag in flags])
    printed = capfd.readouterr()
    assert json.loads(printed.out)["exit_code"] == 2
    assert "chatter" in printed.err


def test_a_failed_download_ends_the_run(run, world: list[object]) -> None:
    """Where the download command fails, nothing is synced."""
    ended = run("run", "--download-command", "exit 7", *world, "--json")
    assert ended.code == 2
    assert "ended with 7" in ended.json["error"]


def test_settings_are_explained(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting is shown with where it comes from, secrets hidden."""
    monkeypatch.setenv("STASH_API_KEY", "very-secret")
    ended = run("settings", "--json")
    assert ended.json["settings"]["api_key"] == {"value": "**********", "source": "STASH_API_KEY"}
    Path("stash-sync.toml").write_text('api_key = "very-secret"\n')
    Path("stash-sync.toml").chmod(0o644)
    ended = run("settings")
    assert "chmod 600" in ended.err
    assert "very-secret" not in ended.out + ended.err


def test_help_is_quick_and_complete() -> None:
    """The help lists the commands, and imports nothing heavy."""
    script = "import sys; from stash.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    check = "assert not {'stash_graphql_client', 'alembic', 'graphql', 'uvicorn'} & set(sys.modules), 'heavy'"
    done = subprocess.run(
        [sys.executable, "-c", script + check], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    for command in ("demo", "run", "sync", "ingest", "settings", "embedded"):
        assert command in done.stdout


def test_a_bug_ends_as_a_sentence_too(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong, the user sees one sentence and where the details are; exit 1."""
    monkeypatch.setattr("stash.cli.commands.make_settings", lambda **_: 1 / 0)
    ended = run("sync", "--json")
    assert ended.code == 1
    assert "This is a bug (ZeroDivisionError)" in ended.json["error"]
    details = Path(ended.json["error"].split("report it with ")[1].rstrip("."))
    assert "ZeroDivisionError" in details.read_text()
    details.unlink()


def test_the_version_is_told(run) -> None:
    """`--version` tells the version of the package, and the help of no command says what to begin with."""
    assert run("--version").out == f"stash-sync {importlib.metadata.version('stash-sync')}\n"
    assert "stash-sync doctor" in run().out


LAST = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count()))
from stash.cli import main
main(["--version"])
"""


def test_a_command_ends_at_once() -> None:
    """At its end no garbage is looked for: Python is told to look through nothing."""
    done = subprocess.run(
        [sys.executable, "-c", LAST], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(done.stdout.split()[-1]) > 1000


def test_a_usage_error_leads_to_its_command(run) -> None:
    """A wrong flag of a command names that command's help; that of no command the whole help."""
    assert "See `stash-sync check --help`." in run("check", "--colour").err
    assert "See `stash-sync --help`." in run("paint").err


EARLY = """
import builtins, os, signal
imported = builtins.__import__
def importing(name, *rest, **more):
    if name == {moment!r}:
        os.kill(os.getpid(), signal.{number})
    return imported(name, *rest, **more)
builtins.__import__ = importing
from stash.cli import main
main({arguments!r})
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["stash.cli.main", "rich.table", "stash.report"])
@pytest.mark.parametrize("command", ["status", "report", "doctor"])
def test_signals_are_heeded_from_the_beginning(
    tmp_path: Path, command: str, moment: str, number: signal.Signals
) -> None:
    """While things are still imported, and while a command looks back, a signal ends it with one sentence and one object."""
    arguments = [command, "--json", "--database", "none.sqlite"]
    script = EARLY.format(moment=moment, number=number.name, arguments=arguments)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 128 + number
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout)["exit_code"] == 128 + number
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_a_command(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """SIGINT and SIGTERM end a waiting command at once, with their codes."""
    command = [sys.executable, "-m", "stash.cli", "run", "--download-command", "echo ready >&2; sleep 60"]
    flags = [
        "--url",
        "http://127.0.0.1:9",
        "--downloads",
        str(tmp_path),
        "--database",
        str(tmp_path / "x"),
        "--quiet",
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    with subprocess.Popen(
        [*command, *flags], stderr=subprocess.PIPE, env=environment, start_new_session=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"ready\n"
        os.killpg(process.pid, number)
        assert process.wait(timeout=20) == code
