"""The pages: what they name exists, and they are easy to read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the project leads to one."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_a_heading_find_it(page: Path) -> None:
    """Every link into a page leads to one of its headings."""
    for path, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text("utf-8")):
        text = (page.parent / path if path else page).read_text("utf-8")
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_files_and_tests_exist(page: Path) -> None:
    """Every file that a page names exists, and every test in it."""
    text = page.read_text("utf-8")
    for path, _, test in re.findall(r"`((?:stash|metadata|tests|docs)/[\w./]+\.(?:py|md))(::(\w+))?`", text):
        assert (ROOT / path).is_file(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text("utf-8"), f"{path}::{test}"


def test_make_targets_exist() -> None:
    """Every make target that a page names is one."""
    texts = [page.read_text("utf-8") for page in PAGES]
    named = {
        target for text in texts for target in re.findall(r"(?:`|^\$? ?)make ([a-z]+)", text, re.MULTILINE)
    }
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert named - targets == set()
    assert {"demo", "test", "install", "check", "help"} <= targets


def test_processing_is_clean() -> None:
    """The processing package holds no filter dict, no call of the client and no cache invalidation."""
    for path in (ROOT / "stash" / "processing").rglob("*.py"):
        assert not re.search(r'"modifier"|\bclient\.\w+\(|invalidate', path.read_text("utf-8")), path


EASY = [
    page
    for page in PAGES
    if page.parent.name in {"how-to", "reference"}
    or page.name in {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}
    or page.name in {"tutorial.md", "troubleshooting.md", "trust.md", "benchmarks.md"}
]
"""The pages for users. The others are for whoever changes the program."""
LONGEST = 25


def sentences(text: str) -> Iterator[str]:
    """Return the sentences of a page: of its paragraphs, its lists and the cells of its tables, without code."""
    text = re.sub(r"^```.*?^```|<!--.*?-->", "\n\n", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`]*`", "code", re.sub(r"\]\([^)]*\)", "]", text))
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-|#]|\d+\.) ?)", text):
        for cell in re.split(r" \| |^\s*\|", block):
            yield from re.split(r"(?<=[.!?:])\s", " ".join(cell.split()))


@pytest.mark.parametrize("page", EASY, ids=lambda page: str(page.relative_to(ROOT)))
def test_sentences_are_short(page: Path) -> None:
    """No sentence of a page for users has more than 25 words."""
    told = [one for one in sentences(page.read_text("utf-8")) if not one.startswith("[![")]
    assert [one for one in told if len(re.findall(r"[\w'-]+", one)) > LONGEST] == []
    assert len(told) > 10
