"""What the tests of the reader ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.source.reader import Reader

if TYPE_CHECKING:
    from stash.source.database import Database
    from stash.source.items import Creator, Item, Problem


async def read(database: Database, name: str, size: int = 1000) -> tuple[list[Item], list[Problem]]:
    """All items of a creator, and what was wrong."""
    reader = Reader(database)
    items: list[Item] = []
    problems: list[Problem] = []
    async for window in reader.pages(await reader.creator(name), size):
        items += window.items
        problems += window.problems
    return items, problems


async def loose(database: Database, creator: Creator) -> list[int]:
    """Unattached media of a creator."""
    return [one.id async for media in Reader(database).unattached(creator) for one in media]


def media_of(item: Item) -> list[tuple[int, bool]]:
    """Which media an item holds, and which of them are previews."""
    return [(place.media.id, place.is_preview) for place in item.media]
