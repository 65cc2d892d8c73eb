"""Media, and how accounts offer them: alone or in bundles.

Payloads come in any order and in parts, so what they may name before it arrives (previews, a bundle's
media) has no foreign key here, and dates they may lack are nullable; the downloader's tables are stricter.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column

from metadata.models.base import Base, Id, OptionalMoment, OptionalReference, Reference, Snowflake


class Media(Base):
    """One stored picture, video or audio. A variant and a preview are media of their own."""

    __tablename__ = "media"

    id: Mapped[Id]
    accountId: Mapped[Reference] = mapped_column(ForeignKey("accounts.id"), index=True)
    location: Mapped[str | None]
    mimetype: Mapped[str | None]
    height: Mapped[int | None]
    width: Mapped[int | None]
    type: Mapped[int | None]
    status: Mapped[int | None]
    createdAt: Mapped[OptionalMoment]
    updatedAt: Mapped[OptionalMoment]
    flags: Mapped[int | None]
    meta_info: Mapped[str | None]
    duration: Mapped[float | None]
    local_filename: Mapped[str | None]
    content_hash: Mapped[str | None] = mapped_column(index=True)
    is_downloaded: Mapped[bool] = mapped_column(default=False, server_default=false())
    stash_id: Mapped[int | None]


class MediaVariant(Base):
    """`variantId` is another rendition of `mediaId`. Both are media."""

    __tablename__ = "media_variants"

    mediaId: Mapped[int] = mapped_column(Snowflake, ForeignKey("media.id"), primary_key=True)
    variantId: Mapped[int] = mapped_column(Snowflake, ForeignKey("media.id"), primary_key=True, index=True)


class MediaLocation(Base):
    """Address of a media at the source: 1 is the file, 102 an HLS manifest, 103 a DASH manifest."""

    __tablename__ = "media_locations"

    mediaId: Mapped[int] = mapped_column(
        Snowflake, ForeignKey("media.id", ondelete="CASCADE"), primary_key=True
    )
    locationId: Mapped[int] = mapped_column(Snowflake, primary_key=True, autoincrement=False)
    location: Mapped[str | None]


class AccountMedia(Base):
    """A media as an account offers it. Without `access` only the preview can be on disk."""

    __tablename__ = "account_media"

    id: Mapped[Id]
    accountId: Mapped[Reference] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    mediaId: Mapped[Reference] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"), index=True)
    previewId: Mapped[OptionalReference] = mapped_column(index=True)
    createdAt: Mapped[OptionalMoment]
    deletedAt: Mapped[OptionalMoment]
    deleted: Mapped[bool] = mapped_column(default=False)
    access: Mapped[bool] = mapped_column(default=False)
    stash_id: Mapped[int | None]


class AccountMediaBundle(Base):
    """Several media offered as one."""

    __tablename__ = "account_media_bundles"

    id: Mapped[Id]
    accountId: Mapped[Reference] = mapped_column(ForeignKey("accounts.id"), index=True)
    previewId: Mapped[OptionalReference] = mapped_column(index=True)
    createdAt: Mapped[OptionalMoment]
    deletedAt: Mapped[OptionalMoment]
    deleted: Mapped[bool] = mapped_column(default=False)
    access: Mapped[bool] = mapped_column(default=False)
    purchased: Mapped[bool] = mapped_column(default=False)
    whitelisted: Mapped[bool] = mapped_column(default=False)
    stash_id: Mapped[int | None]


class AccountMediaBundleMedia(Base):
    """The place of an account's media in a bundle. `media_id` is an `account_media.id`."""

    __tablename__ = "account_media_bundle_media"

    bundle_id: Mapped[int] = mapped_column(
        Snowflake, ForeignKey("account_media_bundles.id", ondelete="CASCADE"), primary_key=True
    )
    media_id: Mapped[int] = mapped_column(Snowflake, primary_key=True, index=True)
    pos: Mapped[int]
