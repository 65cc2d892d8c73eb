"""What a person sees: each command fits a terminal of 80 columns, and is plain in a pipe."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.cells import cell_len

from stash.cli.main import main
from stash.cli.output import Output
from stash.cli.progress import ConsoleProgress
from stash.cli.summaries import report_lines
from stash.demo import files, write_world
from stash.next_steps import UNSCANNED
from stash.report import PLURALS, Planned, Report, Unmatched

ROOT = Path(__file__).resolve().parents[2]
COLUMNS, LINES = 80, 24
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world, synced into an embedded Stash by the command line."""
    folder = tmp_path_factory.mktemp("screens")
    write_world(folder, creators=2, items=16)
    (folder / "stash-sync.toml").write_text('database = "metadata.sqlite"\ndownloads = "downloads"\n')
    arguments = command("run", "--payloads", "payloads", *STASH)
    subprocess.run(arguments, cwd=folder, env=environment(), capture_output=True, check=True, timeout=120)
    return folder


STASH = ("--embedded-dir", "stash")

COMMANDS = {
    "settings": ("settings",),
    "status": ("status",),
    "runs": ("runs",),
    "report": ("report",),
    "report of a run": ("report", "1"),
    "doctor": ("doctor", *STASH),
    "sync": ("sync", *STASH),
    "dry run": ("sync", "--dry-run", "--quiet", *STASH),
    "check": ("check", "--quiet", *STASH),
}


def command(*arguments: str) -> list[str]:
    """One command, as a process."""
    return [sys.executable, "-m", "stash.cli", *arguments]


def environment() -> dict[str, str]:
    """Nothing but what is needed: no Stash of the user's, no width but the terminal's."""
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "COVERAGE_PROCESS_START") if name in os.environ
    }
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


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


def on_terminal(folder: Path, *arguments: str, with_errors: bool = False) -> list[str]:
    """The lines that a command leaves on a terminal of 80 columns, without colours."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    subprocess.run(["stty", "cols", str(COLUMNS), "rows", str(LINES)], stdin=theirs, check=True)
    written = b""
    with subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs if with_errors else subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        while True:
            select.select([ours], [], [], 120)
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            written += part
        process.wait(timeout=60)
    os.close(ours)
    return ESCAPES.sub("", written.decode()).replace("\r", "").rstrip("\n").split("\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_it_fits_a_screen(synced: Path, name: str) -> None:
    """Each command is on one screen of 80 columns, and no line is broken by the terminal."""
    lines = on_terminal(synced, *COMMANDS[name])
    assert any(line.strip() for line in lines)
    assert [line for line in lines if len(line) > COLUMNS and not line.lstrip().startswith("$ ")] == []
    assert len(lines) < LINES


def test_an_error_is_broken_between_words(synced: Path) -> None:
    """A sentence that is longer than the terminal is wide goes on in the next line with a whole word."""
    lines = on_terminal(synced, "sync", with_errors=True)
    assert lines[-1].split()[-1] == "http://localhost:9999."
    assert max(map(len, lines[-2:])) <= COLUMNS


def test_names_do_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters in texts of the source, in a line, a table or an error, are shown as such."""
    output = Output()
    output.say("a\x1b[2Jb")
    output.paste("c\x9b2J")
    output.table("", ("name",), [["d\x07e\rf"]])
    output.error("g\x1b]0;h")
    printed = capsys.readouterr()
    assert printed.out.split() == ["a�[2Jb", "$", "c�2J", "name", "d�e�f"]
    assert printed.err == "error: g�]0;h\n"


def test_reasons_that_differ_by_an_id_are_one_line() -> None:
    """What differs by the id in its reason alone is counted together; one alone keeps its id."""
    report = Report(run=1)
    for number in range(3):
        report.skip("attachments", str(number), f"the account media 73734448789133568{number} is unknown")
    report.skip("post", "9", "its account 737344487891335689 is unknown")
    lines = list(report_lines(report))
    assert "  3 x the account media … is unknown, such as attachments 0" in lines
    assert "  1 x its account 737344487891335689 is unknown, such as post 9" in lines


def crowded(*, is_plan: bool) -> Report:
    """A report that has something to say of everything."""
    report = Report(run=None if is_plan else 1)
    report.plan = [] if is_plan else None
    for name in PLURALS:
        report.count(name, "updated")
        report.keep(name, "1", "title")
        for field in ("title", "details") if report.plan is not None else ():
            report.plan.append(Planned(name, "1", field, f"{field} " * 9, f"{field} " * 9 + "!", "why"))
    for number in range(5):
        report.skip("post", str(number), f"reason {'abcde'[number]}")
        reason = f"{UNSCANNED} {'abcde'[number]}"
        report.unmatched.append(Unmatched("file", "", f"/dl/{number}.jpeg", reason))
    return report


@pytest.mark.parametrize("is_plan", [True, False])
def test_a_crowded_report_fits_a_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_plan: bool
) -> None:
    """However much there is to say, the essentials are on one screen; in a pipe all reasons are there that a list shows."""
    report = crowded(is_plan=is_plan)
    Output().report(report, Path("plan.html"))
    assert len(capsys.readouterr().out.splitlines()) > LINES
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("LINES", str(LINES))
    Output().report(report, Path("plan.html"))
    lines = ESCAPES.sub("", capsys.readouterr().out).splitlines()
    assert len(lines) < LINES
    assert max(map(len, lines)) <= COLUMNS
    for words in ("Unmatched (5)", "Skipped (5)", "Kept for you (7)", "title of 1 performer"):
        assert any(words in line for line in lines), words
    assert any("Not in this plan: 5 files" in line for line in lines) == is_plan


def test_two_texts_are_shown_from_where_they_differ() -> None:
    """Of two long texts that begin alike a plan shows the parts that differ, and an empty one is called so."""
    same = "The same beginning of a long text"
    plan = [Planned("Image", "1", "title", same, f"{same}, and an end", "the source changed")]
    plan += [Planned("Image", "1", "details", "something", "", "the source changed")]
    lines = list(report_lines(Report(plan=plan)))
    assert "  image 1, title: …ng text -> …ng text, and an end" in lines
    assert "  image 1, details: something -> (empty)" in lines


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


def test_the_doctor_says_where_to_begin(piped, synced: Path) -> None:
    """Below the findings stands the first problem with its step, so that nobody has to scroll; the line to paste is printed."""
    done = piped(synced, "doctor", "--path-map", f"{synced / 'downloads'}=/data", *STASH)
    assert done.returncode == 2
    assert "$ export STASH_SYNC_PATH_MAP=''" in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith("Begin with: Stash sees ")
    assert last.endswith("Take the path map away: both sides have the same paths.")


@pytest.mark.parametrize("name", COMMANDS)
def test_it_is_plain_in_a_pipe(piped, synced: Path, name: str) -> None:
    """In a pipe there is no colour code and nothing is cut."""
    done = piped(synced, *COMMANDS[name])
    assert "\x1b" not in done.stdout + done.stderr
    assert "…" not in done.stdout.replace("(…_id_123.jpg)", "")
    assert done.returncode == 0, done.stderr


def test_json_is_one_object_and_nothing_else(piped, synced: Path) -> None:
    """With --json each command prints one object with its exit code."""
    for name, arguments in COMMANDS.items():
        done = piped(synced, *arguments, "--json")
        content = json.loads(done.stdout)
        assert done.stdout.count("\n") == 1, name
        assert content["exit_code"] == done.returncode, name


def test_wide_characters_take_their_room(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names in Chinese or with emoji, which are two columns wide, break no line and no table."""
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    output = Output()
    output.line("花" * 60)
    output.listing("", ("creator", "files", "outcome"), [("花🌸" * 30, 3, "done"), ("anna", 12, "done")])
    lines = ESCAPES.sub("", capsys.readouterr().out).splitlines()
    assert len(lines) == 4
    assert max(map(cell_len, lines)) <= COLUMNS
    assert lines[2].split()[-2:] == ["3", "done"]


def test_a_long_list_says_what_it_leaves_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more rows than fit a screen those are shown that do, and how many there are more; in a pipe all are."""
    rows = [(f"creator {number}", number) for number in range(60)]
    Output().listing("Creators", ("creator", "files"), rows)
    assert len(capsys.readouterr().out.splitlines()) == 62
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("LINES", str(LINES))
    Output().listing("Creators", ("creator", "files"), rows)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < LINES - 3
    assert lines[-1].startswith("… and 44 more")


def test_what_a_choice_leaves_out_is_said_so(piped, synced: Path) -> None:
    """A file whose item is left out by --skip is not told as one of another creator."""
    out = piped(synced, "sync", "--dry-run", "--skip", "post", "--quiet", *STASH).stdout
    assert "no item that is synced: --only, --skip or the settings leave some out" in out
    assert "Sync its creator too" not in out


def test_before_the_first_run(piped, tmp_path: Path) -> None:
    """Where there was no run yet, `runs` and `report` say what would be the first."""
    write_world(tmp_path, creators=1, items=6)
    flags = ("--database", "metadata.sqlite")
    assert piped(tmp_path, "ingest", "payloads", *flags).returncode == 0
    assert piped(tmp_path, "runs", *flags).stdout == (
        "There was no run yet; `stash-sync sync --dry-run` shows what the first would do.\n"
    )
    done = piped(tmp_path, "report", *flags)
    assert (done.returncode, done.stderr) == (
        2,
        "error: There was no run yet; `stash-sync sync` is the first.\n",
    )


def test_status_tells_what_is_pending(piped, synced: Path, tmp_path: Path) -> None:
    """A file with a row that was never synced is pending for its creator; after a sync nothing is."""
    assert [one["pending"] for one in json.loads(piped(synced, "status", "--json").stdout)["creators"]] == [
        0,
        0,
    ]
    write_world(tmp_path, creators=1, items=6)
    flags = ("--database", "metadata.sqlite", "--downloads", "downloads")
    assert piped(tmp_path, "ingest", "payloads", *flags[:2]).returncode == 0
    (creator,) = json.loads(piped(tmp_path, "status", *flags, "--json").stdout)["creators"]
    assert (creator["pending"] > 0, creator["last_sync"]) == (True, None)


def test_settings_say_where_each_comes_from(piped, synced: Path) -> None:
    """Settings of the file come first, with its name; those that are not set are named in a line."""
    out = piped(synced, "settings").stdout
    assert re.search(r"database +/.*/metadata.sqlite +stash-sync.toml", out)
    assert re.search(r"patience +300.0 +default", out)
    assert "Not set: url, api_key, " in out


def test_a_report_and_a_plan_become_pages(piped, synced: Path) -> None:
    """`report --html` and `sync --dry-run --html` write a page, whose lines to paste begin with what was typed."""
    assert "The page is in run.html." in piped(synced, "report", "1", "--html", "run.html").stdout
    arguments = ("sync", "--dry-run", "--overwrite", "title", "--html", "plan.html", "--skip", "#sea", *STASH)
    assert piped(synced, *arguments).returncode == 0
    base = "stash-sync sync --overwrite title --skip &#39;#sea&#39; --embedded-dir stash"
    assert base in (synced / "plan.html").read_text("utf-8")
    assert "Run 1: run" in (synced / "run.html").read_text("utf-8").replace("Run 1: sync", "Run 1: run")


def test_a_page_that_cannot_be_written_is_one_error(piped, synced: Path) -> None:
    """Where the page cannot be written there is one sentence, one object, and exit 6."""
    done = piped(synced, "sync", "--dry-run", "--json", "--html", "no/such/plan.html", *STASH)
    assert done.returncode == 6
    assert "cannot be written" in json.loads(done.stdout)["error"]


def test_a_wrong_downloads_folder_is_no_silence(piped, synced: Path, tmp_path: Path) -> None:
    """Where no file of the downloads is of the creators a sync says so first, with the next step, instead of "Nothing to do"."""
    (tmp_path / "mine.jpeg").write_bytes(files.jpeg("mine"))
    for name, words in (("", "(1 of others)"), ("empty", "holds no file that Stash takes")):
        (tmp_path / name).mkdir(exist_ok=True)
        flags = ("sync", "--dry-run", "--quiet", "--downloads", str(tmp_path / name), *STASH)
        out = piped(synced, *flags).stdout
        first = out[out.index("Skipped") :].splitlines()[1:3]
        assert words in first[0]
        assert "Let the doctor look" in first[1]
        assert out.splitlines()[-1] == "Nothing to do, but see what was left out."
    assert "downloads folder" not in piped(synced, "sync", "--dry-run", *STASH).stdout


def test_only_and_skip_reach_the_sync(piped, synced: Path) -> None:
    """What is skipped is not planned; a word that means nothing is exit 2 with those that do."""
    done = piped(synced, "sync", "--dry-run", "--skip", "@lena_fields", "--only", "post", "--json", *STASH)
    assert json.loads(done.stdout)["entities"]["studios"]["unchanged"] == 2
    wrong = piped(synced, "check", "--only", "lena", *STASH)
    assert wrong.returncode == 2
    assert "@creator" in wrong.stderr


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
