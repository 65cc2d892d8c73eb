"""Figures and results, as a person says them."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Image

from metadata.making import open_or_make
from stash.cli.output import Output
from stash.cli.summaries import comparison_lines, comparison_of, headline, report_lines
from stash.embedded import EmbeddedStash, serve
from stash.journal import Journal
from stash.report import Report, RunHeader, Skipped, Unmatched, counted
from stash.source.database import Database
from stash.store import connect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ended


@pytest.mark.parametrize(
    ("count", "plural", "said"),
    [(1, "galleries", "1 gallery"), (2, "galleries", "2 galleries"), (1, "writes", "1 write"), (0, "files", "0 files"), (1, "media", "1 media")],
)  # fmt: skip
def test_a_number_goes_with_its_noun(count: int, plural: str, said: str) -> None:
    """One is told in the singular."""
    assert counted(count, plural) == said


def finished(**counts: int) -> Report:
    """A run that made and changed something."""
    report = Report(RunHeader(7, requests={"reads": 5, "writes": 1, "mutations": 2, "scan": 0}))
    report.entities["galleries"].created = counts.get("made", 0)
    report.entities["images"].updated = counts.get("changed", 0)
    return report


def test_a_sync_ends_with_its_result_and_the_way_back() -> None:
    """The headline tells what was made and changed, the last line the run and its undo; requests are for those who ask."""
    report = finished(made=58, changed=1)
    assert list(headline(report)) == ["58 galleries made; 1 image changed."]
    lines = list(report_lines(report, is_new=True))
    assert lines[-1] == "Run 7; `stash-sync undo 7` takes it back."
    assert not [line for line in lines if "reads" in line]
    assert "5 reads, 1 write (2 mutations), 0 for scans, 0.0 s." in report_lines(report, is_verbose=True)
    assert list(headline(Report())) == []
    assert not [line for line in report_lines(Report(RunHeader(8)), is_new=True) if "Run 8" in line]


@pytest.mark.parametrize(
    ("kept", "deleted", "said"),
    [
        (0, 0, "0 kept for you."),
        (3, 0, "3 kept for you (your edits)."),
        (3, 2, "5 kept for you (your edits; 2 deleted or taken back)."),
    ],
)
def test_a_check_counts_what_is_kept_apart(kept: int, deleted: int, said: str) -> None:
    """Edits and deletions of the user are counted, and alone they are no difference; `--strict` has them be one."""
    report = Report(plan=[])
    for number in range(kept):
        report.keep("Image", str(number), "title")
    for number in range(deleted):
        report.skip("post", str(number), "it was deleted in Stash; --recreate makes it again")
    found = comparison_of(report)
    assert (len(found["kept"]), len(found["deleted"])) == (kept, deleted)
    last = list(comparison_lines(report, found))[-1]
    assert last == f"0 match, 0 fields differ, 0 fields missing, {said}"
    output = Output(is_json=True)
    assert output.comparison(report) == 0
    assert output.comparison(report, is_strict=True) == (4 if kept or deleted else 0)


def test_a_user_edit_alone_is_no_alarm(cli: Callable[..., Ended], made: Path, tmp_path: Path) -> None:
    """After a title was edited in Stash `check` ends with 0 and counts it; with `--strict` it ends with 4."""
    folder = tmp_path / "stash"
    shutil.copytree(made / "stash", folder)

    async def edit() -> None:
        with EmbeddedStash([made / "downloads"], state=folder / "embedded-stash.sqlite") as stash:
            async with serve(stash) as url, connect(url) as store:
                (image, *_) = await store.find(Image)
                image.title = "Mine"
                await store.flush()

    asyncio.run(edit())
    here = ("--embedded-dir", str(folder))
    ended = cli("check", *here)
    assert ended.code == 0
    assert "0 fields differ, 0 fields missing, 1 kept for you (your edits)." in ended.out
    assert cli("check", "--strict", *here).code == 4


def test_times_are_local(cli: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person reads is the local time of TZ; what a script reads is one form of ISO 8601."""
    said = {}
    for zone in ("Asia/Tokyo", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        said[zone] = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", cli("runs").out)[0]  # type: ignore[index]
        assert said[zone] in cli("report").out
        assert said[zone] in cli("status").out
    monkeypatch.undo()
    time.tzset()
    assert said["Asia/Tokyo"] != said["America/New_York"]


def test_scripts_get_one_form_of_time(cli: Callable[..., Ended]) -> None:
    """Instants in JSON are ISO 8601 with a T and the zone, whichever command prints them."""
    found: list[Any] = [json.loads(cli("runs", "--json").out)["runs"][0]["started_at"]]
    found += [json.loads(cli("report", "--json").out)["started_at"]]
    found += [json.loads(cli("status", "--json").out)["creators"][0]["last_sync"]]
    for one in found:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00", one)


@pytest.mark.parametrize("columns", [40, 50, 80])
def test_a_narrow_terminal_shows_every_type(
    cli: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """On a narrow terminal a row goes on below its name: no type, value or sentence is cut."""
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    out = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", cli("report").out)
    for word in ("performers", "studios", "galleries", "created"):
        assert word in out
    shown = cli("settings").out + cli("runs").out
    for word in ("patience", "300.0", "sync", "done"):
        assert word in shown
    assert max(map(len, out.splitlines())) <= columns


def test_a_plan_after_a_scan_is_a_real_plan(cli: Callable[..., Ended], tmp_path: Path) -> None:
    """`--dry-run --scan` has Stash scan, which writes no metadata: the first plan has the images, and nothing was written."""
    here = ("--embedded-dir", str(tmp_path / "new"))
    before = json.loads(cli("sync", "--dry-run", "--json", *here).out)
    assert "plan" in before, before
    assert not [one for one in before["plan"] if one["type"] == "Image"]
    assert before["requests"]["scan"] == 0
    after = json.loads(cli("sync", "--dry-run", "--scan", "--json", *here).out)
    assert [one for one in after["plan"] if one["type"] == "Image"]
    assert (after["requests"]["mutations"], after["requests"]["scan"] > 0) == (0, True)
    assert not [one for one in after["unmatched"] if "not know this file yet" in one["reason"]]


async def test_a_first_sync_names_what_it_leaves_beside(tmp_path: Path) -> None:
    """The copy and the lock beside a downloader's database are named once, where they are made."""
    path = tmp_path / "metadata.sqlite"
    await (await open_or_make(str(path))).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE metadata_origin")
    async with await Database.open(str(path)) as database:
        journal = await Journal.open(database)
        assert journal.copied == tmp_path / "metadata.sqlite.before-stash-sync"
        assert (await Journal.open(database)).copied is None


def test_what_a_finished_sync_says_of_items_without_media() -> None:
    """After a sync nobody is told to sync, so that files are scanned; before it they are."""
    for plan, words in ((None, "Download its files again"), ([], "Sync: its files are scanned first.")):
        report = Report(plan=plan, skipped=[Skipped("post", "1", "none of its media is in Stash")])
        report.unmatched.append(Unmatched("image", "1", "/x", "y"))
        assert any(words in line for line in report_lines(report))
