"""Worlds of any size: rows straight into a metadata database, and one tiny real file for each media."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from metadata.making import open_or_make
from metadata.models import Base
from stash.demo import files

if TYPE_CHECKING:
    from pathlib import Path

DAY = datetime(2025, 1, 6, 9, 30, tzinfo=UTC)
TAGS = 60
KINDS = ("image",) * 76 + ("video",) * 24
"""Three in four media are pictures, as in the worlds that the predecessors were measured on."""


@dataclass(frozen=True)
class World:
    """A creator's items in a database and on disk; ids begin at `first_id`, so that worlds share a Stash."""

    folder: Path
    username: str
    items: int
    media: int
    galleries: int
    first_id: int

    @property
    def database(self) -> Path:
        """The metadata database."""
        return self.folder / "metadata.sqlite"


async def write_world(folder: Path, downloads: Path, items: int, first_id: int) -> World:
    """Write a world; the same numbers give the same world.

    Args:
        folder: where the database goes.
        downloads: the library's folder that gets the files.
        items: posts and messages together; about four in five carry media, 2.9 each.
        first_id: the first of its ids.
    """
    folder.mkdir(parents=True)
    rows = _Rows(f"bench{first_id}", first_id)
    for number in range(items):
        rows.item(number)
    rows.write_files(downloads)
    database = await open_or_make(str(folder / "metadata.sqlite"))
    async with database.begin() as connection:
        for table in Base.metadata.sorted_tables:
            if found := rows.tables.get(table.name):
                for start in range(0, len(found), 5000):
                    await connection.execute(insert(table), found[start : start + 5000])
    await database.close()
    galleries = len({row["postId"] or row["messageId"] for row in rows.tables["attachments"]})
    return World(folder, rows.username, items, len(rows.tables["media"]), galleries, first_id)


class _Rows:
    """The rows of a world in the making."""

    def __init__(self, username: str, first_id: int) -> None:
        self.tables: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.username = username
        self.random = random.Random(first_id)  # noqa: S311 - a made-up world, no secret
        self.last_id = first_id
        self.owner, self.reader = self.id(), self.id()
        friends = [self.id() for _ in range(8)]
        for key, name in ((self.owner, username), (self.reader, f"{username}_reader")):
            self._account(key, name)
        for number, key in enumerate(friends):
            self._account(key, f"{username}_friend{number}")
        self.friends = friends
        self.group = self.id()
        self.add("groups", id=self.group, createdBy=self.owner)
        for member in (self.owner, self.reader):
            self.add("group_users", groupId=self.group, accountId=member)
        for number in range(TAGS):
            self.add("hashtags", id=first_id % 1_000_000 * TAGS + number + 1, value=f"{username}tag{number}")
        self.pictures: list[int] = []

    def id(self) -> int:
        self.last_id += 1
        return self.last_id

    def add(self, table: str, **row: Any) -> None:
        self.tables[table].append(row)

    def _account(self, key: int, name: str) -> None:
        self.add("accounts", id=key, username=name, displayName=name, about="", createdAt=DAY)

    def item(self, number: int) -> None:
        """A post, or one time in ten a message; one in five carries nothing."""
        is_message, when, key = number % 10 == 9, DAY + timedelta(hours=number), self.id()
        text = (
            f"Item {number} of {self.username}, with a line that is long enough for a title\nand a second one"
        )
        if is_message:
            self.add(
                "messages", id=key, groupId=self.group, senderId=self.owner, createdAt=when, content=text, deleted=False
            )  # fmt: skip
        else:
            self.add("posts", id=key, accountId=self.owner, content=text, createdAt=when)
            self._words(key, number)
        if number % 5 == 4 and not is_message:
            return
        carrier = {"postId": None if is_message else key, "messageId": key if is_message else None}
        if number % 4 == 3:
            self._bundle(carrier, when, number)
        else:
            for place in range(1 + number % 4):
                self._attach(carrier, place, "ACCOUNT_MEDIA", self._held(when, number + place))

    def _words(self, key: int, number: int) -> None:
        for place in range(number % 4):
            tag = self.tables["hashtags"][(number * 7 + place) % TAGS]
            self.add("post_hashtags", postId=key, hashtagId=tag["id"])
        if number % 50 == 1:
            friend = number // 50 % len(self.friends)
            self.add(
                "post_mentions",
                postId=key,
                accountId=self.friends[friend],
                handle=f"{self.username}_friend{friend}",
            )

    def _attach(self, carrier: dict[str, Any], place: int, kind: str, content: int) -> None:
        self.add("attachments", id=self.id(), contentId=content, pos=place, contentType=kind, **carrier)

    def _held(self, when: datetime, number: int) -> int:
        media, key = self._media(when, self.random.choice(KINDS)), self.id()
        preview = self._media(when, "image") if number % 17 == 0 else None
        self.add("account_media", id=key, accountId=self.owner, mediaId=media, previewId=preview, createdAt=when, access=True, deleted=False)  # fmt: skip
        return key

    def _media(self, when: datetime, kind: str) -> int:
        key = self.id()
        mimetype = {"image": "image/jpeg", "video": "video/mp4"}[kind]
        self.add("media", id=key, accountId=self.owner, mimetype=mimetype, createdAt=when, is_downloaded=True)
        return key

    def _bundle(self, carrier: dict[str, Any], when: datetime, number: int) -> None:
        key = self.id()
        held = [self._held(when, number + place) for place in range(5)]
        self.add("account_media_bundles", id=key, accountId=self.owner, createdAt=when, access=True, deleted=False, purchased=False, whitelisted=False)  # fmt: skip
        for place, one in enumerate(held):
            self.add("account_media_bundle_media", bundle_id=key, media_id=one, pos=place)
        self._attach(carrier, 0, "ACCOUNT_MEDIA_BUNDLE", key)

    def write_files(self, downloads: Path) -> None:
        """One file for each media, named as the downloader names them."""
        folders = {
            kind: downloads / f"{self.username}_fansly" / "Timeline" / kind for kind in ("Pictures", "Videos")
        }
        for folder in folders.values():
            folder.mkdir(parents=True)
        for row in self.tables["media"]:
            is_image = row["mimetype"] == "image/jpeg"
            stamp = row["createdAt"].strftime("%Y-%m-%d_at_%H-%M_UTC")
            name = f"{stamp}_id_{row['id']}.{'jpeg' if is_image else 'mp4'}"
            content = (files.jpeg if is_image else files.mp4)(str(row["id"]))
            (folders["Pictures" if is_image else "Videos"] / name).write_bytes(content)
            row["local_filename"] = name
