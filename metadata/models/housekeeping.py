"""Rows about rows: stubs, and who made the database."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from metadata.models.base import Base, Moment, Snowflake
from stash.source.database import FACTS, ORIGIN


class Stub(Base):
    """A row that was made because another one names it. Nothing but its id is known."""

    __tablename__ = "stub_tracker"

    table_name: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(Snowflake, primary_key=True, autoincrement=False)
    created_at: Mapped[Moment]
    reason: Mapped[str | None]


class Fact(Base):
    """Facts of a payload about a row that the downloader has no column for. Only a database of our own has them."""

    __tablename__ = FACTS

    tableName: Mapped[str] = mapped_column(primary_key=True)
    recordId: Mapped[int] = mapped_column(Snowflake, primary_key=True, autoincrement=False)
    price: Mapped[int | None]
    likes: Mapped[int | None]


class Origin(Base):
    """The mark of a database that stash-sync made: one row, and no other database has the table."""

    __tablename__ = ORIGIN

    madeBy: Mapped[str] = mapped_column(primary_key=True)
    createdAt: Mapped[Moment]
