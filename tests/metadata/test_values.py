"""Raw values of every era, and the models' own types."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from metadata import Account, Attachment, ContentType, Post
from metadata.making import open_or_make
from metadata.models.base import ContentTypeName, Instant
from stash.source.values import parse_flag, parse_instant, parse_integer, parse_text, repair_text

if TYPE_CHECKING:
    from stash.source.database import Database

NOON = datetime(2025, 1, 19, 12, 49, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2025-01-19 12:49:50",
        "2025-01-19 12:49:50.000000",
        " 2025-01-19T12:49:50Z ",
        "2025-01-19 12:49:50+00",
        "2025-01-19T13:49:50+01:00",
        "2025-01-19 07:49:50.0-05",
        1737290990,
        1737290990.0,
        1737290990000,
        "1737290990",
        "1737290990000",
        "1737290990.0",
        datetime(2025, 1, 19, 12, 49, 50),  # noqa: DTZ001 - what PostgreSQL's older columns give
        datetime(2025, 1, 19, 13, 49, 50, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_instants_of_every_era(value: object) -> None:
    """Every form that a version or a driver uses stands for the same UTC instant."""
    assert parse_instant(value) == NOON
    assert parse_instant(value).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        "",
        "now",
        "0000-01-01 00:00:00",
        "2025-13-01",
        "0001-01-01 00:00:00+01:00",
        "0044-03-15 00:00:00+00 BC",
        "infinity",
        "nan",
        float("nan"),
        float("-inf"),
        10**18,
        10**400,
        True,
        b"2025-01-19",
        [],
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_what_is_no_instant(value: object) -> None:
    """Anything else is a ValueError, never another error."""
    with pytest.raises(ValueError):  # noqa: PT011 - any reason will do
        parse_instant(value)


def test_small_values() -> None:
    """Numbers, flags and text take what means the same, and None stays None."""
    assert [parse_integer(one) for one in (5, "5", 5.0, True, None)] == [5, 5, 5, 1, None]
    assert [parse_flag(one) for one in (True, 0, 1, None)] == [True, False, True, None]
    assert [parse_text(one) for one in ("a", None)] == ["a", None]
    assert [repair_text(one) for one in (b"a\xff", "a\ud800", 5)] == ["a\ufffd", "a\ufffd", "5"]


@pytest.mark.parametrize(
    ("parse", "value"),
    [
        (parse_integer, "five"),
        (parse_integer, 1.5),
        (parse_integer, float("inf")),
        (parse_integer, 2**63),
        (parse_integer, b"5"),
        (parse_flag, 2),
        (parse_flag, "yes"),
        (parse_text, b"a"),
        (parse_text, 5),
    ],
)
def test_what_is_no_such_value(parse: object, value: object) -> None:
    """Anything else is a ValueError that says what it is not."""
    with pytest.raises(ValueError, match="is n"):
        parse(value)


def test_content_types_have_names_and_numbers() -> None:
    """A content type is found by its name, its number, and its number as text."""
    for value in ("STORY", 32001, "32001", ContentType.STORY):
        assert ContentType.parse(value) is ContentType.STORY
    assert ContentType.parse("SONG") is None
    assert ContentType.parse(None) is None


async def test_models_keep_what_they_are_given(database: Database) -> None:
    """Rows written through the models come back with aware instants and content types, by attribute."""
    async with database.begin() as connection, AsyncSession(connection, expire_on_commit=False) as session:
        session.add(Account(id=1, username="anna", displayName="Anna", createdAt=NOON))
        await session.flush()
        session.add(Post(id=2, accountId=1, createdAt=NOON.astimezone(timezone(timedelta(hours=3)))))
        await session.flush()
        session.add(Attachment(postId=2, contentId=3, pos=0, contentType=ContentType.ACCOUNT_MEDIA_BUNDLE))
        await session.flush()
    async with database.connect() as connection, AsyncSession(connection) as session:
        account = (await session.execute(sa.select(Account))).scalar_one()
        post = (await session.execute(sa.select(Post))).scalar_one()
        attachment = (await session.execute(sa.select(Attachment))).scalar_one()
        assert (account.displayName, account.createdAt, account.about) == ("Anna", NOON, None)
        assert post.createdAt == NOON
        assert attachment.contentType is ContentType.ACCOUNT_MEDIA_BUNDLE
    async with database.connect() as connection:
        stored = await connection.execute(sa.text('SELECT CAST("contentType" AS TEXT) FROM attachments'))
        assert stored.scalar_one() == "ACCOUNT_MEDIA_BUNDLE"


async def test_models_read_rubbish_as_nothing(tmp_path) -> None:
    """An instant that is none, and an unknown content type, are None and no error."""
    async with await open_or_make(str(tmp_path / "metadata.sqlite")) as database:
        async with database.begin() as connection:
            await connection.exec_driver_sql(
                "INSERT INTO accounts VALUES (1,'a',0,0,0,0,0,0,0,'rubbish',0,0)"
            )
            await connection.exec_driver_sql("INSERT INTO attachments VALUES (1,NULL,NULL,5,0,'SONG')")
            await connection.exec_driver_sql("INSERT INTO attachments VALUES (2,NULL,NULL,5,0,'2')")
        async with database.connect() as connection:
            assert (await connection.execute(sa.select(Account.createdAt))).scalar_one() is None
            kinds = await connection.execute(sa.select(Attachment.contentType).order_by(Attachment.id))
            assert list(kinds.scalars()) == [None, ContentType.ACCOUNT_MEDIA_BUNDLE]


def test_types_bind_what_means_the_same() -> None:
    """Content types are bound by name from name and number; instants without an offset for SQLite."""
    dialect = sqlite.dialect()
    bind = ContentTypeName().process_bind_param
    assert [bind(one, dialect) for one in (1, "STORY", ContentType.POLL, None)] == [
        "ACCOUNT_MEDIA",
        "STORY",
        "POLL",
        None,
    ]
    with pytest.raises(ValueError, match="is no content type"):
        bind("SONG", dialect)
    assert Instant().process_bind_param(NOON, dialect) == NOON.replace(tzinfo=None)
    assert Instant().process_bind_param(None, dialect) is None
