"""The fenced blocks of the pages: shell is shell, commands and flags are real, files of settings can be read."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
import yaml  # type: ignore[import-untyped]

import stash.cli.main  # noqa: F401 - it registers every command
from stash.cli.commands import app
from stash.setting_words import refuse_unknown_variables
from stash.settings import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group
BLOCKS = [
    pytest.param(language, block, id=f"{page.relative_to(ROOT)}:{number}")
    for page in PAGES
    for number, (language, block) in enumerate(
        re.findall(r"^```(\w+)\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    )
]
OTHERS = {
    "cd",
    "cp",
    "curl",
    "export",
    "git",
    "kill",
    "make",
    "mv",
    "pg_dump",
    "pip",
    "pytest",
    "python3",
    "rm",
    "sleep",
    "systemctl",
}
"""Programs that are not of this project."""


def commands_in(block: str) -> Iterator[list[str]]:
    """Return the words of each command of a shell block, without its variables."""
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"\w+=.*", words[0]):
            words.pop(0)
        if words:
            yield [word for word in words if word != "&"]


def refuse(words: list[str]) -> str:
    """Return what the command line says against a command of stash-sync. Nothing where it takes it."""
    if words == ["--version"]:
        return ""
    name, *arguments = words
    if name not in COMMANDS:
        return f"there is no command {name}"
    try:
        COMMANDS[name].make_context(name, arguments)
    except typer.TyperException as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("language", "block"), BLOCKS)
def test_a_block_is_what_it_says(language: str, block: str) -> None:
    """A block of shell, TOML, YAML, ini, JSON or Python can be read as that. Other languages are not used."""
    match language:
        case "sh":
            done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
            assert not done.returncode, done.stderr
        case "toml":
            assert tomllib.loads(block)
        case "yaml":
            assert yaml.safe_load(block)
        case "ini":
            configparser.ConfigParser(interpolation=None).read_string(block)
        case "json":
            assert json.loads(block)
        case "python":
            compile(block, "page", "exec", flags=0x2000)  # top-level await, as in a notebook
        case _:
            assert language == "text"


@pytest.mark.parametrize(("language", "block"), BLOCKS)
def test_every_command_is_taken(language: str, block: str) -> None:
    """The command line takes each command of stash-sync in a block, with its flags; other programs are known ones."""
    for words in commands_in(block) if language == "sh" else ():
        program = words[0].rpartition("/")[2]
        if program == "stash-sync":
            assert refuse(words[1:]) == ""
        else:
            assert program in OTHERS, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_inline_command_is_taken(page: Path) -> None:
    """The command line takes each command that a page names in its text."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    named = [shlex.split(one) for one in re.findall(r"`stash-sync ((?!COMMAND|--version)[^`]+)`", text)]
    for words in named:
        is_a_name = len(words) == 1 or words[1:] == ["RUN"]
        assert words[0] in COMMANDS if is_a_name else refuse(words) == "", words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_variable_is_known(page: Path) -> None:
    """Each variable of stash-sync that a page names is one."""
    named = set(re.findall(r"\bSTASH_(?:SYNC_\w+|URL|API_KEY)\b", page.read_text("utf-8")))
    refuse_unknown_variables(named, VARIABLES)
