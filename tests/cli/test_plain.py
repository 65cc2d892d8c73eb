"""What a command says in a pipe, in this process."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from stash.demo import files, write_world
from tests.cli.screens import COMMANDS, STASH

if TYPE_CHECKING:
    from pathlib import Path


def test_the_doctor_says_where_to_begin(piped, synced: Path) -> None:
    """Below the findings stands the first problem with its step, so that nobody has to scroll; the line to paste is printed."""
    done = piped(synced, "doctor", "--path-map", f"{synced / 'downloads'}=/data", *STASH)
    assert done.returncode == 2
    assert "$ export STASH_SYNC_PATH_MAP=''" in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith("Begin with: Stash sees ")
    assert last.endswith("Take the path map away: both sides have the same paths.")


def test_json_is_one_object_and_nothing_else(piped, synced: Path) -> None:
    """With --json each command prints one object with its exit code."""
    for name, arguments in COMMANDS.items():
        done = piped(synced, *arguments, "--json")
        content = json.loads(done.stdout)
        assert done.stdout.count("\n") == 1, name
        assert content["exit_code"] == done.returncode, name


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
