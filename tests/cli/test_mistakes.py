"""Words: typing mistakes are refused with the nearest name, in our own sentences, and figures read as a person says them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stash.setting_words import refuse_unknown_variables
from stash.settings import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Ended


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
