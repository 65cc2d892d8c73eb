"""Run commands in this process, and a small world for them."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from stash.cli.main import main
from stash.demo import write_world


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
