"""The table of docs/mapping.md: every field of every database, where it goes, and the test that shows it."""

from __future__ import annotations

import inspect
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from metadata.ingest import payload as api
from metadata.ingest.payload import Shape
from metadata.models import Base
from stash.settings import Settings
from tests.conftest import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "mapping.md").read_text("utf-8")
FIELD = re.compile(r"`(\w+)\.(\w+|\*)`")
USED, REST = PAGE.split("## Field by field")[1].split("## Fields that are not used")
UNUSED, PAYLOADS = REST.split("## Fields of payloads")
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
    """Every column of every table that is known: to us, or to a database of the downloader."""
    found = {(table.name, column.name) for table in Base.metadata.tables.values() for column in table.c}
    for name in SAMPLES.values() if SHARED.is_dir() else ():
        with closing(opened(SHARED, name)) as connection:
            tables = [
                row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            known = [table for table in tables if not table.startswith(("sqlite_", "alembic_"))]
            found |= {
                (table, row[1])
                for table in known
                for row in connection.execute(f"PRAGMA table_info({table})")
            }
    return found


def opened(shared: Path, name: str) -> sqlite3.Connection:
    """A sample, as it lies there."""
    return sqlite3.connect(f"file:{shared / 'samples' / name}?mode=ro&immutable=1", uri=True)


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
    eras = [*SAMPLES, "ours"]
    for place, era in enumerate(SAMPLES):
        with closing(opened(shared, SAMPLES[era])) as connection:
            found = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        assert (column in found) == (place >= eras.index(cells[2])), era


KINDS: dict[str, tuple[Shape, set[str]]] = {
    "account": (api.ACCOUNT, {"account", "accounts"}),
    "counts": (api.TIMELINE_STATS, {"timelineStats"}),
    "story state": (api.STORY_STATE, {"mediaStoryState"}),
    "post": (api.POST, {"posts", "aggregatedPosts"}),
    "message": (api.MESSAGE, {"messages", "lastMessage"}),
    "accountMedia": (api.ACCOUNT_MEDIA, {"accountMedia"}),
    "bundle": (api.BUNDLE, {"accountMediaBundles"}),
    "place": (api.BUNDLE_CONTENT, {"bundleContent"}),
    "media": (api.MEDIA, {"media", "preview", "variants", "avatar", "banner"}),
    "location": (api.LOCATION, {"locations"}),
    "attachment": (api.ATTACHMENT, {"attachments"}),
    "mention": (api.MENTION, {"accountMentions"}),
    "group": (api.GROUP, {"groups", "conversations"}),
    "user": (api.GROUP_USER, {"users"}),
    "list of groups": (api.GROUP_ENTRY, {"data"}),
    "story": (api.STORY, {"mediaStories"}),
    "wall": (api.WALL, {"walls"}),
    "pinned post": (api.PINNED_POST, {"pinnedPosts"}),
    "subscription": (api.SUBSCRIPTION, {"subscriptions", "subscription"}),
    "plan": (api.PLAN, {"subscriptionPlans"}),
    "promo": (api.PROMO, {"promos"}),
}
"""What the page calls an object of a payload: what is read of it, and the keys under which it stands."""


def named(part: str) -> list[tuple[str, str]]:
    """The payload fields of a table of the page: (object, field)."""
    lines = [line.strip("|").split(" | ") for line in part.splitlines() if " | `" in line]
    return [
        (kind.strip(), one)
        for kinds, cell, *_ in lines
        for kind in kinds.split(",")
        for one in re.findall(r"`(\w+)`", cell)
    ]


def objects(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every object of a payload by the page's name for it, with each of its fields."""
    if isinstance(value, list):
        for one in value:
            yield from objects(one, key)
    elif isinstance(value, dict):
        kind = next((kind for kind, (_, keys) in KINDS.items() if key in keys), None)
        if key in {"response", "aggregationData"} or (not key and "response" not in value):
            kind = "response"
        for name, one in value.items():
            if kind:
                yield kind, name
            if kind or name == "response":
                yield from objects(one, name)


def test_every_field_of_a_payload_stands_there(shared: Path) -> None:
    """What is read goes to the column of its name or is in the first table; whatever else comes is in the second."""
    elsewhere, left_out = map(named, PAYLOADS.split("These are left out:"))
    read = {(kind, field) for kind, (shape, _) in KINDS.items() for field in shape.parsers}
    by_name = {
        (kind, c.name) for kind, (shape, _) in KINDS.items() for c in Base.metadata.tables[shape.table].c
    }
    assert sorted(elsewhere) == sorted(read - by_name)
    come = {
        one
        for path in (shared / "samples" / "payloads").glob("*.json")
        for one in objects(json.loads(path.read_text("utf-8")))
    }
    lists = {("response", key) for _, keys in KINDS.values() for key in keys} | {
        ("response", "aggregationData")
    }
    assert sorted(left_out) == sorted(come - read - lists)


def test_every_payload_that_is_read_is_looked_at() -> None:
    """The objects above are all that ingest knows."""
    looked_at = [shape for shape, _ in KINDS.values()]
    assert [name for name, one in vars(api).items() if isinstance(one, Shape) and one not in looked_at] == []


def test_a_column_is_read_under_its_own_name() -> None:
    """Each key that becomes a column as it is has a column of that name in the table of its kind."""
    for shape, _ in KINDS.values():
        assert shape.columns <= set(Base.metadata.tables[shape.table].c.keys()), shape.table


def test_every_choice_stands_there() -> None:
    """The settings that the page names exist, and those that shape the mapping are all named."""
    part = PAGE.split("## Your choices")[1].split("## Field by field")[0]
    named = {name for line in part.splitlines() for name in re.findall(r"^\| `.*?` \|", line)}
    settings = {one for cell in named for one in re.findall(r"`(\w+)`", cell)}
    shaping = set(re.findall(r"self\.(\w+)", inspect.getsource(Settings.rules)))
    assert settings == shaping | {"downloader_config", "reorganised"}
