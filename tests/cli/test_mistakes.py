"""Words: typing mistakes are refused with the nearest name, in our own sentences, and figures read as a person says them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from stash_graphql_client.types import Image

from metadata.making import open_or_make
from stash.cli.main import main
from stash.cli.output import Output
from stash.cli.summaries import comparison_lines, comparison_of, headline, report_lines
from stash.demo import write_world
from stash.embedded import EmbeddedStash, serve
from stash.journal import Journal
from stash.report import Report, Skipped, Unmatched, counted
from stash.setting_words import refuse_unknown_variables
from stash.settings import VARIABLES, load_settings
from stash.source import sqlite_driver
from stash.source.database import Database
from stash.store import connect

if TYPE_CHECKING:
    from collections.abc import Callable

LIBRARY_WORDS = re.compile(r"(?i)input should|value error|pydantic|unable to parse|\.0 is|<class|_type")


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


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


CHOICES = (
    ("@nobody", "There is no creator nobody"),
    ("@lena_field", "closest are lena_fields"),
    ("#nohash", "No post has the hashtag #nohash"),
    ("#hill", "#hills"),
    ("123", "There is no post, message, story or wall 123"),
    ("post:99999999999999999999", "There is no post"),
    ("pots", "did you mean post"),
    ("picture", "nothing to choose by"),
)


@pytest.mark.parametrize("command", ["sync --only", "sync --skip", "check --only", "run --skip"])
@pytest.mark.parametrize(("word", "words"), CHOICES)
def test_a_choice_that_is_not_there_is_refused(
    cli: Callable[..., Ended], here: tuple[str, str], command: str, word: str, words: str
) -> None:
    """A creator, hashtag, id or kind that the database does not have ends with 2 and the nearest name, never with `--force`."""
    ended = cli(*command.split(), word, *here)
    assert ended.code == 2
    assert words in ended.err
    assert "--force" not in ended.err


def test_what_is_there_is_taken(cli: Callable[..., Ended], here: tuple[str, str]) -> None:
    """Creators in any case or by id, hashtags and ids that the database has are choices."""
    for words in (
        ["--only", "@Lena_Fields"],
        ["--only", "@700000000000000002"],
        ["--skip", "#Hills"],
        ["--only", "post"],
    ):
        assert cli("sync", "--dry-run", *words, *here).code == 0


def test_lasting_settings_are_told_and_nothing_breaks(
    cli: Callable[..., Ended], here: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a setting names that is not there yet is a warning and a note of the doctor; a chosen creator that is not there is exit 2."""
    for name in ("IGNORE_TAGS", "SKIP_TAGS", "SKIP_CREATORS", "SKIP_ITEMS"):
        with monkeypatch.context() as patch:
            patch.setenv(f"STASH_SYNC_{name}", "4711")
            ended = cli("sync", "--dry-run", "--quiet", *here)
            assert (ended.code, ended.err.count("\n")) == (0, 1)
            assert ended.err.startswith(f"warning: {name.lower()} names ")
            doctor = cli("doctor", *here)
            assert (doctor.code, f"The setting {name.lower()} names " in doctor.out) == (0, True)
    monkeypatch.setenv("STASH_SYNC_ONLY_CREATORS", "lena_field")
    for command in (("sync",), ("doctor",), ("check",)):
        ended = cli(*command, *here)
        assert ended.code == 2
        assert "only_creators" in ended.out + ended.err
        assert "lena_fields" in ended.out + ended.err
        assert "--force" not in ended.err


def test_leaving_out_everybody_is_said(cli: Callable[..., Ended], here: tuple[str, str]) -> None:
    """Where the choice leaves no creator, that is what is said, and not that the database is empty."""
    ended = cli("sync", "--skip", "@lena_fields", "--skip", "@marcus.w", *here)
    assert (ended.code, "leave out every creator" in ended.err) == (2, True)


NEAR = (
    ("STASH_SYNC_ONLY_CREATOR", "STASH_SYNC_ONLY_CREATORS"),
    ("STASH_SYNC_PATIANCE", "STASH_SYNC_PATIENCE"),
    ("STASHSYNC_DOWNLOADS", "STASH_SYNC_DOWNLOADS"),
    ("STASH_SYNCDOWNLOADS", "STASH_SYNC_DOWNLOADS"),
    ("STASH_SYNC_DATABASE", "STASH_SYNC_DATABASE_URL"),
    ("STASH_SYNC_URL", "STASH_URL"),
    ("STASH_SYNC_API_KEY", "STASH_API_KEY"),
    ("STASH_APIKEY", "STASH_API_KEY"),
    ("STASH_API_KYE", "STASH_API_KEY"),
    ("STASH_SYNC_NONSENSE", "STASH_"),
)


@pytest.mark.parametrize(("variable", "nearest"), NEAR)
def test_a_variable_that_is_not_there_is_refused(
    cli: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, variable: str, nearest: str
) -> None:
    """A variable that is meant for us and unknown ends every command with 2, and the nearest one is named; its value is not."""
    monkeypatch.setenv(variable, "s3cr3t")
    for command in ("settings", "runs", "doctor"):
        ended = cli(command)
        assert ended.code == 2
        assert f"no variable {variable}" in ended.err
        assert nearest in ended.err.partition("did you mean ")[2]
        assert "s3cr3t" not in ended.err


def test_variables_of_others_are_none_of_ours() -> None:
    """Those of Stash itself, ours in any case, and all others are left alone."""
    others = "STASH_PORT STASH_HOST STASH_STASH STASH_GENERATED STASH_CONFIG_FILE STASH_LIBRARY STASHED PATH STASH_SYNC_DEBUG"
    refuse_unknown_variables([*others.split(), *VARIABLES.values(), "stash_url"], VARIABLES)


VALUES: tuple[tuple[str, str, str], ...] = (
    ("since", "yesterday", "a day such as 2025-01-31"),
    ("until", "32.1.2025", "a day such as"),
    ("kinds", "posts", "message, post, story, wall"),
    ("title", "{titel}", "no {titel}"),
    ("title", "{", "braces"),
    ("studio", "{date}", "no {date}"),
    ("patience", "soon", "a number of seconds"),
    ("patience", "0", "above 0"),
    ("keep_runs", "2.5", "a whole number"),
    ("extras", "colour", "likes"),
    ("rename_tags", "x", "hashtag=name"),
    ("reorganised", "perhaps", "true or false"),
)


@pytest.mark.parametrize(("name", "value", "words"), VALUES)
def test_a_wrong_value_is_said_in_our_words(
    cli: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    """The variable or the setting is named, and what it takes."""
    with monkeypatch.context() as patch:
        patch.setenv(VARIABLES[name], value)
        ended = cli("settings")
        assert ended.code == 2
        assert ended.err.startswith(f"error: {VARIABLES[name]} is wrong: ")
        assert words in ended.err
    Path("stash-sync.toml").write_text(f"{name} = {json.dumps(value)}\n")
    ended = cli("settings")
    assert ended.err.startswith(f"error: The setting {name} is wrong: ")
    assert words in ended.err


def test_a_wrong_key_of_the_file_has_its_nearest(cli: Callable[..., Ended]) -> None:
    """An unknown key of the settings file is refused with the nearest one."""
    Path("stash-sync.toml").write_text('only_creator = "anna"\n')
    assert "did you mean only_creators?" in cli("settings").err


FLAGS = (
    (("runs", "--limit", "x"), "--limit takes a whole number of 1 or more."),
    (("runs", "--limit", "0"), "--limit takes a whole number of 1 or more."),
    (("sync", "--log-format", "x"), "--log-format takes text or json."),
    (("report", "abc"), "'abc' is no run"),
    (("snyc",), "Did you mean 'sync'? See `stash-sync --help`."),
    (("sync", "--scan", "--no-scan"), "--scan and --no-scan"),
)


@pytest.mark.parametrize(("arguments", "words"), FLAGS)
def test_a_wrong_flag_is_said_in_our_words(
    cli: Callable[..., Ended], arguments: tuple[str, ...], words: str
) -> None:
    """What a flag takes is said in words, with one mark at the end of each sentence."""
    ended = cli(*arguments)
    assert ended.code == 2
    assert words in ended.err
    assert "?." not in ended.err


def test_last_is_the_newest_run(cli: Callable[..., Ended]) -> None:
    """`report last`, as `undo last`, names the newest."""
    assert cli("report", "last").out == cli("report").out
    assert "Run 1" in cli("report", "last").out


@pytest.mark.parametrize(
    "command", ["sync", "run", "check", "undo", "doctor", "runs", "ingest", "embedded", ""]
)
def test_help_has_no_type_of_python(cli: Callable[..., Ended], command: str) -> None:
    """Help names types in words, flags without a value have none, and `-h` and `help` show it too."""
    said = cli(*filter(None, [command]), "--help").out
    assert not re.search(r"<\w+|bool|list\[|\bstr\b|\bint\b", said)
    assert cli(*filter(None, [command]), "-h").out == said
    assert cli("help", *filter(None, [command])).out == said
    assert "Beside" not in said


def test_the_shell_is_helped() -> None:
    """The shell's completion knows the commands."""
    asked = {"_STASH_SYNC_COMPLETE": "complete_bash", "COMP_WORDS": "stash-sync s", "COMP_CWORD": "1"}
    script = "import sys; sys.argv = ['stash-sync']; from stash.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **asked}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == ["sync", "settings", "status"] or {"sync", "settings"} <= set(
        done.stdout.split()
    )


# --- figures and sentences ---


@pytest.mark.parametrize(
    ("count", "plural", "said"),
    [(1, "galleries", "1 gallery"), (2, "galleries", "2 galleries"), (1, "writes", "1 write"), (0, "files", "0 files"), (1, "media", "1 media")],
)  # fmt: skip
def test_a_number_goes_with_its_noun(count: int, plural: str, said: str) -> None:
    """One is told in the singular."""
    assert counted(count, plural) == said


def finished(**counts: int) -> Report:
    """A run that made and changed something."""
    report = Report(run=7, requests={"reads": 5, "writes": 1, "mutations": 2, "scan": 0})
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
    assert not [line for line in report_lines(Report(run=8), is_new=True) if "Run 8" in line]


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


def test_forgetting_copies_first_and_says_what_it_means(
    cli: Callable[..., Ended], made: Path, tmp_path: Path
) -> None:
    """Before the memory is dropped the database is copied; what is lost is said before and after."""
    database = shutil.copy(made / "m.sqlite", tmp_path / "m.sqlite")
    asked = cli("forget", "--database", str(database))
    assert (asked.code, "cannot undo earlier runs" in asked.err) == (2, True)
    ended = cli("forget", "--yes", "--database", str(database))
    assert ended.code == 0
    assert "m.sqlite.before-forget" in ended.out
    with closing(sqlite3.connect(tmp_path / "m.sqlite.before-forget")) as connection:
        assert connection.execute("SELECT count(*) FROM sync_run").fetchone() == (1,)


def test_a_wrong_database_gets_no_lock_beside_it(cli: Callable[..., Ended], tmp_path: Path) -> None:
    """A file that is no database is as it was, and nothing lies beside it."""
    (tmp_path / "README.md").write_text("hello")
    assert cli("sync", "--database", "README.md", "--embedded-dir", "e").code == 6
    assert sorted(path.name for path in tmp_path.iterdir() if "README" in path.name) == ["README.md"]


def test_a_database_of_the_file_is_absolute() -> None:
    """A relative path in the settings is one file, wherever it is shown or used."""
    Path("stash-sync.toml").write_text('database = "../x.sqlite"\nstate = "postgresql://h/x"\n')
    settings = load_settings({})
    assert settings.database == f"{Path.cwd()}/../x.sqlite"
    assert settings.state == "postgresql://h/x"


async def test_a_locked_database_is_no_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While another program holds the database, a line says what is waited for."""
    monkeypatch.setattr(sqlite_driver, "SILENCE", 0.05)
    path = tmp_path / "my m.sqlite"
    async with await open_or_make(str(path), busy_timeout=5) as database:
        with closing(sqlite3.connect(path, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            asyncio.get_running_loop().call_later(0.3, other.rollback)
            await Journal.open(database)
    (told,) = [record for record in caplog.records if record.message == "database.waits"]
    assert vars(told)["sentence"].startswith(f"waiting for the database {path} ")


def test_what_a_finished_sync_says_of_items_without_media() -> None:
    """After a sync nobody is told to sync, so that files are scanned; before it they are."""
    for plan, words in ((None, "Download its files again"), ([], "Sync: its files are scanned first.")):
        report = Report(plan=plan, skipped=[Skipped("post", "1", "none of its media is in Stash")])
        report.unmatched.append(Unmatched("image", "1", "/x", "y"))
        assert any(words in line for line in report_lines(report))
