"""Conversations: the accounts of the archive's reader, and the account that a message belongs to."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.reading.source import Row, SourceQueries


@dataclass(slots=True)
class Conversations:
    """The parties of each group. `readers` are the reader's own accounts, `known` are all accounts."""

    readers: frozenset[int] = frozenset()
    parties: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    known: frozenset[int] = frozenset()
    groups: frozenset[int] | None = None

    def knows(self, group: int) -> bool:
        """Tell whether a group has a row. Without a table of groups every group counts as known."""
        return self.groups is None or group in self.groups

    def account_of(self, group: object, sender: object, recipient: object) -> int | None:
        """Return the account of a message: its sender, or the partner if the reader sent it. None if both are unknown."""
        for account in (sender, recipient):
            if self._is_partner(account):
                return account  # type: ignore[return-value]
        parties = self.parties.get(group, ()) if isinstance(group, int) else ()
        return next(filter(self._is_partner, parties), None)

    def groups_of(self, account: int) -> list[int]:
        """Return the groups of an account."""
        return [group for group, parties in self.parties.items() if account in parties]

    def _is_partner(self, account: object) -> bool:
        return account in self.known and account not in self.readers


async def read_conversations(
    connection: AsyncConnection, source: SourceQueries, posting: Collection[int]
) -> Conversations:
    """Read the groups and find the reader.

    The reader of a group is a party without files in posts or stories of its own (`posting`) that created the group,
    or is in more groups than any other party. If there are both, a party without files wins, then the creator of the
    group. A group with a single known party is skipped.
    """
    known = frozenset(row[0] for row in await _distinct(connection, source, "accounts", "id"))
    makers: dict[int, int] = dict(
        map(tuple, await _distinct(connection, source, "groups", "id", "createdBy"))
    )
    parties: defaultdict[int, set[int]] = defaultdict(set)
    for group, account in [
        *makers.items(),
        *await _distinct(connection, source, "group_users", "groupId", "accountId"),
        *await _distinct(connection, source, "messages", "groupId", "senderId"),
        *await _distinct(connection, source, "messages", "groupId", "recipientId"),
    ]:
        parties[group].add(account)
    storing = await _accounts_with_files(connection, source)
    readers = frozenset(_readers(parties, makers, posting, storing))
    groups = None
    if source.has("groups", "id"):
        groups = frozenset(row[0] for row in await _distinct(connection, source, "groups", "id"))
    return Conversations(readers, {group: tuple(sorted(parties[group])) for group in parties}, known, groups)


def _readers(
    parties: Mapping[int, set[int]],
    makers: Mapping[int, int],
    posting: Collection[int],
    storing: Collection[int],
) -> Iterator[int]:
    counts = Counter(account for members in parties.values() for account in members)
    for group, members in parties.items():
        if len(members) == 1:
            continue
        (busiest, most), (_, second) = Counter({one: counts[one] for one in members}).most_common(2)
        maker = makers.get(group)
        likely = {maker, busiest} if most > second else {maker}
        candidates = [(one in storing, one != maker, one) for one in members & likely if one not in posting]
        if candidates:
            yield min(candidates)[-1]


async def _distinct(
    connection: AsyncConnection, source: SourceQueries, name: str, *columns: str
) -> list[Row]:
    """Return the distinct rows of columns that hold numbers. None of a table that lacks a column."""
    if not source.has(name, *columns):
        return []
    table = source.table(name)
    rows = await source.rows(connection, sa.select(*(table.c[column] for column in columns)).distinct())
    return [row for row in rows if all(type(value) is int for value in row)]


async def _accounts_with_files(connection: AsyncConnection, source: SourceQueries) -> frozenset[int]:
    media = source.table("media")
    statement = sa.select(media.c.accountId).distinct().where(source.has_file(media))
    return frozenset(row[0] for row in await source.rows(connection, statement))
