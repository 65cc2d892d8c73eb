"""Rows as factories make them, and hand-made worlds of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import factory
from sqlalchemy.ext.asyncio import AsyncSession

from metadata.models import (
    Account,
    AccountAvatar,
    AccountMedia,
    AccountMediaBundle,
    AccountMediaBundleMedia,
    Attachment,
    Base,
    ContentType,
    Group,
    GroupUser,
    Hashtag,
    Media,
    MediaStory,
    MediaVariant,
    Message,
    Post,
    PostHashtag,
    PostMention,
    Wall,
    WallPost,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stash.source.database import Database

IDS = count(700_000_000_000_000_000)
"""Ids are unique over all tables, as the source's are."""

START = datetime(2025, 1, 1, 12, tzinfo=UTC)


def moment(hours: int) -> datetime:
    """An instant so many hours after the start of every hand-made world."""
    return START + timedelta(hours=hours)


def numbered(model: type[Base], **values: object) -> type[factory.Factory]:
    """A factory of rows with an id of their own."""
    return factory.make_factory(model, id=factory.LazyFunction(IDS.__next__), **values)


def counted(model: type[Base], **values: object) -> type[factory.Factory]:
    """A factory of rows that are counted from 1."""
    return factory.make_factory(model, id=factory.Sequence(lambda number: number + 1), **values)


AccountFactory = numbered(
    Account,
    username=factory.Sequence(lambda number: f"creator_{number}"),
    displayName=factory.LazyAttribute(lambda row: row.username.title()),
)
MediaFactory = numbered(
    Media,
    mimetype="image/jpeg",
    createdAt=START,
    is_downloaded=True,
    local_filename=factory.LazyAttribute(lambda row: f"2025-01-01_at_12-00_UTC_id_{row.id}.jpeg"),
)
AccountMediaFactory = numbered(AccountMedia, createdAt=START, deleted=False, access=True)
BundleFactory = numbered(
    AccountMediaBundle, createdAt=START, deleted=False, access=True, purchased=False, whitelisted=False
)
PostFactory = numbered(
    Post, content=factory.Sequence(lambda number: f"The text of post {number}"), createdAt=START
)
MessageFactory = numbered(Message, content="A message", createdAt=START, deleted=False)
StoryFactory = numbered(MediaStory, contentType=1, createdAt=START)
GroupFactory = numbered(Group)
WallFactory = numbered(Wall)
AttachmentFactory = counted(Attachment, pos=0, contentType=ContentType.ACCOUNT_MEDIA)
HashtagFactory = counted(Hashtag)
PostMentionFactory = counted(PostMention)
AvatarFactory = factory.make_factory(AccountAvatar)
BundleMediaFactory = factory.make_factory(AccountMediaBundleMedia, pos=0)
GroupUserFactory = factory.make_factory(GroupUser)
MediaVariantFactory = factory.make_factory(MediaVariant)
PostHashtagFactory = factory.make_factory(PostHashtag)
WallPostFactory = factory.make_factory(WallPost)


class World:
    """Rows in the making; `await save(database)` writes them all, those referred to first."""

    def __init__(self) -> None:
        self.rows: list[Base] = []

    def add[R: Base](self, row: R) -> R:
        """Keep a row."""
        self.rows.append(row)
        return row

    def account(self, **values: object) -> Account:
        """An account."""
        return self.add(AccountFactory(**values))

    def media(self, owner: Account, **values: object) -> Media:
        """A media that was downloaded."""
        return self.add(MediaFactory(accountId=owner.id, **values))

    def offered(self, media: Media, preview: Media | None = None, **values: object) -> AccountMedia:
        """A media as its account offers it."""
        number = preview.id if preview is not None else None
        values = {"accountId": media.accountId, "mediaId": media.id, "previewId": number} | values
        return self.add(AccountMediaFactory(**values))

    def bundle(self, members: Iterable[AccountMedia], preview: Media | None = None) -> AccountMediaBundle:
        """Offered media as one, in the order given."""
        members = list(members)
        number = preview.id if preview is not None else None
        bundle = self.add(BundleFactory(accountId=members[0].accountId, previewId=number))
        for pos, member in enumerate(members):
            self.add(BundleMediaFactory(bundle_id=bundle.id, media_id=member.id, pos=pos))
        return bundle

    def post(self, owner: Account, *carried: object, **values: object) -> Post:
        """A post that carries offered media, bundles and posts, in the order given."""
        post = self.add(PostFactory(accountId=owner.id, **values))
        self._attach(carried, postId=post.id)
        return post

    def message(self, sender: Account, *carried: object, **values: object) -> Message:
        """A message, likewise."""
        message = self.add(MessageFactory(senderId=sender.id, **values))
        self._attach(carried, messageId=message.id)
        return message

    def group(self, *parties: Account, maker: Account | None = None) -> Group:
        """A group with its users."""
        group = self.add(GroupFactory(createdBy=maker.id if maker is not None else None))
        for party in parties:
            self.add(GroupUserFactory(groupId=group.id, accountId=party.id))
        return group

    def tag(self, post: Post, *values: str) -> None:
        """Give a post hashtags."""
        for value in values:
            hashtag = self.add(HashtagFactory(value=value))
            self.add(PostHashtagFactory(postId=post.id, hashtagId=hashtag.id))

    def attach(self, post: Post, carried: object, pos: int) -> None:
        """Let a post carry one more."""
        self._attach([carried], pos, postId=post.id)

    def _attach(self, carried: Iterable[object], first: int = 0, **holder: int) -> None:
        kinds = {
            AccountMedia: ContentType.ACCOUNT_MEDIA,
            AccountMediaBundle: ContentType.ACCOUNT_MEDIA_BUNDLE,
            Post: ContentType.AGGREGATED_POSTS,
        }
        for pos, one in enumerate(carried, first):
            kind = kinds[type(one)]
            self.add(AttachmentFactory(contentId=one.id, contentType=kind, pos=pos, **holder))

    async def save(self, database: Database) -> None:
        """Write the rows."""
        async with (
            database.begin() as connection,
            AsyncSession(connection, expire_on_commit=False) as session,
        ):
            for table in Base.metadata.sorted_tables:
                session.add_all(row for row in self.rows if row.__table__ is table)
                await session.flush()
