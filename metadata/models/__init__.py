"""The tables of the metadata database, named as the downloader names them."""

from metadata.models.accounts import (
    Account,
    AccountAvatar,
    AccountBanner,
    FollowEvent,
    MediaStoryState,
    MonitorState,
    TimelineStats,
)
from metadata.models.base import Base, Instant
from metadata.models.housekeeping import Fact, Origin, Stub
from metadata.models.media import (
    AccountMedia,
    AccountMediaBundle,
    AccountMediaBundleMedia,
    Media,
    MediaLocation,
    MediaVariant,
)
from metadata.models.messages import Attachment, Group, GroupUser, Message
from metadata.models.posts import Hashtag, PinnedPost, Post, PostHashtag, PostMention, Wall, WallPost
from metadata.models.stories import MediaStory
from metadata.models.subscriptions import Subscription, SubscriptionPlan, SubscriptionPromo
from stash.source.values import ContentType

__all__ = [
    "Account",
    "AccountAvatar",
    "AccountBanner",
    "AccountMedia",
    "AccountMediaBundle",
    "AccountMediaBundleMedia",
    "Attachment",
    "Base",
    "ContentType",
    "Fact",
    "FollowEvent",
    "Group",
    "GroupUser",
    "Hashtag",
    "Instant",
    "Media",
    "MediaLocation",
    "MediaStory",
    "MediaStoryState",
    "MediaVariant",
    "Message",
    "MonitorState",
    "Origin",
    "PinnedPost",
    "Post",
    "PostHashtag",
    "PostMention",
    "Stub",
    "Subscription",
    "SubscriptionPlan",
    "SubscriptionPromo",
    "TimelineStats",
    "Wall",
    "WallPost",
]
