"""MIGRATION.md: its boxes are ticked by tests that exist, its commands run, its excerpts are the code."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "MIGRATION.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE)
EXCERPTS = re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE, re.DOTALL)
_TEST = re.compile(r"`(tests/[\w./]+\.py)(?:::(\w+))?`|`make \w+`")


def test_every_box_names_what_ticks_it() -> None:
    """Each ticked box names a test, or the command that shows it; the phases and the list of ten are whole."""
    boxes = re.findall(r"^- \[x\] (.*(?:\n  .*)*)", PAGE, re.MULTILINE)
    assert [box for box in boxes if not _TEST.search(box)] == ["Figures against the replayed \"before\" pattern, the library's store and a bare script: [docs/benchmarks.md](docs/benchmarks.md)"]  # fmt: skip
    assert re.findall(r"^### Phase (\d)", PAGE, re.MULTILINE) == list("1234")
    checklist = PAGE.split("## The verification checklist")[1].split("\n## ")[0]
    assert checklist.count("- [x]") == 10


def test_every_promise_has_its_tests() -> None:
    """P1 to P17 are each shown by tests that are there."""
    rows = re.findall(r"^\| P(\d+) \|.*\| (.*) \|$", PAGE, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 18))
    for number, shown in rows:
        named = _TEST.findall(shown)
        assert named, f"P{number}"
        for path, test in named:
            assert not test or f"def {test}(" in (ROOT / path).read_text("utf-8"), f"{path}::{test}"


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(command: str, tmp_path: Path) -> None:
    """Each command of the page ends well."""
    assert COMMANDS
    program, *arguments = command.split()
    found = Path(sys.executable).parent / Path(program).name
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [str(found), *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_excerpts_are_the_code() -> None:
    """What the eight patterns show stands in the files that they name, letter by letter."""
    assert len(EXCERPTS) == PAGE.count("\n### ") - 4 == 8
    for path, excerpt in EXCERPTS:
        assert excerpt in (ROOT / path).read_text("utf-8"), (path, excerpt)


def test_no_retry_by_hand() -> None:
    """No mixin sleeps, counts attempts, or compares the words of an error."""
    for path in (ROOT / "stash" / "processing" / "mixins").glob("*.py"):
        assert not re.search(r"sleep|attempt|already exists", path.read_text("utf-8")), path


@pytest.mark.parametrize(("mark", "folder"), [("lines", "processing"), ("mixins", "processing/mixins")])
def test_the_size_of_the_processing_package(mark: str, folder: str) -> None:
    """The page says how many lines of code it has, and its mixins, to within a twentieth."""
    said = re.search(rf"<!-- {mark} -->([\d,]+)<!-- /{mark} -->", PAGE)
    assert said is not None
    lines = sum(map(code_lines, (ROOT / "stash" / folder).rglob("*.py")))
    assert abs(lines - int(said[1].replace(",", ""))) <= lines / 20


def code_lines(path: Path) -> int:
    """Lines of a module that hold code: no blanks, comments, docstrings."""
    text = path.read_text("utf-8")
    docstrings: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        for one in getattr(node, "body", []) if isinstance(getattr(node, "body", None), list) else []:
            if (
                isinstance(one, ast.Expr)
                and isinstance(one.value, ast.Constant)
                and isinstance(one.value.value, str)
            ):
                docstrings |= set(range(one.lineno, (one.end_lineno or one.lineno) + 1))
    marks = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in marks:
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(code - docstrings)
