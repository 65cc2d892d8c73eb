"""Prices and likes from payloads, in a database of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stash.source.database import FACTS
from stash.source.reading.contents import Bundle
from stash.source.reading.index import TABLES
from stash.source.values import ContentType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.items import ItemRef
    from stash.source.reading.contents import Contents
    from stash.source.reading.index import Carried
    from stash.source.reading.source import SourceQueries


class PricesLikes:
    """The prices and likes of one page's rows, by table and id."""

    def __init__(self, source: SourceQueries) -> None:
        self._source = source
        self._known: dict[tuple[str, int], tuple[int | None, int | None]] = {}

    async def load(self, connection: AsyncConnection, ids: Collection[int]) -> None:
        """Read the prices and likes of the rows with these ids, of any table."""
        columns = ("tableName", "recordId", "price", "likes")
        rows = await self._source.by(connection, FACTS, columns, ("recordId", ids))
        self._known = {(row[0], row[1]): (row[2], row[3]) for row in rows}

    def of(self, ref: ItemRef, carried: Iterable[Carried], contents: Contents) -> ItemFacts:
        """Return the price and likes of an item. Its price is the sum of its own contents."""
        prices = []
        for one in carried:
            found = None if one.contentType is ContentType.AGGREGATED_POSTS else contents.find(one)
            if found is not None:
                table = "account_media_bundles" if isinstance(found, Bundle) else "account_media"
                prices.append(self._known.get((table, found.id), (None, None))[0])
        known = [price for price in prices if price is not None]
        return ItemFacts(
            sum(known) if known else None, self._known.get((TABLES[ref.kind], ref.id), (None, None))[1]
        )


class ItemFacts(NamedTuple):
    """The price of an item in the source's own unit, and its number of likes."""

    price: int | None = None
    likes: int | None = None
