"""docs/architecture.md: its terms are those of the code, its way is the one that an image takes."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.conftest import made_world

if TYPE_CHECKING:
    from types import FrameType

    from tests.conftest import Server

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def table(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its head."""
    section = PAGE.split(f"\n{heading}\n", 1)[1]
    lines: list[str] = []
    for line in section.splitlines():
        if line.startswith("| "):
            lines.append(line)
        elif lines and not line.startswith("|"):
            break
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:] if "---" not in line
    ]


TERMS = table("## Terms")
WAY = [(row[0].strip("`"), row[1].strip("`")) for row in table("## The way of one image")]


@pytest.mark.parametrize("term", TERMS, ids=lambda row: row[0])
def test_a_term_is_in_the_code(term: list[str]) -> None:
    """Each term of the page names a class, function or field of the module beside it."""
    for path, names in re.findall(r"`(stash/[\w/]+\.py)`: ((?:`\w+(?:\.\w+)?`(?:, )?)+)", term[2]):
        text = (ROOT / path).read_text("utf-8")
        for name in re.findall(r"\w+", names):
            assert re.search(rf"\b(class|def|type) {name}\b|\b{name}(:| =)", text), (path, name)


def test_the_modules_are_there() -> None:
    """Each file and folder of the drawing exists, and each folder of `stash` is in it."""
    drawing = PAGE.split("## Modules")[1].split("```text")[1].split("```")[0]
    assert all(
        (ROOT / "stash" / name).exists()
        for name in re.findall(r"^  (\w+/)", drawing.split("metadata/")[0], re.MULTILINE)
    )
    folders = {path.name for path in (ROOT / "stash").iterdir() if (path / "__init__.py").is_file()}
    named = set(re.findall(r"\b(\w+)/", drawing)) | {"demo", "embedded", "cli", "page"}
    assert folders <= named
    known = {path.name for path in (ROOT / "stash").rglob("*.py")} | {
        path.name for path in (ROOT / "metadata").rglob("*.py")
    }
    assert set(re.findall(r"\b\w+\.py\b", drawing)) <= known


@pytest.mark.parametrize("row", table("## The way of an undo"), ids=lambda row: row[0])
def test_the_way_of_an_undo_is_there(row: list[str]) -> None:
    """Each function of the way of an undo is in its file."""
    path, name = row[0].strip("`"), row[1].strip("`")
    assert re.search(rf"\bdef {name}\(", (ROOT / path).read_text("utf-8"))


def test_the_way_is_short() -> None:
    """A reader opens at most 16 files for one image."""
    assert len({path for path, _ in WAY}) == len(WAY) <= 16


async def test_an_image_takes_the_way(embedded: Server, tmp_path: Path) -> None:
    """A first sync enters the functions of the page one after the other, in its order."""
    world = await made_world(embedded, tmp_path / "world", creators=1, items=1)
    entered: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event != "call" or len(entered) == len(WAY):
            return
        path, name = WAY[len(entered)]
        if (frame.f_code.co_filename, frame.f_code.co_name) != (str(ROOT / path), name):
            return
        if (path, name) not in WRITING or is_of_an_image(frame):
            entered.append((path, name))

    sys.setprofile(note)
    try:
        report = await world.sync()
    finally:
        sys.setprofile(None)
    assert report.entities["images"].updated > 0
    assert entered == WAY


WRITING = WAY[WAY.index(("stash/processing/flush.py", "flush")) :]
"""People, studios and tags go this part of the way before the image."""


def is_of_an_image(frame: FrameType) -> bool:
    """Tell whether a call is about an image: its arguments name the type or its mutation."""
    return bool(re.search(r"Image\(|imageUpdate|ImageUpdate|'Image'", str(frame.f_locals)))


OLD_CLASSES = [
    "Wish",
    "Applied",
    "Memory",
    "Declined",
    "SettledPart",
    "Decided",
    "Deciding",
    "Batch",
    "Content",
    "Working",
    "Run",
    "Applying",
    "Standing",
    "Recording",
    "Recorder",
    "Noted",
    "Recalling",
    "Twins",
    "Withdrawing",
    "Finding2",
    "Unmatching",
    "Effect",
    "Turn",
    "Planning",
    "Undoing",
    "Door",
    "Wire",
    "Patience",
    "Line",
    "Lines",
    "Turns",
    "Births",
    "UnreadLinks",
    "Linked",
    "Kind",
    "Files",
    "HostFile",
    "Scrutiny",
    "RowScrutiny",
    "Census",
    "Offered",
    "CreatorProcessing",
    "ValueDecision",
    "SetDecision",
    "Coverage",
    "Operation",
    "Place",
    "Survey",
    "JournalBase",
    "LookingBack",
    "TakingBack",
    "RollingBack",
    "Entities",
    "Parts",
    "Operations",
]
OLD_NAMES = [
    "as_kept",
    "memories",
    "unsettled",
    "looked_for",
    "unwritten",
    "stamps",
    "is_littered",
    "beaten_at",
    "has_news",
    "has_plans",
    "settled_part",
    "theirs",
    "doomed",
    "condemned",
    "twins",
    "give_way",
    "look_back",
    "look_again",
    "forget_part",
    "caught_up",
    "pass_on",
    "at_work",
    "intact",
    "together",
    "meanwhile",
    "why_idle",
    "people_of",
    "holders_of",
    "gated",
    "redone",
    "older_twins",
    "with_older",
    "seen_and_wrote",
]
OLD_MODULES = [
    "engine",
    "pipeline",
    "overlap",
    "patience",
    "wire",
    "wire_failures",
    "interpreter",
    "gating",
    "host_files",
    "whole_files",
    "reaching",
    "wishes",
    "settled",
    "applying",
    "standing",
    "recalling",
    "recording",
    "recorder",
    "withdrawing",
    "twins",
    "finding",
    "undoing",
    "taking_back",
    "making_again",
    "effects",
    "surveying",
    "choosing",
    "looking_back",
    "rolling_back",
    "door",
    "memory",
    "unread",
    "naming",
    "sending",
    "destroying",
    "kinds",
    "batcher",
    "scrutiny",
    "world",
    "census",
    "words",
]


def modules() -> list[Path]:
    """The modules of the product. The embedded Stash and the made-up world have words of their own."""
    return [
        path
        for package in ("stash", "metadata")
        for path in sorted((ROOT / package).rglob("*.py"))
        if not {"embedded", "demo", "versions"} & set(path.parts)
    ]


def test_no_old_word_names_a_class_a_function_or_a_module() -> None:
    """The words of earlier versions name nothing any more."""
    found = []
    for path in modules():
        if path.stem in OLD_MODULES:
            found.append(str(path.relative_to(ROOT)))
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name in OLD_CLASSES:
                found.append(f"{path.relative_to(ROOT)}: {node.name}")
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.strip("_") in OLD_NAMES:
                found.append(f"{path.relative_to(ROOT)}: {node.name}")
            if isinstance(node, ast.Name | ast.arg):
                name = node.id if isinstance(node, ast.Name) else node.arg
                if name.strip("_") in OLD_NAMES:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {name}")
    assert found == []


OLD_PROSE = re.compile(
    r"\b(twins?|births|litter(ed)?|as on a belt|the heart|rooms?\b|doors?\b|wish(es)?\b|settled (part|window)s?|taken? back by)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", ["architecture.md"])
def test_no_old_word_is_on_the_page(name: str) -> None:
    """The page has the terms of its glossary."""
    assert OLD_PROSE.findall((ROOT / "docs" / name).read_text("utf-8")) == []
