"""The declarative base, and the column types that every era of the downloader's databases fits."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from sqlalchemy import BigInteger, DateTime, Dialect, Enum, Integer, TypeDecorator
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, mapped_column

from stash.source.values import ContentType, parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable


_STORED_NAMES = ("ACCOUNT_MEDIA", "ACCOUNT_MEDIA_BUNDLE", "POLL", "STORY", "AGGREGATED_POSTS", "TIP_GOALS")


class ContentTypeName(TypeDecorator[ContentType]):
    """A `ContentType` stored by name, as the enum `contenttype` in PostgreSQL. A stored number is read too."""

    impl = Enum(*_STORED_NAMES, name="contenttype")
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:  # noqa: ARG002, D102
        if value is None:
            return None
        known = ContentType.parse(int(value) if isinstance(value, int) else value)
        if known is None:
            raise ValueError(f"{value!r} is no content type")
        return known.name

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[object], ContentType | None]:  # noqa: ARG002, D102
        return ContentType.parse


class Instant(TypeDecorator[datetime]):
    """A timezone-aware UTC datetime. Reads what any era wrote, and reads rubbish as None."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: D102
        instant = parse_instant(value)
        if instant is None or dialect.name != "sqlite":
            return instant
        return instant.replace(tzinfo=None)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[object], datetime | None]:  # noqa: ARG002, D102
        return _instant_or_none


def _instant_or_none(value: object) -> datetime | None:
    try:
        return parse_instant(value)
    except ValueError:
        return None


Snowflake = BigInteger().with_variant(Integer, "sqlite")

Id = Annotated[int, mapped_column(Snowflake, primary_key=True, autoincrement=False)]
Reference = Annotated[int, mapped_column(Snowflake)]
OptionalReference = Annotated[int | None, mapped_column(Snowflake)]
Moment = Annotated[datetime, mapped_column(Instant)]
OptionalMoment = Annotated[datetime | None, mapped_column(Instant)]


class Base(AsyncAttrs, DeclarativeBase):
    """Every table of the metadata database. Attribute names are the downloader's column names."""
