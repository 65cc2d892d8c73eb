"""What is said is so: names that do not exist, pages that cannot be written, runs that were undone, plans."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stash.cli.main import main
from stash.cli.places import writable_page
from stash.cli.summaries import undo_lines
from stash.demo import write_world
from stash.errors import StateError
from stash.report import FieldChange, Report
from tests.cli.conftest import Ended

if TYPE_CHECKING:
    from collections.abc import Callable

    type Command = Callable[..., Ended]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Stash of the user's, and the signal handler of pytest stays."""
    for name in ("STASH_URL", "STASH_API_KEY", "STASH_SYNC_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(signal, "signal", lambda *_: None)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process."""

    def run(*arguments: object) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def world(run: Command, tmp_path: Path) -> list[object]:
    """The flags for a small world of two creators, ingested, on the embedded Stash."""
    made = write_world(tmp_path / "world", creators=2, items=16)
    database = ["--database", tmp_path / "world" / "metadata.sqlite"]
    assert run("ingest", made.payloads, *database).code == 0
    return [*database, "--downloads", made.downloads, "--embedded-dir", tmp_path / "stash"]


def test_a_name_that_does_not_exist_is_told_the_closest(
    run: Command, world: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A creator that the database does not know ends with 2 and the closest name, however it is said, also after a sync."""
    assert run("sync", *world, "--quiet").code == 0
    before = _runs(world)
    for name in ("lena_field", "LENA_FIELDZ", "nobody", "123"):
        for arguments in (("--only", f"@{name}"), ("--only", "@lena_fields", "--only", f"@{name}"), (name,)):
            for command in ("sync", "check"):
                ended = run(command, *arguments, *world, "--quiet")
                assert ended.code == 2, ended.err
                assert "--force" not in ended.err
                assert f"There is no creator {name.casefold()} in".casefold() in ended.err.casefold()
                assert "closest" in ended.err
                assert ("lena_fields" in ended.err) or "lena" not in name.casefold()
    monkeypatch.setenv("STASH_SYNC_ONLY_CREATORS", "lena_field")
    assert run("sync", *world, "--quiet").code == 2
    assert _runs(world) == before


@pytest.mark.parametrize(
    "only", ["@lena_fields", "@LENA_Fields", "@marcus.w", "@lena_fields,@marcus.w", "post", "#sea"]
)
def test_a_name_that_exists_is_synced(run: Command, world: list[object], only: str) -> None:
    """What is chosen by a name that there is, in any case, is synced."""
    flags = [part for word in only.split(",") for part in ("--only", word)]
    assert run("sync", *flags, *world, "--quiet").code == 0


def test_all_left_out_is_no_reason_for_force(run: Command, world: list[object]) -> None:
    """Where every creator is left out by choice that is the mistake which is named, and not another database."""
    assert run("sync", *world, "--quiet").code == 0
    ended = run("sync", "--skip", "@lena_fields", "--skip", "@marcus.w", *world, "--quiet")
    assert ended.code == 2
    assert "leave out every creator" in ended.err
    assert "--force" not in ended.err


def test_a_database_without_creators_is_still_refused(run: Command, world: list[object]) -> None:
    """A database that lost everybody is refused with 7, with and without names that are left out."""
    assert run("sync", *world, "--quiet").code == 0
    with closing(sqlite3.connect(str(world[1]))) as connection, connection:
        for table in ("media", "account_media", "attachments", "posts", "messages"):
            connection.execute(f"DELETE FROM {table}")
    for more in ((), ("--skip", "@lena_fields")):
        ended = run("sync", *more, *world, "--quiet")
        assert (ended.code, "--force" in ended.err) == (7, True)


PLACES: dict[str, Callable[[Path], Path]] = {
    "no folder": lambda folder: folder / "nope" / "page.html",
    "a folder": lambda folder: folder,
    "below a file": lambda folder: folder / "file" / "page.html",
    "too long": lambda folder: folder / f"{'n' * 300}.html",
    "a link to nowhere": lambda folder: folder / "link",
    "a loop": lambda folder: folder / "loop",
}


def prepared(folder: Path) -> Path:
    """A folder with a file, a link whose folder is missing, and a loop."""
    folder.mkdir()
    (folder / "file").write_text("x")
    (folder / "link").symlink_to(folder / "nope" / "page.html")
    (folder / "loop").symlink_to(folder / "loop")
    return folder


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("command", ["sync", "dry run", "check", "run"])
def test_a_page_that_cannot_be_written_ends_before_the_run(
    run: Command, world: list[object], tmp_path: Path, command: str, place: str
) -> None:
    """A page's path is looked at first: exit 6, one sentence that names the path once, nothing written anywhere."""
    page = PLACES[place](prepared(tmp_path / "pages"))
    words = ("sync", "--dry-run") if command == "dry run" else (command,)
    ended = run(*words, "--html", page, *world, "--quiet")
    assert (ended.code, ended.out) == (6, "")
    assert ended.err.count(str(page)) == 1
    assert "[Errno" not in ended.err
    assert _runs(world) == []
    assert not (tmp_path / "stash").exists()


def test_a_page_that_can_be_written_is_left_as_it_is(tmp_path: Path) -> None:
    """The look at a page's path makes no file, empties none, follows a link, and waits for no pipe."""
    page = tmp_path / "page.html"
    writable_page(page)
    assert not page.exists()
    page.write_text("before")
    writable_page(page)
    assert page.read_text() == "before"
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target.html")
    writable_page(link)
    assert link.is_symlink()
    assert not link.exists()
    os.mkfifo(tmp_path / "pipe")
    writable_page(tmp_path / "pipe")
    writable_page(Path("/dev/null"))
    writable_page(None)


def test_a_place_where_nobody_may_write() -> None:
    """A file system that takes no files, from root neither, is told before the run."""
    with pytest.raises(StateError, match="cannot be written"):
        writable_page(Path("/sys/page.html"))


def test_the_report_of_a_run_looks_first_too(run: Command, world: list[object], tmp_path: Path) -> None:
    """`report --html` of a path that cannot be written ends with 6 as well."""
    assert run("sync", *world, "--quiet").code == 0
    ended = run("report", "--html", tmp_path / "nope" / "page.html", *world[:2])
    assert (ended.code, "[Errno" in ended.err) == (6, False)


def test_a_run_that_was_undone_says_so(run: Command, world: list[object]) -> None:
    """`runs` and `report` name the undo that took a run back, till that undo is taken back, and what each removed."""
    for arguments in (("sync", "--quiet"), ("sync", "--quiet"), ("undo", "1")):
        assert run(*arguments, *world).code == 0
    told = {one["id"]: one for one in run("runs", "--json", *world[:2]).json["runs"]}
    assert {number: one["undone_by"] for number, one in told.items()} == {1: 3, 2: None, 3: None}
    made = sum(one["created"] for one in told[1]["counts"]["entities"].values())
    removed = told[3]["counts"]["removed"]
    assert sum(removed.values()) > made / 2
    lines = run("runs", *world[:2]).out.splitlines()
    columns = lines[1].split()
    undo_row = next(line for line in lines if re.match(r"\s*3 ", line))
    assert [one for one in columns if one in {"outcome", "made", "changed", "removed", "kept"}] == [
        "outcome", "made", "changed", "removed", "kept",
    ]  # fmt: skip
    assert f" {sum(removed.values())} " in undo_row
    assert "undone by 3" in next(line for line in lines if re.match(r"\s*1 ", line))
    assert "undone by run 3" in run("report", "1", *world[:2]).out
    assert "removed" in run("report", "3", *world[:2]).out
    assert run("undo", "3", *world).code == 0
    told = {one["id"]: one["undone_by"] for one in run("runs", "--json", *world[:2]).json["runs"]}
    assert told == {1: None, 2: None, 3: 4, 4: None}


def test_the_plan_of_an_undo_says_what_it_removes() -> None:
    """What an undo would take out is counted as removed, not as changed; a value that goes is empty, not None."""
    gone = [FieldChange("Gallery", str(number), "id", "a title", None, "taken back") for number in range(3)]
    back = [FieldChange("Image", "7", "date", "2023-01-22", None, "taken back")]
    text = "\n".join(undo_lines(1, Report(plan=[*gone, *back])))
    assert "Would be removed: 3 galleries." in text
    assert "Would be put back in 1 image: date." in text
    assert "date: 2023-01-22 -> (empty)" in text
    assert "None" not in text


def test_a_quiet_day_costs_no_undo(
    run: Command, world: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After more quiet runs than `keep_runs` the first import can still be taken back."""
    monkeypatch.setenv("STASH_SYNC_KEEP_RUNS", "2")
    for _ in range(4):
        assert run("sync", *world, "--quiet").code == 0
    ended = run("undo", "last", *world)
    assert ended.code == 0
    assert "Run 1 is taken back" in ended.out


def _runs(world: list[object]) -> list[object]:
    """The rows of the runs so far; none without the table."""
    with closing(sqlite3.connect(str(world[1]))) as connection:
        has_any = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sync_run'").fetchone()
        return connection.execute("SELECT * FROM sync_run").fetchall() if has_any else []
