"""Stories that carry media."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from metadata.models.base import Base, Id, OptionalMoment, OptionalReference, Reference


class MediaStory(Base):
    """A story. `contentId` is an `account_media.id`, `contentType` the API's number."""

    __tablename__ = "media_stories"

    id: Mapped[Id]
    accountId: Mapped[Reference] = mapped_column(ForeignKey("accounts.id"), index=True)
    contentType: Mapped[int | None]
    contentId: Mapped[OptionalReference] = mapped_column(index=True)
    createdAt: Mapped[OptionalMoment]
    updatedAt: Mapped[OptionalMoment]
