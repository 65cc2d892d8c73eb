"""Ways in which a row is wrong, and a world whose rows they are put into."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from metadata.models import Base, Origin
from stash.source.database import Database
from stash.source.reader import Reader

if TYPE_CHECKING:
    from pathlib import Path

    from stash.source.items import Item, Problem


CREATOR = 1_000


COUNT = 100


BYTES = b"\xff\xfe\x80"


SURROGATE = b"\xed\xa0\x80"


DAY = "2025-01-01 12:00:00.000000"


class Kind(NamedTuple):
    """One way to be wrong: which value, and which table's row is then named (none: it is no fault)."""

    table: str
    column: str
    value: Any
    named: str | None


KINDS = [
    Kind("posts", "content", BYTES, "posts"),
    Kind("posts", "content", SURROGATE, "posts"),
    Kind("posts", "content", None, None),
    Kind("posts", "content", 5, "posts"),
    Kind("posts", "content", "x" * 1_000_000, None),
    Kind("posts", "createdAt", "yesterday", "posts"),
    Kind("posts", "createdAt", "0000-01-01 00:00:00", "posts"),
    Kind("posts", "createdAt", "9999-12-31 23:59:59.999999", "posts"),
    Kind("posts", "createdAt", "9999-01-01 00:00:00", "posts"),
    Kind("posts", "createdAt", "9999-12-31 23:59:59-05:00", "posts"),
    Kind("posts", "createdAt", 10**18, "posts"),
    Kind("posts", "createdAt", float("inf"), "posts"),
    Kind("posts", "createdAt", BYTES, "posts"),
    Kind("posts", "createdAt", None, None),
    Kind("posts", "createdAt", "", "posts"),
    Kind("posts", "stash_id", "seven", "posts"),
    Kind("posts", "stash_id", 1.5, "posts"),
    Kind("posts", "accountId", None, "posts"),
    Kind("posts", "accountId", "nobody", "posts"),
    Kind("posts", "accountId", 999, "posts"),
    Kind("posts", "id", None, "posts"),
    Kind("posts", "id", "text", "posts"),
    Kind("attachments", "postId", None, "attachments"),
    Kind("attachments", "postId", 5, "attachments"),
    Kind("attachments", "contentId", None, "attachments"),
    Kind("attachments", "contentId", "nothing", "attachments"),
    Kind("attachments", "contentId", 5, "attachments"),
    Kind("attachments", "contentType", None, "attachments"),
    Kind("attachments", "contentType", "SONG", "attachments"),
    Kind("attachments", "contentType", 4711, "attachments"),
    Kind("attachments", "contentType", 1, None),
    Kind("attachments", "pos", "first", "attachments"),
    Kind("attachments", "id", "none", "attachments"),
    Kind("account_media", "mediaId", None, "account_media"),
    Kind("account_media", "mediaId", "picture", "account_media"),
    Kind("account_media", "mediaId", 5, "account_media"),
    Kind("account_media", "previewId", "picture", "account_media"),
    Kind("account_media", "previewId", 5, "account_media"),
    Kind("account_media", "access", "maybe", "account_media"),
    Kind("account_media", "id", "none", "account_media"),
    Kind("media", "id", None, "media"),
    Kind("media", "accountId", None, "media"),
    Kind("media", "accountId", "nobody", "media"),
    Kind("media", "mimetype", BYTES, "media"),
    Kind("media", "createdAt", "never", "media"),
    Kind("media", "local_filename", SURROGATE, "media"),
    Kind("media", "local_filename", "grün.jpg", None),
    Kind("media", "is_downloaded", "perhaps", "media"),
    Kind("media", "stash_id", "seven", "media"),
    Kind("media", "content_hash", 5, "media"),
    Kind("account_media_bundles", "previewId", "picture", "account_media_bundles"),
    Kind("account_media_bundles", "id", "none", "account_media_bundles"),
    Kind("account_media_bundle_media", "media_id", None, "account_media_bundle_media"),
    Kind("account_media_bundle_media", "media_id", "x", "account_media_bundle_media"),
    Kind("account_media_bundle_media", "pos", "first", "account_media_bundle_media"),
    Kind("media_variants", "variantId", 5, "media_variants"),
    Kind("media_variants", "variantId", "x", "media_variants"),
    Kind("hashtags", "value", BYTES, "hashtags"),
    Kind("hashtags", "value", "", "hashtags"),
    Kind("post_mentions", "handle", BYTES, "post_mentions"),
    Kind("post_mentions", "accountId", "nobody", "post_mentions"),
    Kind("accounts", "username", None, "accounts"),
    Kind("accounts", "username", BYTES, "accounts"),
    Kind("accounts", "displayName", SURROGATE, "accounts"),
    Kind("accounts", "id", "none", "accounts"),
    Kind("messages", "senderId", None, "messages"),
    Kind("messages", "senderId", 999, "messages"),
    Kind("messages", "groupId", 999, "messages"),
    Kind("messages", "content", BYTES, "messages"),
    Kind("media_stories", "contentId", "nothing", "media_stories"),
    Kind("media_stories", "contentType", 4711, "media_stories"),
    Kind("media_stories", "accountId", 999, "media_stories"),
]


def world(count: int = COUNT) -> dict[str, list[dict[str, Any]]]:
    """A creator with posts, messages and stories; whatever carries number n ends in n."""
    names = Base.metadata.tables.keys() - {Origin.__tablename__}
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in sorted(names)}
    rows["accounts"].append({"id": CREATOR, "username": "anna"})
    rows["groups"].append({"id": 3, "createdBy": CREATOR})
    for n in range(count):
        number = {name: 1_000 * (place + 10) + n for place, name in enumerate(rows)}
        media, inner, variant = number["media"], number["media_locations"], number["media_variants"]
        offered, place = number["account_media"], number["account_media_bundle_media"]
        rows["accounts"].append(
            {"id": number["accounts"], "username": f"friend_{n}", "displayName": "Friend"}
        )
        for one in (media, inner, variant):
            row = {"id": one, "accountId": CREATOR, "createdAt": DAY, "local_filename": f"{one}.jpg"}
            rows["media"].append(row | {"is_downloaded": 1})
        rows["media_variants"].append({"mediaId": media, "variantId": variant})
        rows["account_media"].append({"id": offered, "mediaId": media, "access": 1})
        rows["account_media"].append({"id": place, "mediaId": inner, "access": 1})
        bundle = number["account_media_bundles"]
        rows["account_media_bundles"].append({"id": bundle})
        rows["account_media_bundle_media"].append({"bundle_id": bundle, "media_id": place, "pos": 0})
        post, message = number["posts"], number["messages"]
        rows["posts"].append({"id": post, "accountId": CREATOR, "content": "Text", "createdAt": DAY})
        rows["messages"].append(
            {"id": message, "senderId": CREATOR, "groupId": 3, "content": "Text", "createdAt": DAY}
        )
        for pos, (link, holder, kind, content) in enumerate(
            (
                ("postId", post, "ACCOUNT_MEDIA", offered),
                ("postId", post, "ACCOUNT_MEDIA_BUNDLE", bundle),
                ("messageId", message, "ACCOUNT_MEDIA", offered),
            )
        ):
            attachment = {"id": 10 * n + pos + 1, link: holder, "pos": pos, "contentType": kind}
            rows["attachments"].append(attachment | {"contentId": content})
        story = {"id": number["media_stories"], "accountId": CREATOR, "contentType": 1, "contentId": offered}
        rows["media_stories"].append(story | {"createdAt": DAY})
        rows["hashtags"].append({"id": n, "value": f"tag_{n}"})
        rows["post_hashtags"].append({"postId": post, "hashtagId": n})
        mention = {"id": n, "postId": post, "handle": f"friend_{n}", "accountId": number["accounts"]}
        rows["post_mentions"].append(mention)
    return rows


def number_of(table: str, row: dict[str, Any]) -> int:
    """Which number a row carries."""
    if table == "attachments":
        return int(row["id"]) // 10
    if table == "account_media_bundle_media":
        return int(row["bundle_id"]) % 1_000
    return int(row.get("id", row.get("mediaId", 0))) % 1_000


def write(path: Path, rows: dict[str, list[dict[str, Any]]]) -> None:
    """A database whose tables take anything: no types, no keys, no constraints."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, found in rows.items():
            columns = list(Base.metadata.tables[name].c.keys())
            names = ", ".join(f'"{column}"' for column in columns)
            connection.execute(f'CREATE TABLE "{name}" ({names})')
            # Bytes go in as text, as a broken program would write them.
            marks = ", ".join(
                f"iif(typeof(:{column}) = 'blob', CAST(:{column} AS TEXT), :{column})" for column in columns
            )
            values = [{column: row.get(column) for column in columns} for row in found]
            connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', values)


async def read(path: Path) -> tuple[dict[tuple[str, int], Item], list[Problem]]:
    """All items by kind and id, and every problem that a run would name."""
    items: dict[tuple[str, int], Item] = {}
    async with await Database.open(str(path), read_only=True) as database:
        reader = Reader(database)
        problems = list(await reader.problems())
        for creator in await reader.creators():
            async for window in reader.pages(creator, size=37):
                items |= {(item.kind, item.id): item for item in window.items}
                problems += window.problems
            async for _ in reader.unattached(creator):
                pass
    return items, problems
