"""The attachments that the downloader has in memory alone. v0.15 does not save them."""

from __future__ import annotations

import sys
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stash.downloader import DownloaderDatabase

_key = attrgetter("postId", "messageId", "contentId")


async def save_attachments(database: DownloaderDatabase | None) -> None:
    """Have the downloader save the attachments of its posts and messages that its database lacks.

    Without them no file has a post, and no post a gallery. The downloader's own store writes the rows.
    """
    store = getattr(database, "_entity_store", None)
    models = sys.modules.get("metadata.models")
    if store is None or models is None:
        return  # an earlier version, which saves them itself
    saved = {_key(one) for one in store.filter(models.Attachment)}
    for attachment in _attachments_of([*store.filter(models.Post), *store.filter(models.Message)]):
        if _key(attachment) not in saved:
            saved.add(_key(attachment))
            await store.save(attachment)


def _attachments_of(items: list[Any]) -> Iterator[Any]:
    for item in items:
        if not item._is_new and isinstance(item.attachments, list):  # noqa: SLF001 - the downloader's own name
            yield from item.attachments
