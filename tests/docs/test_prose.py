"""Docstrings obey the rules of prose that a program can check."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("stash", "metadata")

VAGUE = re.compile(r"(What|Whether|Likewise|As|Of|Who|Whose|Where|Which|How)\b")
"""First words that name no subject."""

MOST_WORDS = 25
"""Words of a first line."""

ALLOWED: dict[str, dict[str, int]] = {
    "first word": {},
}
"""Docstrings that still offend, by rule and folder."""


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each docstring of a file with its line: of modules, classes, functions, constants and fields."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        before: ast.stmt | None = None
        for one in node.body:
            is_documenting = before is None or isinstance(before, ast.Assign | ast.AnnAssign | ast.TypeAlias)
            if (
                is_documenting
                and isinstance(one, ast.Expr)
                and isinstance(one.value, ast.Constant)
                and isinstance(one.value.value, str)
            ):
                yield one.lineno, one.value.value.strip()
            before = one


def offences(text: str) -> Iterator[str]:
    """Yield the rules that a docstring breaks."""
    first = text.partition("\n")[0]
    if VAGUE.match(first):
        yield "first word"
    if ";" in first:
        yield "semicolon"
    if len(first.split()) > MOST_WORDS:
        yield "length"


def folder_of(path: Path) -> str:
    """Return the package of a file: its two topmost folders."""
    return "/".join(path.relative_to(ROOT).parent.parts[:2])


def found() -> dict[str, dict[str, list[str]]]:
    """Return the places of all offences, by rule and folder."""
    places: dict[str, dict[str, list[str]]] = {"first word": {}, "semicolon": {}, "length": {}}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for line, text in docstrings(path):
                for rule in offences(text):
                    place = f"{path.relative_to(ROOT)}:{line} {text.partition(chr(10))[0]}"
                    places[rule].setdefault(folder_of(path), []).append(place)
    return places


@pytest.mark.parametrize("rule", ["first word", "semicolon", "length"])
def test_docstrings_obey(rule: str) -> None:
    """No folder has more docstrings that break a rule than it is allowed, and none is allowed more than it has."""
    places = found()[rule]
    counts = Counter({folder: len(some) for folder, some in places.items()})
    assert counts == Counter(ALLOWED.get(rule, {})), "\n".join(
        one for some in places.values() for one in some
    )


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("Return the rows.", []),
        ("What is kept.", ["first word"]),
        ("As a header takes it.", ["first word"]),
        ("Assigns ids.", []),
        ("Return the rows; keep the rest.", ["semicolon"]),
        ("Return the rows.\n\nFirst; second.", []),
        ("word " * 26, ["length"]),
    ],
)
def test_rules(text: str, rules: list[str]) -> None:
    """Each rule is about the first line, and a word that only begins like a vague one is allowed."""
    assert list(offences(text)) == rules
