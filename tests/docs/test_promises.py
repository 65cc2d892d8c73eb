"""The page of promises: each has a row, and what the row names to show it is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROWS = re.findall(r"^\| (R\d+) \|(.*)\|$", (ROOT / "docs" / "promises.md").read_text("utf-8"), re.MULTILINE)
TESTS = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
KINDS = set("ABCDEFGHIJKLMNO")
"""The kinds of faults that were found and mended; each has a rule."""
OPEN = {"R28", "R29"}
"""What cannot be shown here."""


def test_every_promise_has_its_row() -> None:
    """R1 to R29, each once and in order, all with the same columns."""
    assert [name for name, _ in ROWS] == [f"R{number}" for number in range(1, 30)]
    assert {row.count("|") for _, row in ROWS} == {4}


def test_every_row_names_a_test_that_is_there() -> None:
    """The test that a row names exists under that name; a row without one says that it is open."""
    for name, row in ROWS:
        named = TESTS.findall(row)
        assert bool(named) is (name not in OPEN), name
        assert named or "open" in row, name
        for path, test in named:
            assert f"def {test}(" in (ROOT / path).read_text("utf-8"), f"{name}: {path}::{test}"


def test_every_rule_names_tests_that_are_there() -> None:
    """Each rule that a kind of fault has taught names its tests, and they exist under those names."""
    text = (ROOT / "docs" / "promises.md").read_text("utf-8")
    rules = re.findall(r"^\| ([A-O0-9]+)[^|]* \| (.*) \|$", text, re.MULTILINE)
    assert {kind for kind, _ in rules} >= KINDS
    for kind, row in rules:
        assert "`tests/" in row, kind
        for path, test in TESTS.findall(row):
            assert f"def {test}(" in (ROOT / path).read_text("utf-8"), f"{kind}: {path}::{test}"


def test_every_size_of_torture_is_one() -> None:
    """Each variable that the Makefile sets is asked for by a suite, and each one that a suite asks for is set."""
    sources = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py")]
    asked = {name for text in sources for name in re.findall(r'\bsize\(\s*"(\w+)"', text)} - {"REAL_ITEMS"}
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert set(re.findall(r"TORTURE_(\w+)=\d", makefile)) == asked
