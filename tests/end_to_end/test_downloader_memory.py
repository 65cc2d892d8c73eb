"""Attachments that v0.15 of the downloader has in memory alone are not lost."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from stash import StashProcessing
from stash.embedded import serve
from tests.downloader import Config, DownloaderDatabase, State, connection_to

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.end_to_end.conftest import Setup


@dataclass
class Attachment:
    """One of the downloader's attachments, not saved yet."""

    row: tuple[Any, ...]
    postId: int | None
    messageId: int | None
    contentId: int


@dataclass
class Item:
    """A post or a message that the downloader has just read."""

    attachments: list[Attachment] = field(default_factory=list)
    _is_new: bool = False


class Post(Item):
    """A post."""


class Message(Item):
    """A message."""


class EntityStore:
    """The downloader's store, which saves an attachment when it is told to, and not with its post."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.of: dict[type, list[Any]] = {Post: [], Message: [], Attachment: []}
        self.saved = 0

    def filter(self, model: type) -> list[Any]:
        """The objects in memory."""
        return list(self.of[model])

    async def save(self, one: Attachment) -> None:
        """Write one row."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(f"insert into attachments values ({', '.join('?' * len(one.row))})", one.row)
        self.of[Attachment].append(one)
        self.saved += 1


def forgetful(path: Path) -> EntityStore:
    """Take the attachments out of a database, into the memory of a store."""
    store = EntityStore(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        cursor = connection.execute("select * from attachments")
        names = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            ids = dict(zip(names, row, strict=True))
            owner = Message if ids["postId"] is None else Post
            one = Attachment(row, ids["postId"], ids["messageId"], ids["contentId"])
            store.of[owner].append(owner([one]))
        connection.execute("delete from attachments")
    return store


async def test_attachments_in_memory_are_saved_once(small: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Posts get their galleries, though v0.15 has their attachments in memory alone. A second pass saves no more."""
    assert small.world is not None
    store = forgetful(small.database)
    kept = [one for items in store.of.values() for item in items for one in item.attachments]
    unsaved = Attachment((), 1, None, 1)
    store.of[Post] += [Post([unsaved], _is_new=True)]  # its own row is missing too
    models = SimpleNamespace(Post=Post, Message=Message, Attachment=Attachment)
    monkeypatch.setitem(sys.modules, "metadata.models", models)
    name = small.world.usernames[0]
    database = DownloaderDatabase(f"sqlite:///{small.database}")
    database._entity_store = store
    async with serve(small.server.embedded) as url:
        config = Config(connection_to(url), database)
        processor = StashProcessing.from_config(config, State(name, None, small.downloads / f"{name}_fansly"))
        await processor.process_creator_incremental()
        assert processor.run.report.entities["galleries"].created > 1
        assert store.saved == len(kept) > 0
        await processor.process_creator_incremental()
        assert processor.run.report.header.requests["mutations"] == 0
        assert store.saved == len(kept)
        await processor.cleanup()
