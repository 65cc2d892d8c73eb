"""A metadata database of stash-sync's own: its tables, and the ingest of payloads.

The tables are imported when they are first used: SQLAlchemy is slow to import, and the lock comes before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metadata.models import (
        Account,
        AccountMedia,
        AccountMediaBundle,
        Attachment,
        ContentType,
        Group,
        Hashtag,
        Media,
        MediaStory,
        Message,
        Post,
        PostMention,
        Wall,
    )

__all__ = [
    "Account",
    "AccountMedia",
    "AccountMediaBundle",
    "Attachment",
    "ContentType",
    "Group",
    "Hashtag",
    "Media",
    "MediaStory",
    "Message",
    "Post",
    "PostMention",
    "Wall",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'metadata' has no attribute {name!r}")
    from metadata import models  # noqa: PLC0415 - see above

    return vars(models)[name]
