"""What a world asks for, read with plain SQL: all that the other competitors know, and what the checker holds to."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SITE = "https://fansly.com"


@dataclass
class Media:
    """One file to stamp."""

    id: str
    is_image: bool
    file: str
    is_preview: bool


@dataclass
class Wanted:
    """One item with what its gallery and its files are to carry."""

    id: str
    title: str
    details: str
    date: str
    url: str
    is_post: bool
    tags: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    media: list[Media] = field(default_factory=list)


_MEDIA = """
WITH held AS (
  SELECT coalesce(postId, messageId) item, pos, 0 sub, contentId held FROM attachments WHERE contentType = 'ACCOUNT_MEDIA'
  UNION ALL
  SELECT coalesce(a.postId, a.messageId), a.pos, b.pos, b.media_id FROM attachments a
  JOIN account_media_bundle_media b ON b.bundle_id = a.contentId WHERE a.contentType = 'ACCOUNT_MEDIA_BUNDLE'
)
SELECT h.item, m.id, m.mimetype, m.local_filename, m.id = am.previewId
FROM held h JOIN account_media am ON am.id = h.held JOIN media m ON m.id IN (am.mediaId, am.previewId)
ORDER BY h.item, h.pos, h.sub, m.id = am.previewId
"""


def read(database: Path, username: str) -> list[Wanted]:
    """Every item that carries media."""
    with closing(sqlite3.connect(database)) as connection:
        run = connection.execute
        group = run("SELECT id FROM groups").fetchone()[0]
        posts = run("SELECT id, content, createdAt FROM posts").fetchall()
        messages = run("SELECT id, content, createdAt FROM messages").fetchall()
        items = {row[0]: _wanted(row, f"{SITE}/post/{row[0]}", username) for row in posts}
        items |= {row[0]: _wanted(row, f"{SITE}/messages/{group}/{row[0]}", username) for row in messages}
        for post, value in run(
            "SELECT ph.postId, h.value FROM post_hashtags ph JOIN hashtags h ON h.id = ph.hashtagId"
        ):
            items[post].tags.append(value)
        for post, handle in run("SELECT postId, handle FROM post_mentions"):
            items[post].people.append(handle)
        media: defaultdict[int, list[Media]] = defaultdict(list)
        for item, key, mimetype, name, is_preview in run(_MEDIA):
            media[item].append(Media(str(key), mimetype == "image/jpeg", name, bool(is_preview)))
    for key, found in media.items():
        items[key].media = found
    return [items[key] for key in sorted(media)]


def _wanted(row: tuple[int, str, str], url: str, username: str) -> Wanted:
    key, text, created = row
    title = text.split("\n", 1)[0]
    return Wanted(str(key), title, text, created[:10], url, is_post="/post/" in url, people=[username])
