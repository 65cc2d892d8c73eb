"""The reference pages say what the code has: no flag, setting, variable or exit code more, and none less."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from stash.cli.commands import app
from stash.cli.main import BUG, DONE, INTERRUPTED
from stash.cli.output import DIFFERENT
from stash.cli.signals import BOTH, Signalled
from stash.errors import SyncError
from stash.explaining import explain
from stash.settings import VARIABLES, Settings

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
GROUP: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = GROUP.commands


def page(name: str) -> str:
    """Return the text of a page of reference."""
    return (REFERENCE / name).read_text("utf-8")


def sections(text: str) -> dict[str, str]:
    """Return the text below each heading of the second level."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def kinds_of(base: type[SyncError]) -> set[type[SyncError]]:
    """Return an error and everything derived from it."""
    return {base}.union(*map(kinds_of, base.__subclasses__()))


def test_every_command_has_a_section() -> None:
    """The page of commands has a section for each command, and for no other."""
    assert set(sections(page("commands.md"))) - {"Flags that several commands have"} == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_flag_is_told(name: str) -> None:
    """The first column of a command's table has each of its flags, and no other."""
    rows = re.findall(r"^\| (`-.*?) \|", sections(page("commands.md"))[name], re.MULTILINE)
    told = set(re.findall(r"`(--?[a-z-]+)", " ".join(rows)))
    options = [one for one in COMMANDS[name].params if one.param_type_name == "option"]
    assert told - {"-q", "-v"} == {flag for one in options for flag in one.opts if flag.startswith("--")}


def test_every_flag_of_several_commands_is_explained() -> None:
    """Each flag to which a section refers by `See above` has a row above."""
    found = sections(page("commands.md"))
    above = found.pop("Flags that several commands have")
    referring = re.findall(r"^\| (`-.*?) \| See above\. \|$", "".join(found.values()), re.MULTILINE)
    rows = re.findall(r"^\| (`-.*?) \|", above, re.MULTILINE)
    explained = set(re.findall(r"`(--[a-z-]+)", " ".join(rows)))
    assert referring
    assert set(re.findall(r"`(--[a-z-]+)", " ".join(referring))) <= explained


def test_every_setting_has_its_variable_and_default() -> None:
    """The tables of settings have each setting with its variable and its default, and no other."""
    rows = re.findall(r"^\| `(\w+)` \| `(STASH\w+)` \| (?:`(.*)`)? ?\|", page("settings.md"), re.MULTILINE)
    defaults = {name: value for name, value, source in explain(Settings(), {}) if source == "default"}
    assert {name: variable for name, variable, _ in rows} == VARIABLES
    assert {name: default or "-" for name, _, default in rows} == defaults


def test_the_sample_file_can_be_used() -> None:
    """The sample of a settings file holds values that every setting in it takes."""
    sample = re.search(r"```toml\n(.*?)```", page("settings.md"), re.DOTALL)
    assert sample is not None
    content = tomllib.loads(sample[1])
    assert vars(Settings(**content))["rename_tags"] == {"bts": "behind the scenes"}
    assert content.keys() <= VARIABLES.keys()


def test_every_exit_code_is_told() -> None:
    """The table has the code of each error, of a bug, of a check and of the signals, and no other."""
    told = [int(code) for code in re.findall(r"^\| (\d+) \|", page("exit-codes.md"), re.MULTILINE)]
    codes = {kind.exit_code for kind in kinds_of(SyncError)} | {DONE, BUG, DIFFERENT}
    codes |= {INTERRUPTED, *(Signalled(number).exit_code for number in BOTH)}
    assert told == sorted(codes)
