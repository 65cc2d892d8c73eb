"""The API's objects as payloads hold them: which keys are read, each with its parser.

Keys are the API's, and columns have the same names. Ids come as text or numbers, times in seconds or milliseconds.
Unknown keys are ignored. A key that is missing stays missing, so that it never blanks what is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from metadata.ingest.fields import flag, identity, json_text, listed, moment, nested, number, reference, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    type Parser = Callable[[object], object]


class Shape(NamedTuple):
    """A kind of object: its table, the parser of each key, the keys that are columns as they are, and the required ones."""

    table: str
    parsers: Mapping[str, Parser]
    columns: frozenset[str]
    required: frozenset[str]


def _shape(
    table: str,
    columns: Mapping[Parser, str],
    parts: Mapping[Parser, str] | None = None,
    required: str = "",
) -> Shape:
    """Spell out a kind of object: the keys by parser. An id of its own is always required."""
    of_columns, of_parts = (
        {key: parser for parser, keys in (some or {}).items() for key in keys.split()}
        for some in (columns, parts)
    )
    parsers = of_columns | of_parts
    ids = {key for key, parser in parsers.items() if parser is identity}
    return Shape(table, parsers, frozenset(of_columns), frozenset(ids.union(required.split())))


ACCOUNT = _shape(
    "accounts",
    {
        identity: "id",
        text: "username displayName about location",
        number: "flags version",
        flag: "following subscribed profileAccess",
        moment: "createdAt",
    },
    {nested: "avatar banner timelineStats mediaStoryState subscription", listed: "pinnedPosts walls"},
)

TIMELINE_STATS = _shape(
    "timeline_stats",
    {number: "imageCount videoCount bundleCount bundleImageCount bundleVideoCount", moment: "fetchedAt"},
)

STORY_STATE = _shape(
    "media_story_states",
    {number: "status storyCount version", moment: "createdAt updatedAt", flag: "hasActiveStories"},
)

PINNED_POST = _shape("pinned_posts", {}, {identity: "postId", number: "pos", moment: "createdAt"})

MEDIA = _shape(
    "media",
    {
        identity: "id",
        reference: "accountId",
        text: "location mimetype",
        number: "height width type status flags",
        moment: "createdAt updatedAt",
    },
    {json_text: "metadata", listed: "variants locations"},
)
"""A media, a preview or a variant. A variant names no account."""

LOCATION = _shape("media_locations", {}, {identity: "locationId", text: "location"})
"""Address of a media. Its query holds a signature that expires."""

ACCOUNT_MEDIA = _shape(
    "account_media",
    {
        identity: "id accountId",
        reference: "mediaId previewId",
        moment: "createdAt deletedAt",
        flag: "deleted access",
    },
    {nested: "media preview", number: "price likeCount"},
)
"""A media as an account offers it."""

BUNDLE = _shape(
    "account_media_bundles",
    {
        identity: "id accountId",
        reference: "previewId",
        moment: "createdAt deletedAt",
        flag: "deleted access purchased whitelisted",
    },
    {nested: "preview", number: "price likeCount", listed: "accountMediaIds bundleContent"},
)
"""Several media as an account offers them. The media themselves stand beside it."""

BUNDLE_CONTENT = _shape("account_media_bundle_media", {}, {identity: "accountMediaId", number: "pos"})

ATTACHMENT = _shape(
    "attachments", {}, {identity: "contentId", number: "contentType pos"}, required="contentType"
)

MENTION = _shape("post_mentions", {}, {reference: "id accountId", text: "handle username"})
"""An account named in a post: a mention proper, or the account itself."""

POST = _shape(
    "posts",
    {
        identity: "id accountId",
        text: "content",
        reference: "inReplyTo inReplyToRoot",
        moment: "createdAt expiresAt",
    },
    {number: "fypFlags likeCount", listed: "attachments hashtags accountMentions wallIds"},
)

MESSAGE = _shape(
    "messages",
    {
        identity: "id senderId",
        reference: "groupId recipientId",
        text: "content",
        moment: "createdAt deletedAt",
        flag: "deleted",
    },
    {listed: "likes attachments"},
)

GROUP_ENTRY = _shape(
    "groups",
    {},
    {
        identity: "groupId",
        reference: "account_id partnerAccountId lastMessageId",
        text: "partnerUsername",
    },
)
"""A group as the list of groups shows it: the reader's account and the partner's."""

GROUP = _shape(
    "groups",
    {},
    {
        identity: "id",
        reference: "createdBy accountId lastMessageId",
        nested: "lastMessage",
        listed: "users",
    },
)
"""A group, or a conversation of the older shape (`accountId` made it)."""

GROUP_USER = _shape("group_users", {}, {identity: "userId"})

STORY = _shape(
    "media_stories",
    {
        identity: "id accountId",
        number: "contentType",
        reference: "contentId",
        moment: "createdAt updatedAt",
    },
)

WALL = _shape(
    "walls",
    {
        identity: "id",
        reference: "accountId",
        number: "pos",
        text: "name description",
        moment: "createdAt",
    },
)

SUBSCRIPTION = _shape(
    "subscriptions",
    {
        identity: "id accountId",
        reference: "subscriptionTierId planId",
        text: "subscriptionTierName subscriptionTierColor promoId giftCodeId renewCorrelationId",
        number: "status price renewPrice autoRenew billingCycle duration promoPrice promoDuration promoStatus version",
        moment: "renewDate renewDatexD createdAt updatedAt endsAt promoStartsAt promoEndsAt",
    },
)
"""The subscription of the archive's reader to an account."""

PLAN = _shape(
    "subscription_plans",
    {
        identity: "id accountId",
        reference: "subscriptionTierId",
        number: "billingCycle price useAmounts",
    },
    {listed: "promos"},
)

PROMO = _shape(
    "subscription_promos",
    {
        identity: "id",
        number: "status price duration maxUses newSubscribersOnly",
        moment: "maxUsesBefore startsAt endsAt",
        text: "description",
    },
)
"""A reduced price of a plan."""
