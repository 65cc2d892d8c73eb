"""The metadata database of what was downloaded; knows nothing of Stash."""

from metadata.models import (
    Account,
    AccountMedia,
    AccountMediaBundle,
    Attachment,
    ContentType,
    Group,
    Hashtag,
    Media,
    MediaStory,
    Message,
    Post,
    PostMention,
    Wall,
)

__all__ = [
    "Account",
    "AccountMedia",
    "AccountMediaBundle",
    "Attachment",
    "ContentType",
    "Group",
    "Hashtag",
    "Media",
    "MediaStory",
    "Message",
    "Post",
    "PostMention",
    "Wall",
]
