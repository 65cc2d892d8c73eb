"""Fingerprints of unchanged chunks: the digests of the source and of Stash when a chunk needed no write."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from stash.journal.models import sync_part

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.journal.connection import JournalConnection

SURVEYED = ("Image", "Scene", "Gallery")
"""Types that make up nearly all of what is synced."""


@dataclass(frozen=True)
class ChunkFingerprint:
    """The digests of a chunk of a creator's items, which needs no decision while both stay the same.

    Attributes:
        source_digest: the digest of its rows and files.
        stash_digest: the digest of its entities in Stash.
        ids: the ids of these entities, by type.
        outcome: the report of the chunk, as plain JSON.
        items: the digests of its items at the source, by their kind and id.
        unattached_digest: the digest of its unattached media.

    `stash_digest` is empty if a part of the chunk was decided last, because the rest was not read from Stash.
    """

    account: int
    number: int
    source_digest: str
    stash_digest: str
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    outcome: Mapping[str, Any] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    unattached_digest: str = ""


class Fingerprints:
    """Stores fingerprints, and finds them by creator."""

    def __init__(self, connection: JournalConnection) -> None:
        self._db = connection

    async def of_creator(self, account: int) -> dict[int, ChunkFingerprint]:
        """Return the fingerprints of a creator, by the number of the chunk."""
        return {one.number: one for one in await self._of_creators([account])}

    async def synced_ids(self, accounts: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
        """Return the images, scenes and galleries that the last run left, by account: type and Stash id."""
        found: dict[int, set[tuple[str, str]]] = {account: set() for account in accounts}
        for one in await self._of_creators(found):
            found[one.account] |= {(name, id_) for name in SURVEYED for id_ in one.ids.get(name, ())}
        return {a: sorted(ids, key=lambda one: (one[0], int(one[1]))) for a, ids in found.items()}

    async def _of_creators(self, accounts: Collection[int]) -> list[ChunkFingerprint]:
        if not self._db.server or not self._db.tables.has_fingerprints or self._db.rolled_back:
            return []
        query = select(sync_part).where(
            sync_part.c.server_id == self._db.server,
            self._db.within(sync_part.c.account, [str(account) for account in accounts]),
        )
        async with self._db.reading() as connection:
            return [_fingerprint_from_row(row) for row in await connection.execute(query)]

    async def store(self, connection: AsyncConnection, fingerprints: Sequence[ChunkFingerprint]) -> None:
        """Replace the fingerprints of these chunks, in the caller's transaction."""
        for one in fingerprints:
            await self._delete(connection, str(one.account), one.number)
            await connection.execute(insert(sync_part).values(self._to_row(one)))

    async def drop(self, ids: Mapping[str, set[str]]) -> None:
        """Delete every fingerprint that holds one of these entities, so that its chunk is decided anew."""
        query = select(sync_part).where(sync_part.c.server_id == self._db.server)
        async with self._db.writing() as connection:
            for row in (await connection.execute(query)).all():
                held = json.loads(row.content)["ids"]
                if any(not ids.get(name, set()).isdisjoint(some) for name, some in held.items()):
                    await self._delete(connection, row.account, row.number)

    async def _delete(self, connection: AsyncConnection, account: str, number: int) -> None:
        statement = delete(sync_part).where(
            sync_part.c.server_id == self._db.server,
            sync_part.c.account == account,
            sync_part.c.number == number,
        )
        await connection.execute(statement)

    def _to_row(self, one: ChunkFingerprint) -> dict[str, Any]:
        return {
            "server_id": self._db.server,
            "account": str(one.account),
            "number": one.number,
            "source": one.source_digest,
            "standing": one.stash_digest,
            "content": json.dumps(
                {
                    "ids": dict(one.ids),
                    "outcome": dict(one.outcome),
                    "items": dict(one.items),
                    "unattached": one.unattached_digest,
                }
            ),
        }


def _fingerprint_from_row(row: Any) -> ChunkFingerprint:
    content = json.loads(row.content)
    return ChunkFingerprint(
        int(row.account),
        row.number,
        row.source,
        row.standing,
        content["ids"],
        content["outcome"],
        content.get("items", {}),  # fingerprints of earlier versions have none
        content.get("unattached", ""),
    )
