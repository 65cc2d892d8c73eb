"""Reads what was downloaded: creators, their items in windows, and whose a file on disk is."""

from __future__ import annotations

import difflib
from dataclasses import replace
from itertools import batched
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stash.source.errors import UnknownCreatorError
from stash.source.items import ItemPage
from stash.source.reading.accounts import AccountReading
from stash.source.reading.archive_index import ArchiveIndex, read_world
from stash.source.reading.files import FileOwner, find_names, find_owners
from stash.source.reading.index import TABLES, IndexReading
from stash.source.reading.media import MediaReading
from stash.source.reading.orphans import OrphanReading
from stash.source.reading.page import PageReading
from stash.source.reading.row_validation import RowValidator
from stash.source.reading.source import SourceQueries
from stash.source.reading.statistics import ArchiveStats, count_rows, estimate_items
from stash.source.values import LARGEST_ID

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.database import Database
    from stash.source.items import Creator, Problem, StoredMedia
    from stash.source.reading.source import Expression

WINDOW_SIZE = 1000

FILES = 10_000
"""Files that are looked up at once: what the answer takes on its way would else grow with the library."""

_LOST_ATTACHMENTS = (
    "this database has posts but no attachments (v0.15 of the downloader does not keep them), so it cannot be told "
    "which post a file belongs to; ingest the API payloads into a database of stash-sync's own, or use a database of "
    "an earlier version"
)
_LATER_LOST = (
    "this database has attachments up to the post {} alone (v0.15 of the downloader, which took it over, does not keep "
    "them), so it cannot be told which later post a file belongs to; ingest the API payloads into a database of "
    "stash-sync's own"
)
_LOST_MENTIONS = (
    "this database has no mentions (v0.15 of the downloader does not keep them); those of known accounts are taken "
    "from the texts"
)


class Reader:
    """Reads a metadata database of any version. Never writes, and never raises over a row's values.

    What concerns the whole database (creators, the reader's own account, owners of shared media) is read
    once; make a new Reader after rows were added. No connection is held between two windows, and a row with
    a problem is named once by a Reader, however often it is read. `with_facts` asks for prices and likes too.
    """

    def __init__(self, database: Database, *, with_facts: bool = False) -> None:
        self._database = database
        self._with_facts = with_facts
        self._source = SourceQueries(database)
        self._world: ArchiveIndex | None = None
        self._named: set[tuple[str, str]] = set()
        self._begun: dict[int, tuple[list[ItemPage], AsyncIterator[ItemPage]]] = {}

    async def creators(self) -> list[Creator]:
        """Every account with downloaded media, in order of id. Never the reader's own account.

        Counted are media in an account's posts, stories and walls, in messages from or to it, and media of
        the account that no known item holds.
        """
        world = await self._whole_world()
        accounts = AccountReading(self._source, RowValidator())
        async with self._database.connect() as connection:
            await accounts.load(connection, world.creators)
        return [one for key in sorted(world.creators) if (one := accounts.get(key)) is not None]

    async def creator(self, name: str) -> Creator:
        """The account of that username in any case, with or without `@`, or of that id.

        Raises UnknownCreatorError, which names the closest usernames.
        """
        wanted = name.strip().removeprefix("@")
        accounts = AccountReading(self._source, RowValidator())
        async with self._database.connect() as connection:
            found = await self._accounts_named(connection, wanted)
            await accounts.load(connection, found)
        exact = [one for key in found if (one := accounts.get(key)) is not None]
        exact.sort(key=lambda one: (one.username != wanted, one.id))
        if not exact:
            raise UnknownCreatorError(await self._why_unknown(name))
        return exact[0]

    async def has_media(self, creator: Creator) -> bool:
        """Tell whether any item of a creator has media, or any of its media has a file."""
        if creator.id in (await self._whole_world()).creators:
            return True
        # A reader of its own: problems of rows are to be named when the run reads them.
        async for window in Reader(self._database).windows(creator):
            if any(item.media for item in window.items):
                return True
        return False

    async def windows(self, creator: Creator, size: int = WINDOW_SIZE) -> AsyncIterator[ItemPage]:
        """A creator's items in windows of `size`, oldest first, undated ones last. Then its walls.

        Items are its posts and stories, and every message of the groups it takes part in, as far as they
        carry media. A window that reports problems may hold no item.
        """
        begun, others = self._begun.pop(creator.id, ([], self._windows(creator, size)))
        while begun:
            yield begun.pop()  # not kept here while the others are read
        async for window in others:
            yield window

    async def begin(self, creator: Creator) -> None:
        """Read the first of a creator's windows now, for when they are asked for."""
        windows = self._windows(creator, WINDOW_SIZE)
        first = await anext(windows, None)
        self._begun[creator.id] = [first] if first is not None else [], windows

    async def _windows(self, creator: Creator, size: int) -> AsyncIterator[ItemPage]:
        world = await self._whole_world()
        scrutiny = RowValidator(self._named)
        _report_losses(world, scrutiny)
        accounts = AccountReading(self._source, scrutiny)
        async with self._database.connect() as connection:
            index = await IndexReading(connection, self._source, scrutiny).read(
                creator.id, world.conversations
            )
        reading = PageReading(self._source, scrutiny, world, accounts)
        for part in index.parts(size):
            async with self._database.connect() as connection:
                window = await reading.read(connection, part, index)
            yield window
        if left := scrutiny.take():
            yield ItemPage(problems=left)

    async def unattached(
        self, creator: Creator, size: int = WINDOW_SIZE
    ) -> AsyncIterator[tuple[StoredMedia, ...]]:
        """Media of the account that have a file, and that no known item, media or account holds."""
        world = await self._whole_world()
        ids = world.unattached.get(creator.id, [])
        for start in range(0, len(ids), size):
            media = MediaReading(self._source, RowValidator())
            wanted = ids[start : start + size]
            async with self._database.connect() as connection:
                await media.load(connection, wanted)
            yield tuple(one for key in wanted if (one := media.get(key)) is not None)

    async def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with rows that are in no creator's windows: they belong to nobody, or are unattached."""
        world = await self._whole_world()
        scrutiny = RowValidator(self._named)
        async with self._database.connect() as connection:
            await OrphanReading(connection, self._source, scrutiny).read(world)
            for ids in world.unattached.values():
                await MediaReading(self._source, scrutiny).load(connection, ids)
        return scrutiny.take()

    async def census(self) -> ArchiveStats:
        """Tell how much there is, and what this database cannot tell."""
        world = await self._whole_world()
        scrutiny = RowValidator()
        _report_losses(world, scrutiny)
        async with self._database.connect() as connection:
            rows, with_file = await count_rows(connection, self._source)
        return ArchiveStats(rows, with_file, scrutiny.take())

    async def estimate(self, creators: Collection[Creator]) -> int:
        """About how many items and loose media these creators have, to tell how far a run is."""
        world = await self._whole_world()
        ids = {creator.id for creator in creators}
        groups = {group for one in ids for group in world.conversations.groups_of(one)}
        async with self._database.connect() as connection:
            items = await estimate_items(connection, self._source, ids, groups)
        return items + sum(len(world.unattached.get(one, ())) for one in ids)

    async def usernames(self, ids: Collection[int]) -> dict[int, str]:
        """Return what these accounts are called now, by id. Those without a row or a name are absent."""
        async with self._database.connect() as connection:
            rows = await self._source.by(connection, "accounts", ("id", "username"), ("id", ids))
        return {row[0]: row[1] for row in rows if type(row[0]) is int and isinstance(row[1], str)}

    async def hashtags(self) -> set[str]:
        """Every hashtag that there is, without its `#`."""
        if not self._source.has("hashtags", "value"):
            return set()
        table = self._source.table("hashtags")
        async with self._database.connect() as connection:
            rows = await self._source.rows(connection, sa.select(table.c.value))
        return {row[0].strip().lstrip("#") for row in rows if isinstance(row[0], str)}

    async def items_among(self, ids: Collection[int]) -> set[int]:
        """Those of the ids that are the id of a post, message, story or wall."""
        async with self._database.connect() as connection:
            return {
                row[0]
                for table in TABLES.values()
                for row in await self._source.by(connection, table, ("id",), ("id", ids))
            }

    async def accounts_of(self, media: Collection[int]) -> dict[int, int]:
        """The account of each media, as far as the rows say."""
        async with self._database.connect() as connection:
            rows = await self._source.by(connection, "media", ("id", "accountId"), ("id", media))
        return {row[0]: row[1] for row in rows if type(row[0]) is int and type(row[1]) is int}

    async def find_media(self, files: Iterable[tuple[str, int | None]]) -> Mapping[str, FileOwner]:
        """Tell whose files on disk are, by base name: (base name, media id in the name or None) each.

        A file belongs to the media of that id, or to its parent where that is a variant; else to the media
        that has that file name. Files that belong to no row are absent from the answer.
        """
        world = await self._whole_world()
        async with self._database.connect() as connection:
            found: dict[str, FileOwner] = {}
            for part in batched(dict(files).items(), FILES):
                found |= await find_owners(connection, self._source, dict(part), world)
            return found

    async def named_files(
        self, creators: Collection[Creator], is_wanted: Callable[[str], bool]
    ) -> Sequence[str]:
        """The base names, as far as they are wanted, of the files that these creators' rows have."""
        ids = {creator.id for creator in creators}
        async with self._database.connect() as connection:
            return await find_names(connection, self._source, ids, is_wanted)

    async def _whole_world(self) -> ArchiveIndex:
        if self._world is None:
            async with self._database.connect() as connection:
                world = await read_world(connection, self._source)
            self._world = replace(world, is_asked_for_facts=self._with_facts)
        return self._world

    async def _accounts_named(self, connection: AsyncConnection, wanted: str) -> list[int]:
        table = self._source.table("accounts")
        ways: list[Expression] = []
        if self._source.has("accounts", "username"):
            ways.append(sa.func.lower(table.c.username) == wanted.lower())
        if wanted.isascii() and wanted.isdigit() and int(wanted) <= LARGEST_ID:
            ways.append(table.c.id == int(wanted))
        rows = await self._source.rows(connection, sa.select(table.c.id).where(sa.or_(sa.false(), *ways)))
        return [row[0] for row in rows if type(row[0]) is int]

    async def _why_unknown(self, name: str) -> str:
        usernames = {one.username.lower(): one.username for one in await self.creators()}
        close = difflib.get_close_matches(name.strip().removeprefix("@").lower(), usernames, cutoff=0.5)
        named = [usernames[one] for one in close] or sorted(usernames.values())[:3]
        hint = f"the closest are {', '.join(named)}" if named else "the database knows no creator at all"
        return f"There is no creator {name} in {self._database.name}; {hint}."


def _report_losses(world: ArchiveIndex, scrutiny: RowValidator) -> None:
    """Say what the database does not know, and how to get it."""
    if not world.knows_attachments:
        scrutiny.report("database", "attachments", _LOST_ATTACHMENTS, is_malformed=False)
        if not world.knows_mentions:
            scrutiny.report("database", "post_mentions", _LOST_MENTIONS, is_malformed=False)
    elif world.attached_until is not None:
        reason = _LATER_LOST.format(world.attached_until)
        scrutiny.report("database", "attachments", reason, is_malformed=False)
