"""Figures of how the package is written, each with its limit; `make check` ends with 1 where one is passed.

A limit is lowered with the figure, and never raised.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import grimp

from stash import StashProcessing

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("stash", "metadata")
LONGEST_FILE = 320
MOST_FIELDS = 12
ROWS = ("metadata/models/", "metadata/ingest/payload.py", "stash/source/items.py")
"""Modules whose classes mirror a table or a payload: the source decides how many fields they have."""
CHOICES = {"Settings", "Rules"}
"""Frozen classes with a field for each choice of the user's. They hold no state of a run."""
VAGUE = re.compile(r"(What|Whether|Likewise|As|Of|Who|Whose|Where|Which|How)\b")
"""First words of a docstring that names no subject."""


class Figure(NamedTuple):
    """One figure, what it may be at most, and what it is made of."""

    name: str
    value: float
    limit: float
    examples: list[str]


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Parse every module of the packages but those of the embedded Stash."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if not name.startswith("stash/embedded/"):
                yield name, ast.parse(path.read_text("utf-8"))


def figures() -> Iterator[Figure]:
    """Measure everything that has a limit."""
    trees = dict(modules())
    own = [cls for cls in inspect.getmro(StashProcessing) if cls.__module__.split(".")[0] in PACKAGES]
    yield Figure("classes that StashProcessing is made of", len(own), 8, [cls.__name__ for cls in own])
    rings = in_rings()
    yield Figure("modules that import one another in a ring", len(rings), 0, rings)
    keyed = [name for name, tree in trees.items() if calls_id(tree)]
    yield Figure("files that call id()", len(keyed), 0, keyed)
    classes = [
        (node, module)
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    names = Counter(node.name for node, _ in classes if not node.name.startswith("_"))
    twice = sorted(name for name, times in names.items() if times > 1)
    yield Figure("class names that are used twice", len(twice), 0, twice)
    own_classes = [
        node for node, module in classes if not module.startswith(ROWS) and node.name not in CHOICES
    ]
    large = [f"{node.name} ({fields})" for node in own_classes if (fields := fields_of(node)) > MOST_FIELDS]
    yield Figure(f"classes of more than {MOST_FIELDS} fields, rows and choices aside", len(large), 2, large)
    lengths = {name: len((ROOT / name).read_text("utf-8").splitlines()) for name in trees}
    long = [f"{name} ({lines})" for name, lines in lengths.items() if lines > LONGEST_FILE]
    yield Figure(f"files of more than {LONGEST_FILE} lines", len(long), 0, long)
    first = [line for tree in trees.values() for line in first_lines(tree)]
    vague = [line for line in first if VAGUE.match(line)]
    yield Figure(
        "docstrings whose first word names no subject, in %", 100 * len(vague) / len(first), 2, vague
    )
    double = [line for line in first if ";" in line]
    yield Figure(
        "docstrings with a semicolon in the first line, in %", 100 * len(double) / len(first), 0.1, double
    )


def in_rings() -> list[str]:
    """Find the modules that import one another, annotations included."""
    graph = grimp.build_graph(*PACKAGES)
    found = {
        module
        for module in graph.modules
        if not module.startswith("stash.embedded")
        for other in graph.find_modules_directly_imported_by(module)
        if graph.find_shortest_chain(importer=other, imported=module) is not None
    }
    return sorted(found)


def calls_id(tree: ast.Module) -> bool:
    """Tell whether a module calls `id`, whose value may be given again once the object is freed."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "id"
        for node in ast.walk(tree)
    )


def fields_of(node: ast.ClassDef) -> int:
    """Count the fields that a class declares or its `__init__` sets."""
    declared = {
        one.target.id
        for one in node.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    }
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            declared |= {
                one.attr
                for one in ast.walk(method)
                if isinstance(one, ast.Attribute)
                and isinstance(one.ctx, ast.Store)
                and isinstance(one.value, ast.Name)
                and one.value.id == "self"
            }
    return len(declared)


def first_lines(tree: ast.Module) -> Iterator[str]:
    """Read the first line of every docstring of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield text.partition("\n")[0]


def main() -> int:
    """Print each figure beside its limit, and what is too much where one is passed."""
    code = 0
    for figure in figures():
        is_over = figure.value > figure.limit
        code |= is_over
        print(f"{'!' if is_over else ' '} {figure.value:6.4g} of {figure.limit:4.4g}  {figure.name}")
        if is_over or "-v" in sys.argv:
            for example in figure.examples[: None if "-v" in sys.argv else 10]:
                print(f"         {example}")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
