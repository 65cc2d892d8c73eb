"""Rows that no schema should let in: they are named, and no good row is lost over them."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from metadata.models import Base, Origin
from stash.source.database import Database
from stash.source.reader import Reader
from tests.faults.sizes import size
from tests.metadata.malformed import (
    BYTES,
    COUNT,
    CREATOR,
    DAY,
    KINDS,
    Kind,
    number_of,
    read,
    world,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

    from stash.source.items import Item


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Item]:
    """The items where nothing is wrong."""
    path = tmp_path_factory.mktemp("sound") / "sound.sqlite"
    write(path, world())
    items, problems = asyncio.run(read(path))
    assert len(items) == 3 * COUNT
    assert problems == []
    return items


@pytest.mark.parametrize("share", [1, 10, 100])
@pytest.mark.parametrize(
    "kind",
    KINDS[:: size("KIND_STEP", 3)],
    ids=lambda kind: f"{kind.table}.{kind.column}={str(kind.value)[:12]}",
)
async def test_bad_rows_are_named_and_good_ones_stay(
    sound: dict[tuple[str, int], Item], tmp_path: Path, kind: Kind, share: int
) -> None:
    """Whatever is wrong in however many rows: each is named once, and all others read as ever."""
    rows = world()
    spoilt = [
        row for row in rows[kind.table] if row.get("id") != CREATOR and number_of(kind.table, row) < share
    ]
    if kind.table in ("account_media", "media"):
        first = min(row["id"] for row in spoilt)
        spoilt = [row for row in spoilt if row["id"] < first + COUNT]
    if kind.table == "attachments":
        spoilt = [row for row in spoilt if row["id"] % 10 == 1]
    for row in spoilt:
        row[kind.column] = kind.value
    path = tmp_path / "spoilt.sqlite"
    write(path, rows)
    items, problems = await read(path)
    for key, item in sound.items():
        if item.id % 1_000 >= share:
            assert items[key] == item
    named = [problem.key for problem in problems if problem.table == kind.named]
    assert len(named) == len(set(named))
    if kind.named is None:
        assert problems == []
    else:
        # Rows that have lost their id are told apart by nothing else.
        assert len(named) >= (1 if kind.column == "id" else share)


JOINS = [
    ("account_avatar", "accountId"),
    ("account_avatar", "mediaId"),
    ("account_banner", "mediaId"),
    ("account_media_bundle_media", "bundle_id"),
    ("group_users", "groupId"),
    ("group_users", "accountId"),
    ("groups", "id"),
    ("hashtags", "id"),
    ("media_variants", "mediaId"),
    ("media_variants", "variantId"),
    ("pinned_posts", "postId"),
    ("post_hashtags", "postId"),
    ("post_hashtags", "hashtagId"),
    ("post_mentions", "postId"),
    ("wall_posts", "wallId"),
    ("wall_posts", "postId"),
    ("walls", "id"),
    ("walls", "accountId"),
]
"""Columns by which rows are joined with others."""


@pytest.mark.parametrize("value", ["x", BYTES, 1.5], ids=["text", "bytes", "a part"])
@pytest.mark.parametrize(("table", "column"), JOINS[:: size("KIND_STEP", 3)])
async def test_what_joins_by_no_number_is_named(tmp_path: Path, table: str, column: str, value: Any) -> None:
    """A row that is to join others by something else than a number is named once; nothing else is lost over it."""
    rows = world(3)
    posts, media = ([row["id"] for row in rows[name]] for name in ("posts", "media"))
    rows["walls"] = [{"id": 900 + n, "accountId": CREATOR, "name": "Wall", "createdAt": DAY} for n in (0, 1)]
    rows["wall_posts"] = [{"wallId": 900 + n, "postId": posts[n]} for n in (0, 1)]
    rows["account_avatar"] = [{"accountId": CREATOR, "mediaId": media[0]}]
    rows["account_banner"] = [{"accountId": CREATOR, "mediaId": media[1]}]
    rows["group_users"] = [{"groupId": 3, "accountId": CREATOR}]
    rows["pinned_posts"] = [{"postId": posts[0], "accountId": CREATOR}]
    sound, spoilt = tmp_path / "sound.sqlite", tmp_path / "spoilt.sqlite"
    write(sound, rows)
    expected, problems = await read(sound)
    assert problems == []
    rows[table][0][column] = value
    write(spoilt, rows)
    items, problems = await read(spoilt)
    assert len([one for one in problems if one.table == table and one.is_malformed]) == 1
    assert {key for key in expected if key not in items} <= {("wall", 900)}
    async with await Database.open(str(spoilt), read_only=True) as database:
        names = [(f"{number}.jpg", number) for number in media]
        assert len(await Reader(database).find_media(names)) == len(media)


@pytest.mark.parametrize(
    "table",
    ["posts", "messages", "media_stories", "media", "account_media", "account_media_bundles", "accounts"],
)
async def test_the_first_of_two_rows_counts(
    sound: dict[tuple[str, int], Item], tmp_path: Path, table: str
) -> None:
    """Where two rows have one id the first one is read, and nothing is there twice."""
    rows = world()
    rows[table] += [row | {"content": "Other", "createdAt": DAY} for row in rows[table]]
    path = tmp_path / "twice.sqlite"
    write(path, rows)
    items, problems = await read(path)
    assert items == sound
    if table in ("posts", "messages", "media_stories", "media", "account_media"):
        assert {problem.reason for problem in problems} == {"id is there twice; the first row counts"}


@pytest.mark.parametrize(
    "table", sorted(Base.metadata.tables.keys() - {"accounts", "media", "account_media"})
)
async def test_any_other_table_may_be_absent(tmp_path: Path, table: str) -> None:
    """A database without any one table beside the core is read as if that table were empty."""
    path = tmp_path / "less.sqlite"
    write(path, world(5))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    items, _ = await read(path)
    kinds = {kind for kind, _ in items}
    carried = {"post", "message"} - {{"posts": "post", "messages": "message"}.get(table, "")}
    expected = {"story"} if table == "attachments" else carried | {"story"}
    assert kinds == (expected - {"story"} if table == "media_stories" else expected)


_KEPT = {"accounts": {"id", "username"}, "media": {"id", "accountId"}, "account_media": {"id", "mediaId"}}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (name, column)
        for name, table in Base.metadata.tables.items()
        if name != Origin.__tablename__
        for column in map(str, table.c.keys())
        if column not in _KEPT.get(name, {"id"})
    ][:: size("KIND_STEP", 4)],
)
async def test_any_other_column_may_be_absent(tmp_path: Path, table: str, column: str) -> None:
    """A database without any one column beside the core is read without an error."""
    path = tmp_path / "less.sqlite"
    write(path, world(5))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "another"')
    items, _ = await read(path)
    assert ("story", 0) not in items
    assert items
