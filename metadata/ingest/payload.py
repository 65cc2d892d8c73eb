"""The API's objects as payloads hold them, made usable at the edge.

Field names are the API's. Ids come as text or numbers, times in seconds or milliseconds; unknown keys are
ignored, and a key that is not there stays unset, so that it never blanks what is known.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict

from metadata.ingest.fields import Flag, Identity, JsonText, Moment, Number, Objects, Reference, Text


class Payload(BaseModel):
    """Any object of a payload."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class AccountPayload(Payload):
    """An account. `avatar` and `banner` are media objects."""

    id: Identity
    username: Text = None
    displayName: Text = None
    flags: Number = None
    version: Number = None
    about: Text = None
    location: Text = None
    following: Flag = None
    subscribed: Flag = None
    profileAccess: Flag = None
    createdAt: Moment = None
    avatar: dict[str, Any] | None = None
    banner: dict[str, Any] | None = None
    timelineStats: dict[str, Any] | None = None
    mediaStoryState: dict[str, Any] | None = None
    pinnedPosts: Objects = None
    walls: Objects = None
    subscription: dict[str, Any] | None = None


class TimelineStatsPayload(Payload):
    """What the source counts about an account's timeline."""

    imageCount: Number = None
    videoCount: Number = None
    bundleCount: Number = None
    bundleImageCount: Number = None
    bundleVideoCount: Number = None
    fetchedAt: Moment = None


class StoryStatePayload(Payload):
    """Whether an account has stories now."""

    status: Number = None
    storyCount: Number = None
    version: Number = None
    createdAt: Moment = None
    updatedAt: Moment = None
    hasActiveStories: Flag = None


class MediaPayload(Payload):
    """A media, a preview or a variant. A variant names no account."""

    id: Identity
    accountId: Reference = None
    location: Text = None
    mimetype: Text = None
    height: Number = None
    width: Number = None
    type: Number = None
    status: Number = None
    createdAt: Moment = None
    updatedAt: Moment = None
    flags: Number = None
    metadata: JsonText = None
    variants: Objects = None
    locations: Objects = None


class LocationPayload(Payload):
    """Where a media is served. The query holds a signature that expires."""

    locationId: Identity
    location: Text = None


class AccountMediaPayload(Payload):
    """A media as an account offers it."""

    id: Identity
    accountId: Identity
    mediaId: Reference = None
    previewId: Reference = None
    createdAt: Moment = None
    deletedAt: Moment = None
    deleted: Flag = None
    access: Flag = None
    price: Number = None
    likeCount: Number = None
    media: dict[str, Any] | None = None
    preview: dict[str, Any] | None = None


class BundlePayload(Payload):
    """Several media as an account offers them. The media themselves stand beside it."""

    id: Identity
    accountId: Identity
    previewId: Reference = None
    createdAt: Moment = None
    deletedAt: Moment = None
    deleted: Flag = None
    access: Flag = None
    purchased: Flag = None
    whitelisted: Flag = None
    price: Number = None
    likeCount: Number = None
    preview: dict[str, Any] | None = None
    accountMediaIds: Objects = None
    bundleContent: Objects = None


class BundleContentPayload(Payload):
    """A place in a bundle."""

    accountMediaId: Identity
    pos: Number = None


class AttachmentPayload(Payload):
    """What a post or a message carries."""

    contentId: Identity
    contentType: Number
    pos: Number = None


class MentionPayload(Payload):
    """Somebody named in a post: a mention proper, or the account itself."""

    id: Reference = None
    handle: Text = None
    username: Text = None
    accountId: Reference = None


class PostPayload(Payload):
    """A post."""

    id: Identity
    accountId: Identity
    content: Text = None
    fypFlags: Number = None
    inReplyTo: Reference = None
    inReplyToRoot: Reference = None
    createdAt: Moment = None
    expiresAt: Moment = None
    likeCount: Number = None
    attachments: Objects = None
    hashtags: Objects = None
    accountMentions: Objects = None
    wallIds: Objects = None


class MessagePayload(Payload):
    """A message."""

    id: Identity
    groupId: Reference = None
    senderId: Identity
    recipientId: Reference = None
    content: Text = None
    createdAt: Moment = None
    deletedAt: Moment = None
    deleted: Flag = None
    likes: Objects = None
    attachments: Objects = None


class GroupEntryPayload(Payload):
    """A group as the list of groups shows it: the reader's account and the partner's."""

    groupId: Identity
    account_id: Reference = None
    partnerAccountId: Reference = None
    partnerUsername: Text = None
    lastMessageId: Reference = None


class GroupPayload(Payload):
    """A group, or a conversation of the older shape (`accountId` made it)."""

    id: Identity
    createdBy: Reference = None
    accountId: Reference = None
    lastMessageId: Reference = None
    lastMessage: dict[str, Any] | None = None
    users: Objects = None


class GroupUserPayload(Payload):
    """Who takes part in a group."""

    userId: Identity


class StoryPayload(Payload):
    """A story that carries media."""

    id: Identity
    accountId: Identity
    contentType: Number = None
    contentId: Reference = None
    createdAt: Moment = None
    updatedAt: Moment = None


class WallPayload(Payload):
    """A wall of an account."""

    id: Identity
    accountId: Reference = None
    pos: Number = None
    name: Text = None
    description: Text = None
    createdAt: Moment = None


class PinnedPostPayload(Payload):
    """A post that an account keeps on top."""

    postId: Identity
    pos: Number = None
    createdAt: Moment = None


class SubscriptionPayload(Payload):
    """What the reader subscribed to."""

    id: Identity
    accountId: Identity
    subscriptionTierId: Reference = None
    subscriptionTierName: Text = None
    subscriptionTierColor: Text = None
    planId: Reference = None
    promoId: Text = None
    giftCodeId: Text = None
    status: Number = None
    price: Number = None
    renewPrice: Number = None
    renewCorrelationId: Text = None
    autoRenew: Number = None
    billingCycle: Number = None
    duration: Number = None
    renewDate: Moment = None
    renewDatexD: Moment = None
    createdAt: Moment = None
    updatedAt: Moment = None
    endsAt: Moment = None
    promoPrice: Number = None
    promoDuration: Number = None
    promoStatus: Number = None
    promoStartsAt: Moment = None
    promoEndsAt: Moment = None
    version: Number = None


class PlanPayload(Payload):
    """An offer of an account, with its promotions."""

    id: Identity
    accountId: Identity
    subscriptionTierId: Reference = None
    billingCycle: Number = None
    price: Number = None
    useAmounts: Number = None
    promos: Objects = None


class PromoPayload(Payload):
    """A reduced price of a plan."""

    id: Identity
    status: Number = None
    price: Number = None
    duration: Number = None
    maxUses: Number = None
    maxUsesBefore: Moment = None
    newSubscribersOnly: Number = None
    description: Text = None
    startsAt: Moment = None
    endsAt: Moment = None
