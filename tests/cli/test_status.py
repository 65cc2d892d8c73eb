"""`status`: what is recorded with each Stash, and the rows beside it, whatever was done before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stash.cli.main import main
from stash.demo import write_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST, SECOND = ("--embedded-dir", "first"), ("--embedded-dir", "second")
SYNC, POSTS, STORIES = ("sync",), ("sync", "--only", "post"), ("sync", "--only", "story")
UNDO, REDO = ("undo", "last"), ("sync", "--redo")

POSTS_HELD: list[int] = []
"""How many files of the world are of posts, once a plan has told."""

type Step = tuple[tuple[str, ...], tuple[str, str]]

HISTORIES: dict[str, list[Step]] = {
    "nothing": [],
    "a sync": [(SYNC, FIRST)],
    "undone": [(SYNC, FIRST), (UNDO, FIRST)],
    "undone, then synced": [(SYNC, FIRST), (UNDO, FIRST), (SYNC, FIRST)],
    "undone, then brought again": [(SYNC, FIRST), (UNDO, FIRST), (REDO, FIRST)],
    "posts alone": [(POSTS, FIRST)],
    "all, then stories": [(SYNC, FIRST), (STORIES, FIRST)],
    "posts undone, then all": [(POSTS, FIRST), (UNDO, FIRST), (SYNC, FIRST)],
    "two Stashes": [(SYNC, FIRST), (SYNC, SECOND)],
    "two, one undone": [(SYNC, FIRST), (SYNC, SECOND), (UNDO, FIRST)],
    "two, posts in the second": [(SYNC, FIRST), (POSTS, SECOND), (SYNC, FIRST)],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world."""
    folder = tmp_path_factory.mktemp("status")
    write_world(folder, creators=2, items=16)
    return folder


@pytest.fixture
def cli(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, made: Path
) -> Callable[..., dict[str, Any]]:
    """Run a command; answers its object."""
    monkeypatch.delenv("STASH_URL", raising=False)
    monkeypatch.setattr("signal.signal", lambda *_: None)

    def cli(*arguments: str) -> dict[str, Any]:
        with pytest.raises(SystemExit):
            main([*arguments, "--json", "--database", "m.sqlite"])
        return json.loads(capsys.readouterr().out)

    cli("ingest", str(made / "payloads"))
    return cli


def expected(steps: list[Step], every: int, some: dict[tuple[str, ...], int]) -> list[tuple[int, int, int]]:
    """Files synced, pending and of these undone, of each Stash, that of the newest run first."""
    held: dict[tuple[str, str], tuple[int, int]] = {}
    for step, stash in steps:
        synced, undone = held.pop(stash, (0, 0))
        if step == UNDO:
            synced, undone = 0, synced
        elif step == REDO:
            synced, undone = every, 0
        elif step in some:
            synced = max(synced, some[step])
        else:
            synced = every - undone
        held[stash] = synced, undone
    return [(synced, every - synced, undone) for synced, undone in reversed(held.values())] or [(0, every, 0)]


@pytest.mark.parametrize("name", HISTORIES)
def test_status_is_right_after_every_history(
    cli: Callable[..., dict[str, Any]], made: Path, name: str
) -> None:
    """Synced are the records of that Stash alone, pending the rows with files beside them, taken back ones told apart."""
    there = ("--downloads", str(made / "downloads"))
    every = sum(one["pending"] for one in cli("status", *there)["creators"])
    assert every > 10
    if not POSTS_HELD:
        plan = cli(*POSTS, "--dry-run", "--scan", *there, "--embedded-dir", "plan")["plan"]
        POSTS_HELD.append(len({one["key"] for one in plan if one["type"] in {"Image", "Scene"}}))
    (posts,) = POSTS_HELD
    assert 0 < posts < every
    for step, stash in HISTORIES[name]:
        assert cli(*step, *stash, *there)["exit_code"] == 0
    rows = cli("status", *there)["creators"]
    found = [
        tuple(sum(row[figure] for row in pair) for figure in ("media", "pending", "undone"))
        for pair in (rows[at : at + 2] for at in range(0, len(rows), 2))
    ]
    assert found == expected(HISTORIES[name], every, {POSTS: posts, STORIES: 0})


def test_what_is_said_of_it(
    cli: Callable[..., dict[str, Any]], made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After an undo nobody is told that every file is synced, and each Stash has a table of its own."""
    there = ("--downloads", str(made / "downloads"))
    cli("sync", *FIRST, *there)
    cli("sync", *SECOND, *there)
    cli("undo", "last", *SECOND, *there)
    with pytest.raises(SystemExit):
        main(["status", "--database", "m.sqlite", *there])
    out = capsys.readouterr().out
    assert out.count("Creators, with the Stash") == 2
    assert "`stash-sync sync --redo`" in out
    assert out.count("Every file with a row is synced") == 1
