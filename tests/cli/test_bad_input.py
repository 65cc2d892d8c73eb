"""Bad input of every command: one sentence, and its exit code."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CASES = (
    "no Stash",
    "no answer",
    "no address",
    "no database",
    "no such database",
    "not a database",
    "an empty file",
    "another database",
    "no downloads",
    "no such downloads",
    "no such creator",
    "no such flag",
    "no such command",
    "a wrong map",
    "a foreign database",
    "no library",
    "no number",
    "no such payloads",
    "nothing to overwrite",
    "no place for a state",
    "no place for a demo",
    "no limit",
)


def bad_input(tmp_path: Path) -> dict[str, tuple[list[object], int, str]]:
    """What a user may get wrong: flags, exit code, and words of the sentence."""
    (tmp_path / "text").write_text("hello")
    (tmp_path / "empty").write_text("")
    with sqlite3.connect(tmp_path / "other.sqlite") as connection:
        connection.execute("CREATE TABLE things (id INTEGER)")
    connection.close()
    folder = tmp_path / "dl"
    folder.mkdir()
    here = ["--embedded-dir", tmp_path / "e", "--downloads", folder]
    world = tmp_path / "made.sqlite"
    return {
        "no Stash": (["sync", "--database", world, "--downloads", folder], 2, "STASH_URL"),
        "no answer": (
            ["sync", "--url", "http://127.0.0.1:9", "--database", world, "--downloads", folder],
            5,
            "does not answer",
        ),
        "no address": (
            ["sync", "--url", "stash", "--database", world, "--downloads", folder],
            2,
            "no address",
        ),
        "no database": (["sync", *here], 2, "STASH_SYNC_DATABASE_URL"),
        "no such database": (["sync", *here, "--database", tmp_path / "none"], 2, "does not exist"),
        "not a database": (["sync", *here, "--database", tmp_path / "text"], 6, "text"),
        "an empty file": (["sync", *here, "--database", tmp_path / "empty"], 6, "empty"),
        "another database": (["sync", *here, "--database", tmp_path / "other.sqlite"], 6, "other.sqlite"),
        "no downloads": (
            ["sync", "--url", "http://127.0.0.1:9", "--database", world],
            2,
            "STASH_SYNC_DOWNLOADS",
        ),
        "no such downloads": (
            ["sync", "--url", "http://127.0.0.1:9", "--database", world, "--downloads", tmp_path / "none"],
            2,
            "does not exist",
        ),
        "no such creator": (["sync", "nobody", *here, "--database", world], 2, "nobody"),
        "no such flag": (["sync", "--colour"], 2, "--colour"),
        "no such command": (["paint"], 2, "paint"),
        "a wrong map": (["sync", *here, "--database", world, "--path-map", "/a"], 2, "host=stash"),
        "a foreign database": (
            ["ingest", folder, "--database", tmp_path / "other.sqlite"],
            6,
            "other.sqlite",
        ),
        "no library": (["embedded", "--library", tmp_path / "none"], 2, "does not exist"),
        "no number": (["report", "x"], 2, "'x' is no run"),
        "no such payloads": (["ingest", tmp_path / "none", "--database", world], 2, "does not exist"),
        "nothing to overwrite": (["sync", "--overwrite", "tags", *here, "--database", world], 2, "title"),
        "no place for a state": (
            ["sync", "--embedded-dir", tmp_path / "text" / "e", *here[2:], "--database", world],
            2,
            "cannot be made",
        ),
        "no place for a demo": (["demo", "--keep", tmp_path / "text" / "e"], 2, "cannot be made"),
        "no limit": (["runs", "--limit", "0"], 2, "--limit"),
    }


@pytest.mark.parametrize("json_flag", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_sentence(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, json_flag: bool
) -> None:
    """Each mistake ends with its exit code, one sentence with the next step, and nothing written."""
    monkeypatch.setenv("STASH_SYNC_PATIENCE", "0.5")
    arguments, code, words = bad_input(tmp_path)[case]
    run("ingest", tmp_path / "dl", "--database", tmp_path / "made.sqlite")
    before = (tmp_path / "made.sqlite").read_bytes()
    ended = run(*arguments, *(["--json"] if json_flag else []))
    assert ended.code == code, ended.err
    assert words in ended.err.replace("\n", " ")
    assert len(ended.err.strip().splitlines()[-1]) < 400
    if json_flag:
        assert ended.json["exit_code"] == code
        assert words in ended.json["error"]
    assert (tmp_path / "made.sqlite").read_bytes() == before
