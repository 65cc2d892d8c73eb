"""Settled parts of creators: how they stood at the source and in Stash when nothing was left to do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from stash.journal.models import sync_part
from stash.journal.operations import Operations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection


SURVEYED = ("Image", "Scene", "Gallery")
"""Types that make up nearly all of what is synced."""


@dataclass(frozen=True)
class SettledPart:
    """A part of a creator's items that needs no decision while both digests stay.

    `source` is the digest of its rows and files, `standing` that of its entities in Stash, whose ids are `ids` by
    type; `outcome` is what a report says of it, plain JSON.
    """

    account: int
    number: int
    source: str
    standing: str
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    outcome: Mapping[str, Any] = field(default_factory=dict)


class Parts(Operations):
    """The journal, as far as it keeps settled parts."""

    async def settled(self, account: int) -> dict[int, SettledPart]:
        """The settled parts of a creator, by number."""
        if not self._server or not self._has_parts or self._rolled_back:
            return {}
        query = select(sync_part).where(
            sync_part.c.server_id == self._server, sync_part.c.account == str(account)
        )
        async with self._reading() as connection:
            rows = await connection.execute(query)
            return {row.number: _part_of(row, account) for row in rows}

    async def synced_ids(self, accounts: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
        """Return the entities of the images, scenes and galleries that the last run left, by account: type and id."""
        found: dict[int, list[tuple[str, str]]] = {}
        for account in accounts:
            ids = {
                (name, one)
                for part in (await self.settled(account)).values()
                for name in SURVEYED
                for one in part.ids.get(name, ())
            }
            found[account] = sorted(ids, key=lambda one: (one[0], int(one[1])))
        return found

    async def _keep_parts(self, connection: AsyncConnection, parts: Sequence[SettledPart]) -> None:
        for part in parts:
            old = delete(sync_part).where(
                sync_part.c.server_id == self._server,
                sync_part.c.account == str(part.account),
                sync_part.c.number == part.number,
            )
            await connection.execute(old)
            await connection.execute(insert(sync_part).values(self._row_of(part)))

    def _row_of(self, part: SettledPart) -> dict[str, Any]:
        return {
            "server_id": self._server,
            "account": str(part.account),
            "number": part.number,
            "source": part.source,
            "standing": part.standing,
            "content": json.dumps({"ids": dict(part.ids), "outcome": dict(part.outcome)}),
        }


def _part_of(row: Any, account: int) -> SettledPart:
    content = json.loads(row.content)
    return SettledPart(account, row.number, row.source, row.standing, content["ids"], content["outcome"])
