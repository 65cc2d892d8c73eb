"""Posts, their hashtags and mentions, and the walls that order them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from metadata.models.base import Base, Id, OptionalMoment, OptionalReference, Reference, Snowflake


class Post(Base):
    """A post on an account's timeline."""

    __tablename__ = "posts"

    id: Mapped[Id]
    accountId: Mapped[Reference] = mapped_column(ForeignKey("accounts.id"), index=True)
    content: Mapped[str | None]
    fypFlag: Mapped[int | None]
    inReplyTo: Mapped[OptionalReference]
    inReplyToRoot: Mapped[OptionalReference]
    createdAt: Mapped[OptionalMoment]
    expiresAt: Mapped[OptionalMoment]
    stash_id: Mapped[int | None]


class Hashtag(Base):
    """A hashtag: lower-case, without its `#`."""

    __tablename__ = "hashtags"
    __table_args__ = (Index("ix_hashtags_value_lower", func.lower(literal_column("value")), unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[str]
    stash_id: Mapped[int | None]


class PostHashtag(Base):
    """Hashtag of a post. The order is that of the text."""

    __tablename__ = "post_hashtags"

    postId: Mapped[int] = mapped_column(
        Snowflake, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    hashtagId: Mapped[int] = mapped_column(
        ForeignKey("hashtags.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class PostMention(Base):
    """Somebody named in a post. `accountId` is NULL where only the handle is known."""

    __tablename__ = "post_mentions"
    __table_args__ = (UniqueConstraint("postId", "accountId"), UniqueConstraint("postId", "handle"))

    id: Mapped[int] = mapped_column(primary_key=True)
    postId: Mapped[Reference] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    accountId: Mapped[OptionalReference] = mapped_column(index=True)
    handle: Mapped[str]


class PinnedPost(Base):
    """A post that an account keeps on top."""

    __tablename__ = "pinned_posts"

    postId: Mapped[int] = mapped_column(Snowflake, ForeignKey("posts.id"), primary_key=True)
    accountId: Mapped[int] = mapped_column(Snowflake, ForeignKey("accounts.id"), primary_key=True)
    pos: Mapped[int]
    createdAt: Mapped[OptionalMoment]


class Wall(Base):
    """An ordered collection of an account's posts."""

    __tablename__ = "walls"

    id: Mapped[Id]
    accountId: Mapped[Reference] = mapped_column(ForeignKey("accounts.id"), index=True)
    pos: Mapped[int | None]
    name: Mapped[str | None]
    description: Mapped[str | None]
    createdAt: Mapped[OptionalMoment]
    stash_id: Mapped[int | None]


class WallPost(Base):
    """Post on a wall."""

    __tablename__ = "wall_posts"

    wallId: Mapped[int] = mapped_column(
        Snowflake, ForeignKey("walls.id", ondelete="CASCADE"), primary_key=True
    )
    postId: Mapped[int] = mapped_column(
        Snowflake, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, index=True
    )
