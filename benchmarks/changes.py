"""Small changes of a world that was synced: of the source, and in Stash."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from stash.demo import files

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.servers import Server
    from benchmarks.worlds import World


def nothing(_world: World, _server: Server) -> None:
    """Change nothing."""


def new_post(world: World, server: Server) -> None:
    """Add one post with one picture, which Stash has scanned."""
    add_post(world, server.library)
    server.scan()


def add_post(world: World, library: Path) -> None:
    """Add one post with one picture to the database and to the downloads."""
    with closing(sqlite3.connect(world.database)) as connection, connection:
        owner, newest = connection.execute(
            'SELECT "accountId", max(posts."createdAt") FROM posts JOIN accounts ON accounts.id = "accountId" WHERE username = ?',
            (world.username,),
        ).fetchone()
        (last,) = connection.execute("SELECT max(id) FROM attachments").fetchone()
        post, media, held, attached = range(last + 1, last + 5)
        name = f"2026-01-01_at_00-00_UTC_id_{media}.jpeg"
        connection.execute(
            'INSERT INTO posts (id, "accountId", content, "createdAt") VALUES (?, ?, ?, ?)',
            (post, owner, "One post more", newest),
        )
        connection.execute(
            'INSERT INTO media (id, "accountId", mimetype, "createdAt", is_downloaded, local_filename)'
            " VALUES (?, ?, 'image/jpeg', ?, 1, ?)",
            (media, owner, newest, name),
        )
        connection.execute(
            'INSERT INTO account_media (id, "accountId", "mediaId", "createdAt", access, deleted) VALUES (?, ?, ?, ?, 1, 0)',
            (held, owner, media, newest),
        )
        connection.execute(
            'INSERT INTO attachments (id, "postId", "contentId", "contentType", pos) VALUES (?, ?, ?, \'ACCOUNT_MEDIA\', 0)',
            (attached, post, held),
        )
    folder = next(library.rglob(f"{world.username}_fansly/Timeline/Pictures"))
    (folder / name).write_bytes(files.jpeg(str(media)))


def edit_in_stash(world: World, server: Server) -> None:
    """Give one gallery another title."""
    newest = '{ findGalleries(filter: {per_page: 1, sort: "id", direction: DESC}) { galleries { id } } }'
    (gallery,) = server.ask(newest)["findGalleries"]["galleries"]
    title = f"mine, {world.username}"
    server.ask(f'mutation {{ galleryUpdate(input: {{id: "{gallery["id"]}", title: "{title}"}}) {{ id }} }}')
