"""Facts of the whole archive: its creators, the reader's own accounts, and the owners of shared media."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stash.source.reading.backfill import find_renditions
from stash.source.reading.conversations import Conversations, read_conversations
from stash.source.reading.media_holders import HolderScan, is_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.items import ItemRef
    from stash.source.reading.source import SourceQueries

_BATCH = 5000
_FILE = "file"


@dataclass(slots=True)
class ArchiveIndex:
    """Facts of the whole database, read once by a few statements whose results are small.

    The downloader's v0.15 keeps no attachments and no mentions. Then their absence is unknown, and not a fact.

    Attributes:
        creators: accounts with downloaded media.
        owners: the earliest item of each media that several items hold.
        unattached: media with a file that no item holds, by account.
        renditions: by the id of a rendition, its media, where only the time tells it.
        attached_until: the last post with attachments, if later posts have files and none.
        is_asked_for_facts: whether prices and likes are read.
    """

    creators: frozenset[int] = frozenset()
    conversations: Conversations = field(default_factory=Conversations)
    owners: Mapping[int, ItemRef] = field(default_factory=dict)
    unattached: Mapping[int, list[int]] = field(default_factory=dict)
    renditions: Mapping[int, int] = field(default_factory=dict)
    knows_mentions: bool = True
    knows_attachments: bool = True
    attached_until: int | None = None
    is_asked_for_facts: bool = False


async def read_archive_index(connection: AsyncConnection, source: SourceQueries) -> ArchiveIndex:
    """Read the facts of the whole database."""
    scan = HolderScan(connection, source)
    await scan.run()
    conversations = await read_conversations(connection, source, scan.posting)
    partners = {
        partner
        for group, sender, recipient in await scan.parties()
        if (partner := conversations.account_of(group, sender, recipient)) is not None
    }
    unattached = await scan.unattached(conversations)
    creators = (scan.posting | partners | unattached.keys()) - conversations.readers
    owners = await scan.owners(conversations)
    renditions = await find_renditions(connection, source, unattached)
    unattached = {
        account: left
        for account, media in unattached.items()
        if (left := [one for one in media if one not in renditions])
    }
    newest = max((media for found in unattached.values() for media in found), default=0)
    return ArchiveIndex(
        frozenset(creators),
        conversations,
        owners,
        unattached,
        renditions,
        knows_mentions=source.is_ours or not await source.is_empty(connection, "post_mentions"),
        knows_attachments=source.is_ours
        or not await source.is_empty(connection, "attachments")
        or not unattached
        or await source.is_empty(connection, "posts"),
        attached_until=await _attached_until(connection, source, newest),
    )


async def _attached_until(connection: AsyncConnection, source: SourceQueries, newest: int) -> int | None:
    """Return the last post with attachments, if both later posts and a later media without an item exist.

    Ids of the source grow with time. A database that v0.15 took over has attachments up to then.
    """
    has_both = source.has("attachments", "postId") and source.has("posts", "id")
    if source.is_ours or not source.has("media_stories") or not has_both:
        return None
    attached, posts = source.table("attachments"), source.table("posts")
    latest = [sa.select(sa.func.max(column)) for column in (attached.c.postId, posts.c.id)]
    found = [(await source.rows(connection, statement))[0][0] for statement in latest]
    last, of_all = (one if is_id(one) else 0 for one in found)
    return last if 0 < last < min(of_all, newest) else None
