"""What a person sees: each command fits a terminal of 80 columns, and is plain in a pipe."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
from pathlib import Path

import pytest
from rich.cells import cell_len

from stash.cli.output import Output
from stash.cli.summaries import report_lines
from stash.next_steps import UNSCANNED
from stash.report import PLURALS, FieldChange, Report, RunHeader, Unmatched
from tests.cli.screens import COMMANDS, command, environment

COLUMNS, LINES = 80, 24


ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


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
    report = Report(RunHeader(1))
    for number in range(3):
        report.skip("attachments", str(number), f"the account media 73734448789133568{number} is unknown")
    report.skip("post", "9", "its account 737344487891335689 is unknown")
    lines = list(report_lines(report))
    assert "  3 x the account media … is unknown, such as attachments 0" in lines
    assert "  1 x its account 737344487891335689 is unknown, such as post 9" in lines


def crowded(*, is_plan: bool) -> Report:
    """A report that has something to say of everything."""
    report = Report(RunHeader(None if is_plan else 1))
    report.plan = [] if is_plan else None
    for name in PLURALS:
        report.count(name, "updated")
        report.keep(name, "1", "title")
        for field in ("title", "details") if report.plan is not None else ():
            report.plan.append(FieldChange(name, "1", field, f"{field} " * 9, f"{field} " * 9 + "!", "why"))
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
    plan = [FieldChange("Image", "1", "title", same, f"{same}, and an end", "the source changed")]
    plan += [FieldChange("Image", "1", "details", "something", "", "the source changed")]
    lines = list(report_lines(Report(plan=plan)))
    assert "  image 1, title: …ng text -> …ng text, and an end" in lines
    assert "  image 1, details: something -> (empty)" in lines


@pytest.mark.parametrize("name", COMMANDS)
def test_it_is_plain_in_a_pipe(piped, synced: Path, name: str) -> None:
    """In a pipe there is no colour code and nothing is cut."""
    done = piped(synced, *COMMANDS[name])
    assert "\x1b" not in done.stdout + done.stderr
    assert "…" not in done.stdout.replace("(…_id_123.jpg)", "")
    assert done.returncode == 0, done.stderr


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
