"""The flags of every command: their names, their order, and one meaning each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import typer

from stash.cli.flags import Creators, Json  # noqa: TC001 - read when the command is made
from stash.cli.groups import ChoiceFlags, RunFlags, spelt_out
from stash.cli.main import app

if TYPE_CHECKING:
    from typer.core import TyperCommand

OUTPUT = "--json --quiet --verbose --log-format"
PLACES = "--url --database --downloads --path-map --embedded-dir"
CHOICE = "--html --only --skip --overwrite"
RUN = f"--dry-run --scan {CHOICE} --no-scan --force --recreate --redo --full"

FLAGS = {
    "sync": f"creators {RUN} --restored {PLACES} {OUTPUT}",
    "run": f"creators --download-command --payloads {RUN} {PLACES} {OUTPUT}",
    "check": f"creators --strict {CHOICE} {PLACES} {OUTPUT}",
    "watch": "creators --interval --no-scan --only --skip --overwrite --url --database --downloads --path-map "
    "--embedded-dir --json --verbose --log-format",
    "undo": "run --dry-run --force --url --database --downloads --embedded-dir --json",
    "doctor": f"--fix {PLACES} --json --quiet",
    "report": "run --html --database --downloads --json",
    "status": "--database --downloads --json",
    "runs": "--limit --database --json",
    "forget": "--yes --database --json",
    "settings": "--json",
    "ingest": "paths --database --json --quiet",
    "demo": "--keep --json",
    "embedded": "--library --port --embedded-dir --json",
}
"""The parameters of each command, in the order of its help."""

OF_THEIR_OWN = {
    ("undo", "--dry-run"),
    ("undo", "--force"),
    ("doctor", "--quiet"),
    ("embedded", "--embedded-dir"),
    ("report", "run"),
    ("undo", "run"),
}
"""Flags that mean something else in one command."""


def commands() -> dict[str, TyperCommand]:
    """Every command as typer knows it."""
    return typer.main.get_command(app).commands


def test_every_command_has_its_flags() -> None:
    """Each command takes exactly these parameters, in this order."""
    found = {name: " ".join(one.opts[0] for one in made.params) for name, made in commands().items()}
    assert found == FLAGS


def test_a_flag_means_the_same_everywhere() -> None:
    """A flag of several commands has one type, one default and one help, but for the few of their own."""
    meanings: dict[str, set[str]] = {}
    for command, made in commands().items():
        for one in made.params:
            if (command, one.opts[0]) not in OF_THEIR_OWN:
                meaning = f"{one.opts} {one.display_type(None)} {one.default!r} {one.help}"
                meanings.setdefault(one.opts[0], set()).add(meaning)
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_a_group_is_made_of_its_flags() -> None:
    """A command gets its groups, and the groups within them, filled with what was given, or with the defaults."""
    given: list[object] = []

    def command(creators: Creators = None, *, how: RunFlags, json: Json = False) -> int:
        given.extend((creators, how, json))
        return 7

    app = typer.Typer()
    app.command()(spelt_out(command))
    assert app(["anna", "--only", "wall", "--only", "post", "--redo"], standalone_mode=False) == 7
    choice = ChoiceFlags(only=["wall", "post"])
    assert given == [["anna"], RunFlags(choice=choice, redo=True), False]


@pytest.mark.parametrize("name", list(FLAGS))
def test_no_command_takes_many_parameters(name: str) -> None:
    """A command takes at most five parameters: what several share comes as a group."""
    command = commands()[name].callback
    while hasattr(command, "__wrapped__"):
        command = command.__wrapped__
    assert command.__code__.co_argcount + command.__code__.co_kwonlyargcount <= 5
