"""The reader of a metadata database: creators, their items in pages, and the owners of files on disk."""

from __future__ import annotations

import difflib
from dataclasses import replace
from itertools import batched
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stash.source.errors import UnknownCreatorError
from stash.source.items import ItemPage
from stash.source.reading.accounts import AccountReading
from stash.source.reading.archive_index import ArchiveIndex, read_archive_index
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

PAGE_SIZE = 1000

FILES_PER_LOOKUP = 10_000
"""The number of files in one lookup, so that the memory of its answer does not grow with the library."""

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

    Facts of the whole database (creators, the reader's own account, owners of shared media) are read once, so make a
    new Reader after rows were added. No connection is held between two pages. A Reader names a row with a problem once,
    however often it reads the row. `with_facts` asks for prices and likes too.
    """

    def __init__(self, database: Database, *, with_facts: bool = False) -> None:
        self._database = database
        self._with_facts = with_facts
        self._source = SourceQueries(database)
        self._archive: ArchiveIndex | None = None
        self._named: set[tuple[str, str]] = set()
        self._begun: dict[int, tuple[list[ItemPage], AsyncIterator[ItemPage]]] = {}

    async def creators(self) -> list[Creator]:
        """Return every account with downloaded media, in order of id, without the reader's own account.

        Media count that are in an account's posts, stories and walls, in messages from or to the account, or
        unattached.
        """
        archive = await self._archive_index()
        accounts = AccountReading(self._source, RowValidator())
        async with self._database.connect() as connection:
            await accounts.load(connection, archive.creators)
        return [one for key in sorted(archive.creators) if (one := accounts.get(key)) is not None]

    async def creator(self, name: str) -> Creator:
        """Return the account of a username in any case, with or without `@`, or of an id.

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
        if creator.id in (await self._archive_index()).creators:
            return True
        # Another Reader, because this one shall name the problems of rows when the run reads them.
        async for page in Reader(self._database).pages(creator):
            if any(item.media for item in page.items):
                return True
        return False

    async def pages(self, creator: Creator, size: int = PAGE_SIZE) -> AsyncIterator[ItemPage]:
        """Read a creator's items in pages of `size`, oldest first, undated ones last. Then its walls.

        Items are the creator's posts and stories, and every message of its groups, if they carry media. A page that
        reports problems may be without items.
        """
        begun, others = self._begun.pop(creator.id, ([], self._pages(creator, size)))
        while begun:
            yield begun.pop()  # not kept here while the others are read
        async for page in others:
            yield page

    async def begin(self, creator: Creator) -> None:
        """Read the first page of a creator ahead of the call of `pages`."""
        pages = self._pages(creator, PAGE_SIZE)
        first = await anext(pages, None)
        self._begun[creator.id] = [first] if first is not None else [], pages

    async def _pages(self, creator: Creator, size: int) -> AsyncIterator[ItemPage]:
        archive = await self._archive_index()
        validator = RowValidator(self._named)
        _report_losses(archive, validator)
        accounts = AccountReading(self._source, validator)
        async with self._database.connect() as connection:
            index = await IndexReading(connection, self._source, validator).read(
                creator.id, archive.conversations
            )
        reading = PageReading(self._source, validator, archive, accounts)
        for part in index.parts(size):
            async with self._database.connect() as connection:
                page = await reading.read(connection, part, index)
            yield page
        if left := validator.take():
            yield ItemPage(problems=left)

    async def unattached(
        self, creator: Creator, size: int = PAGE_SIZE
    ) -> AsyncIterator[tuple[StoredMedia, ...]]:
        """Read the creator's media with a file that no known item, media or account refers to."""
        archive = await self._archive_index()
        ids = archive.unattached.get(creator.id, [])
        for start in range(0, len(ids), size):
            media = MediaReading(self._source, RowValidator())
            wanted = ids[start : start + size]
            async with self._database.connect() as connection:
                await media.load(connection, wanted)
            yield tuple(one for key in wanted if (one := media.get(key)) is not None)

    async def problems(self) -> tuple[Problem, ...]:
        """Return the problems of rows outside every creator's pages: orphan rows, and unattached media."""
        archive = await self._archive_index()
        validator = RowValidator(self._named)
        async with self._database.connect() as connection:
            await OrphanReading(connection, self._source, validator).read(archive)
            for ids in archive.unattached.values():
                await MediaReading(self._source, validator).load(connection, ids)
        return validator.take()

    async def statistics(self) -> ArchiveStats:
        """Count the rows of the database, and list the kinds of rows that it does not keep."""
        archive = await self._archive_index()
        validator = RowValidator()
        _report_losses(archive, validator)
        async with self._database.connect() as connection:
            rows, with_file = await count_rows(connection, self._source)
        return ArchiveStats(rows, with_file, validator.take())

    async def estimate(self, creators: Collection[Creator]) -> int:
        """Estimate the number of items and unattached media of these creators, for the progress of a run."""
        archive = await self._archive_index()
        ids = {creator.id for creator in creators}
        groups = {group for one in ids for group in archive.conversations.groups_of(one)}
        async with self._database.connect() as connection:
            items = await estimate_items(connection, self._source, ids, groups)
        return items + sum(len(archive.unattached.get(one, ())) for one in ids)

    async def usernames(self, ids: Collection[int]) -> dict[int, str]:
        """Return the current usernames of accounts, by id. Accounts without a row or a name are absent."""
        async with self._database.connect() as connection:
            rows = await self._source.by(connection, "accounts", ("id", "username"), ("id", ids))
        return {row[0]: row[1] for row in rows if type(row[0]) is int and isinstance(row[1], str)}

    async def hashtags(self) -> set[str]:
        """Return every hashtag of the database, without its `#`."""
        if not self._source.has("hashtags", "value"):
            return set()
        table = self._source.table("hashtags")
        async with self._database.connect() as connection:
            rows = await self._source.rows(connection, sa.select(table.c.value))
        return {row[0].strip().lstrip("#") for row in rows if isinstance(row[0], str)}

    async def items_among(self, ids: Collection[int]) -> set[int]:
        """Return the ids that belong to a post, message, story or wall."""
        async with self._database.connect() as connection:
            return {
                row[0]
                for table in TABLES.values()
                for row in await self._source.by(connection, table, ("id",), ("id", ids))
            }

    async def accounts_of(self, media: Collection[int]) -> dict[int, int]:
        """Return the account of each media that has a row."""
        async with self._database.connect() as connection:
            rows = await self._source.by(connection, "media", ("id", "accountId"), ("id", media))
        return {row[0]: row[1] for row in rows if type(row[0]) is int and type(row[1]) is int}

    async def find_media(self, files: Iterable[tuple[str, int | None]]) -> Mapping[str, FileOwner]:
        """Find the owners of files on disk, by base name. A file is (base name, media id in the name or None).

        A file belongs to the media of that id, or to the parent of that variant. Else it belongs to the media with
        that file name. Files without a row are absent from the answer.
        """
        archive = await self._archive_index()
        async with self._database.connect() as connection:
            found: dict[str, FileOwner] = {}
            for part in batched(dict(files).items(), FILES_PER_LOOKUP):
                found |= await find_owners(connection, self._source, dict(part), archive)
            return found

    async def named_files(
        self, creators: Collection[Creator], is_wanted: Callable[[str], bool]
    ) -> Sequence[str]:
        """Return the wanted base names of the files that these creators' rows have."""
        ids = {creator.id for creator in creators}
        async with self._database.connect() as connection:
            return await find_names(connection, self._source, ids, is_wanted)

    async def _archive_index(self) -> ArchiveIndex:
        if self._archive is None:
            async with self._database.connect() as connection:
                archive = await read_archive_index(connection, self._source)
            self._archive = replace(archive, is_asked_for_facts=self._with_facts)
        return self._archive

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


def _report_losses(archive: ArchiveIndex, validator: RowValidator) -> None:
    """Report the kinds of rows that the database does not keep, and how to get them."""
    if not archive.knows_attachments:
        validator.report("database", "attachments", _LOST_ATTACHMENTS, is_malformed=False)
        if not archive.knows_mentions:
            validator.report("database", "post_mentions", _LOST_MENTIONS, is_malformed=False)
    elif archive.attached_until is not None:
        reason = _LATER_LOST.format(archive.attached_until)
        validator.report("database", "attachments", reason, is_malformed=False)
