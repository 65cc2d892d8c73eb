"""Settled parts of creators: how they stood at the source and in Stash when nothing was left to do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from stash.journal.log import Operations
from stash.journal.models import sync_part

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection


SURVEYED = ("Image", "Scene", "Gallery")
"""Types that make up nearly all of what is synced."""


@dataclass(frozen=True)
class ChunkFingerprint:
    """A part of a creator's items that needs no decision while both digests stay.

    `source_digest` is the digest of its rows and files, `stash_digest` that of its entities in Stash, whose ids are `ids` by
    type; `outcome` is what a report says of it, plain JSON.
    """

    account: int
    number: int
    source_digest: str
    stash_digest: str
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    outcome: Mapping[str, Any] = field(default_factory=dict)


class Parts(Operations):
    """The journal, as far as it keeps settled parts."""

    async def settled(self, account: int) -> dict[int, ChunkFingerprint]:
        """Return the settled parts of a creator, by number."""
        return {part.number: part for part in await self._settled_of([account])}

    async def synced_ids(self, accounts: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
        """Return the entities of the images, scenes and galleries that the last run left, by account: type and id."""
        found: dict[int, set[tuple[str, str]]] = {account: set() for account in accounts}
        for part in await self._settled_of(found):
            found[part.account] |= {(name, one) for name in SURVEYED for one in part.ids.get(name, ())}
        return {a: sorted(ids, key=lambda one: (one[0], int(one[1]))) for a, ids in found.items()}

    async def _settled_of(self, accounts: Collection[int]) -> list[ChunkFingerprint]:
        if not self._server or not self._has_parts or self._rolled_back:
            return []
        query = select(sync_part).where(
            sync_part.c.server_id == self._server,
            self._source.within(sync_part.c.account, [str(account) for account in accounts]),
        )
        async with self._reading() as connection:
            return [_part_of(row) for row in await connection.execute(query)]

    async def _keep_parts(self, connection: AsyncConnection, parts: Sequence[ChunkFingerprint]) -> None:
        for part in parts:
            old = delete(sync_part).where(
                sync_part.c.server_id == self._server,
                sync_part.c.account == str(part.account),
                sync_part.c.number == part.number,
            )
            await connection.execute(old)
            await connection.execute(insert(sync_part).values(self._row_of(part)))

    def _row_of(self, part: ChunkFingerprint) -> dict[str, Any]:
        return {
            "server_id": self._server,
            "account": str(part.account),
            "number": part.number,
            "source": part.source_digest,
            "standing": part.stash_digest,
            "content": json.dumps({"ids": dict(part.ids), "outcome": dict(part.outcome)}),
        }


def _part_of(row: Any) -> ChunkFingerprint:
    content = json.loads(row.content)
    return ChunkFingerprint(
        int(row.account), row.number, row.source, row.standing, content["ids"], content["outcome"]
    )
