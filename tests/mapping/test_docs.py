"""The table of docs/mapping.md: every field of every database, where it goes, and the test that shows it."""

from __future__ import annotations

import inspect
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from metadata.models import Base
from stash.settings import Settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "mapping.md").read_text("utf-8")
FIELD = re.compile(r"`(\w+)\.(\w+|\*)`")
USED, UNUSED = PAGE.split("## Field by field")[1].split("## Fields that are not used")
SAMPLES = {
    "SQLite": "downloader_sqlite_era.sqlite3",
    "ORM": "downloader_orm_era.sqlite",
    "v0.15": "downloader_v0_15.sqlite",
}


def rows() -> list[list[str]]:
    """The cells of the rows of used fields."""
    lines = [line for line in USED.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def columns() -> set[tuple[str, str]]:
    """Every column of every table that is known."""
    return {(table.name, column.name) for table in Base.metadata.tables.values() for column in table.c}


def test_every_field_stands_there_once() -> None:
    """Each column has a row of its own or is named among those not used, and nothing else is."""
    used = [found for cells in rows() for found in FIELD.findall(cells[0])]
    assert len(used) == len(rows())
    unused = []
    for table, column in FIELD.findall(UNUSED):
        whole = [one for one in columns() if one[0] == table]
        unused += whole if column == "*" else [(table, column)]
    assert sorted([*used, *unused]) == sorted(columns())


def test_every_used_field_names_its_test() -> None:
    """Each row ends with a test; that the tests exist is shown for all pages."""
    for cells in rows():
        assert re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`", cells[3]), cells
        assert cells[1]


@pytest.mark.parametrize("cells", rows(), ids=lambda cells: cells[0].strip("`"))
def test_the_first_version_is_right(shared: Path, cells: list[str]) -> None:
    """The databases of the version named, and of later ones, have the field; those before have not."""
    ((table, column),) = FIELD.findall(cells[0])
    eras = list(SAMPLES)
    for place, era in enumerate(eras):
        uri = f"file:{shared / 'samples' / SAMPLES[era]}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            found = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        assert (column in found) == (place >= eras.index(cells[2])), era


def test_every_choice_stands_there() -> None:
    """The settings that the page names exist, and those that shape the mapping are all named."""
    part = PAGE.split("## Your choices")[1].split("## Field by field")[0]
    named = {name for line in part.splitlines() for name in re.findall(r"^\| `.*?` \|", line)}
    settings = {one for cell in named for one in re.findall(r"`(\w+)`", cell)}
    shaping = set(re.findall(r"self\.(\w+)", inspect.getsource(Settings.rules)))
    assert settings == shaping | {"downloader_config", "reorganised"}
