"""Messages, the groups they are sent in, and what posts and messages carry.

Nullable here, though not in the downloader's tables: who made a group and when a message was sent, since
payloads may not say.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from metadata.models.base import (
    Base,
    ContentTypeName,
    Id,
    OptionalMoment,
    OptionalReference,
    Reference,
    Snowflake,
)
from stash.source.values import ContentType  # noqa: TC001 - SQLAlchemy reads it


class Group(Base):
    """A conversation. `createdBy` is usually the reader of this archive."""

    __tablename__ = "groups"

    id: Mapped[Id]
    createdBy: Mapped[OptionalReference] = mapped_column(ForeignKey("accounts.id"))
    lastMessageId: Mapped[OptionalReference]


class GroupUser(Base):
    """Member of a group."""

    __tablename__ = "group_users"

    groupId: Mapped[int] = mapped_column(Snowflake, ForeignKey("groups.id"), primary_key=True)
    accountId: Mapped[int] = mapped_column(Snowflake, primary_key=True, index=True)


class Message(Base):
    """A message in a group."""

    __tablename__ = "messages"

    id: Mapped[Id]
    groupId: Mapped[OptionalReference] = mapped_column(ForeignKey("groups.id"), index=True)
    senderId: Mapped[Reference] = mapped_column(ForeignKey("accounts.id"), index=True)
    createdAt: Mapped[OptionalMoment]
    deletedAt: Mapped[OptionalMoment]
    deleted: Mapped[bool] = mapped_column(default=False)
    content: Mapped[str] = mapped_column(default="")
    recipientId: Mapped[OptionalReference] = mapped_column(ForeignKey("accounts.id"))
    stash_id: Mapped[int | None]


class Attachment(Base):
    """Attachment of a post or a message. `contentId` has no foreign key and may dangle."""

    __tablename__ = "attachments"
    __table_args__ = (CheckConstraint('"postId" IS NULL OR "messageId" IS NULL'),)

    id: Mapped[int] = mapped_column(Snowflake, primary_key=True)
    postId: Mapped[OptionalReference] = mapped_column(ForeignKey("posts.id"), index=True)
    messageId: Mapped[OptionalReference] = mapped_column(ForeignKey("messages.id"), index=True)
    contentId: Mapped[Reference] = mapped_column(index=True)
    pos: Mapped[int]
    contentType: Mapped[ContentType] = mapped_column(ContentTypeName)
