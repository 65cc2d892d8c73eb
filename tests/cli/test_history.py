"""The commands that look back, and those that must not run twice."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from stash.demo import write_world

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world, synced into an embedded Stash by the command line."""
    folder = tmp_path_factory.mktemp("history")
    write_world(folder, creators=2, items=10)
    assert cli(folder, "ingest", "payloads")["exit_code"] == 0
    assert cli(folder, "sync", *STASH)["exit_code"] == 0
    return folder


STASH = ("--downloads", "downloads", "--embedded-dir", "stash")


def cli(folder: Path, *arguments: str) -> dict[str, Any]:
    """One command, in a process of its own; answers its object."""
    command = [sys.executable, "-m", "stash.cli", *arguments, "--json", "--database", "metadata.sqlite"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    content: dict[str, Any] = json.loads(done.stdout)
    assert content["exit_code"] == done.returncode, done.stderr
    return content


def test_runs_are_listed_with_how_they_ended(synced: Path) -> None:
    """Each sync is a run, with its command, creators and outcome."""
    (run,) = cli(synced, "runs")["runs"]
    assert (run["command"], run["outcome"], run["creators"]) == ("sync", "done", ["lena_fields", "marcus.w"])


def test_status_tells_each_creators_last_sync(synced: Path) -> None:
    """Every creator is listed with its last sync and how many media that left in Stash."""
    creators = cli(synced, "status")["creators"]
    assert [(one["username"], one["outcome"], one["media"] > 0) for one in creators] == [
        ("lena_fields", "done", True),
        ("marcus.w", "done", True),
    ]


def test_a_check_after_a_sync_finds_no_difference(synced: Path) -> None:
    """Right after a sync everything matches: exit 0; a title changed at the source is one field that differs: exit 4."""
    assert cli(synced, "check", *STASH)["exit_code"] == 0
    with closing(sqlite3.connect(synced / "metadata.sqlite")) as connection, connection:
        (post,) = connection.execute("SELECT postId FROM attachments WHERE postId IS NOT NULL").fetchone()
        connection.execute("UPDATE posts SET content = 'Quite another first line' WHERE id = ?", (post,))
    found = cli(synced, "check", *STASH)
    assert found["exit_code"] == 4
    assert {one["field"] for one in found["differ"]} >= {"title", "details"}
    assert found["requests"]["mutations"] == 0


def test_forgetting_needs_a_yes_and_drops_our_tables_alone(synced: Path, tmp_path: Path) -> None:
    """Without --yes nothing is forgotten; with it the sync_ tables go and the downloader's stay."""
    shutil.copyfile(synced / "metadata.sqlite", tmp_path / "metadata.sqlite")
    assert cli(tmp_path, "forget")["exit_code"] == 2
    assert cli(tmp_path, "forget", "--yes")["exit_code"] == 0
    with closing(sqlite3.connect(tmp_path / "metadata.sqlite")) as connection:
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    assert "posts" in tables
    assert not [name for name in tables if name.startswith("sync_")]
    assert cli(tmp_path, "runs")["runs"] == []


def test_a_second_run_is_kept_out(synced: Path) -> None:
    """While a run holds the database another one ends with 11, and has asked Stash nothing."""
    script = "import asyncio, sys\nfrom stash.lock import held\nasync def hold():\n    async with held('metadata.sqlite'):\n        print('held', flush=True)\n        sys.stdin.read()\nasyncio.run(hold())"
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=synced, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        assert cli(synced, "sync", *STASH)["exit_code"] == 11
        holder.stdin.close()
