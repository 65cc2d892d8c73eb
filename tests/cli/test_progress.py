"""Progress: what a run tells of its steps while it lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.cli.output import Output
from stash.cli.progress import ConsoleProgress
from tests.cli.screens import STASH

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_short_step_leaves_no_line_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal a step of less than a second leaves nothing behind; a longer one, and any in a pipe, its line."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    for is_terminal, seconds, told in ((True, 0.5, False), (True, 2.0, True), (False, 0.5, True)):
        monkeypatch.setattr("rich.console.Console.is_terminal", is_terminal)
        steps = ConsoleProgress(Output())
        steps.start("files")
        now[0] += seconds
        steps.finish()
        assert (f"Looking through the downloads: {seconds} s" in capsys.readouterr().err) == told


def test_progress_in_a_pipe_is_plain_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no terminal a long step tells count, rate and time left now and then, and how it ended."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    steps = ConsoleProgress(Output())
    steps.start("sync", 1000)
    for _ in range(4):
        now[0] += 5.0
        steps.advance(100)
    steps.finish()
    assert capsys.readouterr().err.splitlines() == [
        "Syncing posts and messages: 200 of 1000, 20/s, 40 s left",
        "Syncing posts and messages: 400 of 1000, 20/s, 30 s left",
        "Syncing posts and messages: 400 done, 20.0 s, 20/s",
    ]


def test_a_slow_rate_is_not_told_as_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of which less than ten a second are done tells its rate with tenths."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    steps = ConsoleProgress(Output())
    steps.start("job", 100)
    now[0] += 20.0
    steps.advance(4)
    assert capsys.readouterr().err == "Stash scans, percent: 4 of 100, 0.2/s, 480 s left\n"


def test_a_wait_is_told_when_it_begins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is waited for is told at once and in words, on a pipe too; and how long it took."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    steps = ConsoleProgress(Output())
    steps.start("Waiting for Stash at http://stash.test (HTTP 502)")
    assert capsys.readouterr().err == "Waiting for Stash at http://stash.test (HTTP 502)\n"
    now[0] += 20.0
    steps.finish()
    assert capsys.readouterr().err == "Waiting for Stash at http://stash.test (HTTP 502): 20.0 s\n"


def test_quiet_says_nothing_of_progress(piped, synced: Path) -> None:
    """With --quiet stderr is empty."""
    assert piped(synced, "sync", "--quiet", *STASH).stderr == ""
