"""Accounts and what the source counts about them."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from metadata.models.base import Base, Id, Moment, OptionalMoment, Reference, Snowflake


class Account(Base):
    """Somebody at the source: a creator, a mentioned account, or the reader of this archive."""

    __tablename__ = "accounts"

    id: Mapped[Id]
    username: Mapped[str] = mapped_column(unique=True)
    displayName: Mapped[str | None]
    flags: Mapped[int | None]
    version: Mapped[int | None]
    about: Mapped[str | None]
    location: Mapped[str | None]
    following: Mapped[bool | None]
    profileAccess: Mapped[bool | None]
    createdAt: Mapped[OptionalMoment]
    subscribed: Mapped[bool | None]
    stash_id: Mapped[int | None]


class AccountAvatar(Base):
    """Link from an account to a media that is, or was, its avatar."""

    __tablename__ = "account_avatar"

    accountId: Mapped[int] = mapped_column(Snowflake, ForeignKey("accounts.id"), primary_key=True)
    mediaId: Mapped[int] = mapped_column(Snowflake, ForeignKey("media.id"), primary_key=True)


class AccountBanner(Base):
    """Link from an account to a media that is, or was, its banner."""

    __tablename__ = "account_banner"

    accountId: Mapped[int] = mapped_column(Snowflake, ForeignKey("accounts.id"), primary_key=True)
    mediaId: Mapped[int] = mapped_column(Snowflake, ForeignKey("media.id"), primary_key=True)


class TimelineStats(Base):
    """Counts of an account's timeline, as the source reports them."""

    __tablename__ = "timeline_stats"

    accountId: Mapped[int] = mapped_column(
        Snowflake, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    imageCount: Mapped[int | None]
    videoCount: Mapped[int | None]
    bundleCount: Mapped[int | None]
    bundleImageCount: Mapped[int | None]
    bundleVideoCount: Mapped[int | None]
    fetchedAt: Mapped[OptionalMoment]


class MediaStoryState(Base):
    """State of an account's stories: whether it has some now."""

    __tablename__ = "media_story_states"

    accountId: Mapped[int] = mapped_column(
        Snowflake, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    status: Mapped[int | None]
    storyCount: Mapped[int | None]
    version: Mapped[int | None]
    createdAt: Mapped[OptionalMoment]
    updatedAt: Mapped[OptionalMoment]
    hasActiveStories: Mapped[bool | None]


class MonitorState(Base):
    """Last sight of a creator by the downloader's watcher."""

    __tablename__ = "monitor_state"

    creatorId: Mapped[int] = mapped_column(
        Snowflake, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    lastHasActiveStories: Mapped[bool | None]
    lastCheckedAt: Mapped[OptionalMoment]
    lastRunAt: Mapped[OptionalMoment]
    updatedAt: Mapped[Moment]


class FollowEvent(Base):
    """When an account was followed or left."""

    __tablename__ = "follow_events"

    id: Mapped[int] = mapped_column(Snowflake, primary_key=True)
    accountId: Mapped[Reference] = mapped_column(ForeignKey("accounts.id"), index=True)
    observed_at: Mapped[Moment]
    following_state: Mapped[bool]
