"""Run commands in this process, and a small world for them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stash.cli.main import main
from stash.demo import write_world
from tests.cli.screens import STASH, Done, command, environment

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the user's Stash, and keep pytest's signal handlers."""
    for name in ("STASH_URL", "STASH_API_KEY", "STASH_SYNC_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(signal, "signal", lambda *_: None)


class Ended:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout."""
        assert self.out.count("\n") == 1
        return json.loads(self.out)


@pytest.fixture
def run(alone: None, capsys: pytest.CaptureFixture[str]):  # noqa: ARG001 - hides the user's Stash
    """Run a command in this process."""

    def run(*arguments: object) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def world(tmp_path: Path) -> list[object]:
    """The flags for a small world on the embedded Stash."""
    made = write_world(tmp_path / "world", items=16)
    folder = tmp_path / "world"
    return [
        "--database",
        folder / "metadata.sqlite",
        "--downloads",
        made.downloads,
        "--embedded-dir",
        folder / "embedded",
    ]


def payloads(world: list[object]) -> Path:
    """The payloads of a small world."""
    return Path(str(world[1])).parent / "payloads"


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world, synced into an embedded Stash by the command line."""
    folder = tmp_path_factory.mktemp("screens")
    write_world(folder, creators=2, items=16)
    (folder / "stash-sync.toml").write_text('database = "metadata.sqlite"\ndownloads = "downloads"\n')
    arguments = command("run", "--payloads", "payloads", *STASH)
    subprocess.run(arguments, cwd=folder, env=environment(), capture_output=True, check=True, timeout=120)
    return folder


@pytest.fixture
def piped(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Run a command in this process, its output in a pipe."""
    monkeypatch.delenv("STASH_URL", raising=False)
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def run(folder: Path, *arguments: str) -> Done:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["stash-sync", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)

    return run


LIBRARY_WORDS = re.compile(r"(?i)input should|value error|pydantic|unable to parse|\.0 is|<class|_type")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world, synced into an embedded Stash."""
    folder = tmp_path_factory.mktemp("words")
    write_world(folder, creators=2, items=8)
    flags = ["--database", "m.sqlite", "--downloads", "downloads", "--embedded-dir", "stash"]
    command = [sys.executable, "-m", "stash.cli", "run", "--payloads", "payloads", *flags]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=120)
    return folder


@pytest.fixture
def cli(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, made: Path
) -> Callable[..., Ended]:
    """Run a command on that world."""
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.delenv("STASH_URL", raising=False)
    monkeypatch.setenv("STASH_SYNC_DATABASE_URL", str(made / "m.sqlite"))
    monkeypatch.setenv("STASH_SYNC_DOWNLOADS", str(made / "downloads"))

    def cli(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        printed = capsys.readouterr()
        assert not LIBRARY_WORDS.search(printed.err)
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return cli


@pytest.fixture
def here(made: Path) -> tuple[str, str]:
    """The flag of its Stash."""
    return "--embedded-dir", str(made / "stash")
