"""Media rows with their variants."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import repeat
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stash.source.items import StoredMedia
from stash.source.values import parse_creation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.reading.row_validation import RowValidator
    from stash.source.reading.source import SourceQueries

_MEDIA = (
    "id",
    "accountId",
    "mimetype",
    "createdAt",
    "local_filename",
    "is_downloaded",
    "content_hash",
    "stash_id",
)
_FOLDERS = re.compile(r".*[/\\]", re.DOTALL)
_NUMBER, _NUMBER_OR_NONE = {int}, {int, type(None)}
_TEXT = {str, type(None)}
NO_ACCOUNT = 0

type _Columns = Sequence[Any]


class MediaReading:
    """The media of one page. `renditions` are further variants, each with its media."""

    def __init__(
        self,
        source: SourceQueries,
        validator: RowValidator,
        renditions: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        self._source, self._validator = source, validator
        self._media: dict[int, StoredMedia] = {}
        self._renditions: defaultdict[int, list[int]] = defaultdict(list)
        for rendition, media in renditions.items():
            self._renditions[media].append(rendition)

    def get(self, media: object) -> StoredMedia | None:
        """Return a loaded media. None if it is unknown."""
        return self._media.get(media) if isinstance(media, int) else None

    async def load(self, connection: AsyncConnection, ids: Collection[int]) -> None:
        """Read media and their variants, by a fixed number of statements."""
        variants = {**await self._variants(connection, ids), **await self._found_by_time(connection, ids)}
        rows = await self._source.by(connection, "media", _MEDIA, ("id", ids))
        for stored in self._stored(rows, [tuple(variants.get(row[0], ())) for row in rows]):
            if stored.id in self._media:
                self._validator.report("media", stored.id, "id is there twice; the first row counts")
            else:
                self._media[stored.id] = stored

    async def _found_by_time(
        self, connection: AsyncConnection, ids: Collection[int]
    ) -> Mapping[int, list[StoredMedia]]:
        parents = {rendition: media for media in ids for rendition in self._renditions.get(media, ())}
        rows = await self._source.by(connection, "media", _MEDIA, ("id", parents.keys()))
        return {parents[one.id]: [one] for one in self._stored(rows, repeat((), len(rows)))}

    async def _variants(
        self, connection: AsyncConnection, ids: Collection[int]
    ) -> Mapping[int, list[StoredMedia]]:
        if not ids or not self._source.has("media_variants", "mediaId", "variantId"):
            return {}
        links, media = self._source.table("media_variants"), self._source.table("media")
        statement = (
            sa.select(*self._source.values(media, "media", _MEDIA), links.c.mediaId, links.c.variantId)
            .select_from(links.outerjoin(media, media.c.id == links.c.variantId))
            .where(self._source.within(links.c.mediaId, ids), links.c.variantId != links.c.mediaId)
        )
        rows = await self._source.rows(connection, statement)
        found = [row for row in rows if row[0] is not None]
        stored: dict[int, StoredMedia] = {}
        for one in self._stored(found, repeat((), len(found))):
            stored.setdefault(one.id, one)
        of_parent: defaultdict[int, dict[int, StoredMedia]] = defaultdict(dict)
        for row in rows:
            variant, parent = row[0], row[-2]
            if variant in stored:
                of_parent[parent][variant] = stored[variant]
            elif variant is None:
                reason = f"the media {row[-1]} is unknown"
                is_malformed = type(row[-1]) not in _NUMBER_OR_NONE
                key = f"{parent}/{row[-1]}"
                self._validator.report("media_variants", key, reason, is_malformed=is_malformed)
        return {parent: [known[one] for one in sorted(known)] for parent, known in of_parent.items()}

    def _stored(
        self, rows: Sequence[_Columns], variants: Iterable[tuple[StoredMedia, ...]]
    ) -> list[StoredMedia]:
        columns = _clean_columns(rows)
        if columns is not None:
            return list(map(StoredMedia, *columns, variants))
        found = (self._from_any(row, of_it) for row, of_it in zip(rows, variants, strict=True))
        return [one for one in found if one is not None]

    def _from_any(self, row: _Columns, variants: tuple[StoredMedia, ...]) -> StoredMedia | None:
        row_id, account, mimetype, created, filename, downloaded, digest, stash_id = row[: len(_MEDIA)]
        key = self._validator.key("media", row_id)
        if key is None:
            return None
        view = self._validator.row("media", key)
        name = view.text("local_filename", filename)
        return StoredMedia(
            key,
            view.integer("accountId", account) or NO_ACCOUNT,
            view.text("mimetype", mimetype),
            view.instant("createdAt", created),
            base_name(name) if name else None,
            bool(view.flag("is_downloaded", downloaded)),
            view.text("content_hash", digest),
            view.integer("stash_id", stash_id),
            variants,
        )


def _clean_columns(rows: Sequence[_Columns]) -> list[Iterable[Any]] | None:
    """Return the columns of rows if every value is clean. None if a value needs validation.

    Most pages are clean. A check by columns costs a tenth of a check of each value.
    """
    if not rows:
        return None
    columns = list(zip(*rows, strict=True))[: len(_MEDIA)]
    row_id, account, mimetype, created, filename, downloaded, digest, stash_id = columns
    try:
        instants = list(map(parse_creation, created))
        is_clean = (
            _NUMBER.issuperset(map(type, row_id))
            and _NUMBER.issuperset(map(type, account))
            and _NUMBER_OR_NONE.issuperset(map(type, stash_id))
            and {0, 1}.issuperset(downloaded)
            and all(_TEXT.issuperset(map(type, texts)) for texts in (mimetype, filename, digest))
            and all("".join(filter(None, texts)).isascii() for texts in (mimetype, filename, digest))
        )
    except (ValueError, TypeError):
        return None
    if not is_clean:
        return None
    names = (base_name(name) if name else None for name in filename)
    return [row_id, account, mimetype, instants, names, map(bool, downloaded), digest, stash_id]


def base_name(path: str) -> str:
    """Return the last part of a path of any system. Rows of old versions hold whole paths."""
    return _FOLDERS.sub("", path) if "/" in path or "\\" in path else path
