"""The log on stderr: keyed events, errors among them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from stash.demo import write_world
from tests.cli.screens import STASH

if TYPE_CHECKING:
    from pathlib import Path


def test_the_log_is_keyed_events(piped, tmp_path: Path) -> None:
    """With --verbose --log-format json each line on stderr is an object with an event; as text it has the same keys."""
    write_world(tmp_path, creators=1, items=6)
    flags = (
        "run",
        "--payloads",
        "payloads",
        "--database",
        "m.sqlite",
        "--downloads",
        "downloads",
        *STASH,
        "--verbose",
    )
    events = [
        json.loads(line) for line in piped(tmp_path, *flags, "--log-format", "json").stderr.splitlines()
    ]
    ended = next(one for one in events if one["event"] == "scan.ended")
    assert ended.keys() >= {"time", "level", "logger", "job", "status"}
    write_world(tmp_path / "again", creators=1, items=6)
    assert re.search(
        r"info: scan.ended job='?\d+'? status='FINISHED'", piped(tmp_path / "again", *flags).stderr
    )


@pytest.mark.parametrize("flag", [("--log-format", "json"), ("--log-format=json",)])
def test_an_error_is_an_event_too(piped, tmp_path: Path, flag: tuple[str, ...]) -> None:
    """Where the log is events, the sentence that a command ends with is one as well, before any setting is read too."""
    for wrong in (("sync", "--database", "none.sqlite"), ("sync", "--colour")):
        done = piped(tmp_path, *wrong, *flag)
        (event,) = [json.loads(line) for line in done.stderr.splitlines()]
        assert (done.returncode, event["event"], event["level"]) == (2, "command.complains", "error")
        assert event["reason"]
