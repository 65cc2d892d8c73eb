"""What a payload's objects mean as rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from metadata.ingest import payload as api
from metadata.ingest.media import MediaCollector
from metadata.ingest.rows import Attached
from metadata.models import ContentType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from metadata.ingest.rows import Holder, Rows

HASHTAG = re.compile(r"#+(\w+)")
_STORED = frozenset(ContentType) - {ContentType.TIP, ContentType.TIP_GOALS}
"""Content types whose attachments become rows; tips and what is unknown are dropped, as ever."""


class Collector:
    """Turns the objects of one payload into rows."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._media = MediaCollector(rows)

    @property
    def parts(self) -> Mapping[str, Callable[[object], object]]:
        """Return what takes the objects of each list of a payload."""
        return {
            "accounts": self.account,
            "accountMedia": self._media.account_media,
            "accountMediaBundles": self._media.bundle,
            "posts": self.post,
            "aggregatedPosts": self.post,
            "groups": self.group,
            "conversations": self.group,
            "data": self.group_entry,
            "messages": self.message,
            "mediaStories": self.story,
            "walls": self.wall,
            "subscriptions": self.subscription,
            "subscriptionPlans": self.plan,
        }

    def account(self, value: object) -> None:
        """An account with its pictures, counts, walls and pinned posts."""
        account = self._rows.read(api.AccountPayload, value, "accounts")
        if account is None:
            return
        plain = account.model_dump(exclude_unset=True, exclude=_PARTS_OF_ACCOUNT)
        self._rows.put("accounts", {"id": plain.pop("id")}, plain)
        for picture, table in ((account.avatar, "account_avatar"), (account.banner, "account_banner")):
            if picture is not None and (media := self._media.media(picture, account.id)) is not None:
                self._rows.put(table, {"accountId": account.id, "mediaId": media})
        self._counts(api.TimelineStatsPayload, account.timelineStats, "timeline_stats", account.id)
        self._counts(api.StoryStatePayload, account.mediaStoryState, "media_story_states", account.id)
        for pinned in self._rows.read_each(api.PinnedPostPayload, account.pinnedPosts, "pinned_posts"):
            self._rows.put_if_new("posts", {"id": pinned.postId}, {"accountId": account.id})
            values = {"pos": pinned.pos or 0, "createdAt": pinned.createdAt}
            self._rows.put("pinned_posts", {"postId": pinned.postId, "accountId": account.id}, values)
        for wall in account.walls or ():
            self.wall(wall, account.id)
        if account.subscription is not None:
            self.subscription({"accountId": account.id} | account.subscription)

    def post(self, value: object, wall: object = None) -> None:
        """A post with its attachments, hashtags and mentions. `wall` shows it."""
        post = self._rows.read(api.PostPayload, value, "posts")
        if post is None:
            return
        plain = post.model_dump(exclude_unset=True, exclude=_PARTS_OF_POST)
        if "fypFlags" in plain:
            plain["fypFlag"] = plain.pop("fypFlags")
        self._rows.put("posts", {"id": plain.pop("id")}, plain)
        self._rows.put_facts("posts", post.id, likes=post.likeCount)
        if post.attachments is not None:
            self._attachments(("postId", post.id), post.attachments)
        if "content" in post.model_fields_set:
            self._rows.retold.add(post.id)
            self._rows.hashtags.setdefault(post.id, set()).update(_hashtags_in(post.content))
        named = [tag for tag in post.hashtags or () if isinstance(tag, str)]
        self._rows.hashtags.setdefault(post.id, set()).update(*map(_hashtags_named, named))
        if post.accountMentions is not None:
            self._mentions(post.id, post.accountMentions)
        for number in [*(post.wallIds or ()), wall]:
            shown = self._rows.read(api.WallPayload, {"id": number}, "walls") if number is not None else None
            if shown is not None:
                self._rows.put_if_new("walls", {"id": shown.id}, {"accountId": post.accountId})
                self._rows.put("wall_posts", {"wallId": shown.id, "postId": post.id})

    def message(self, value: object, group: int | None = None) -> int | None:
        """A message with its attachments. `group` is where it was sent, if it does not say. Its id."""
        message = self._rows.read(api.MessagePayload, value, "messages")
        if message is None:
            return None
        plain = message.model_dump(exclude_unset=True, exclude={"attachments", "likes"})
        plain |= {key: plain[key] or empty for key, empty in _NEVER_NULL.items() if key in plain}
        if message.groupId is None and group is not None:
            plain["groupId"] = group
        self._rows.put("messages", {"id": plain.pop("id")}, plain)
        self._rows.put_facts(
            "messages", message.id, likes=None if message.likes is None else len(message.likes)
        )
        if message.attachments is not None:
            self._attachments(("messageId", message.id), message.attachments)
        return message.id

    def group(self, value: object) -> None:
        """A group or a conversation, with its last message where that is told in full."""
        group = self._rows.read(api.GroupPayload, value, "groups")
        if group is None:
            return
        last = group.lastMessageId
        if group.lastMessage is not None and "senderId" in group.lastMessage:
            last = self.message(group.lastMessage, group.id) or last
        self._group(group.id, {"createdBy": group.createdBy or group.accountId, "lastMessageId": last})
        for user in self._rows.read_each(api.GroupUserPayload, group.users, "group_users"):
            self._rows.put("group_users", {"groupId": group.id, "accountId": user.userId})

    def group_entry(self, value: object) -> None:
        """A group as the list of groups shows it. It says who reads, which a group itself may not."""
        entry = self._rows.read(api.GroupEntryPayload, value, "groups")
        if entry is None:
            return
        self._group(entry.groupId, {"createdBy": entry.account_id, "lastMessageId": entry.lastMessageId})
        for account in (entry.account_id, entry.partnerAccountId):
            if account is not None:
                self._rows.put("group_users", {"groupId": entry.groupId, "accountId": account})
        if entry.partnerAccountId is not None and entry.partnerUsername:
            name = {"username": entry.partnerUsername}
            self._rows.put_if_new("accounts", {"id": entry.partnerAccountId}, name)

    def story(self, value: object) -> None:
        """A story that carries media."""
        self._plain(api.StoryPayload, value, "media_stories")

    def wall(self, value: object, account: int | None = None) -> None:
        """A wall. `account` has it, if it does not say."""
        wall = self._rows.read(api.WallPayload, value, "walls")
        if wall is None:
            return
        owner = wall.accountId or account
        if owner is None:
            self._rows.report("walls", wall.id, "names no account")
            return
        plain = wall.model_dump(exclude_unset=True, exclude={"id", "accountId"})
        self._rows.put("walls", {"id": wall.id}, {"accountId": owner} | plain)

    def subscription(self, value: object) -> None:
        """Return what the reader subscribed to."""
        self._plain(api.SubscriptionPayload, value, "subscriptions")

    def plan(self, value: object) -> None:
        """An offer with its promotions."""
        plan = self._plain(api.PlanPayload, value, "subscription_plans", {"promos"})
        for promo in self._rows.read_each(api.PromoPayload, plan and plan.promos, "subscription_promos"):
            values = promo.model_dump(exclude_unset=True, exclude={"id"})
            self._rows.put("subscription_promos", {"id": promo.id}, values | {"planId": plan and plan.id})

    def _plain[P: api.Payload](
        self, model: type[P], value: object, table: str, parts: set[str] | None = None
    ) -> P | None:
        one = self._rows.read(model, value, table)
        if one is not None:
            plain = one.model_dump(exclude_unset=True, exclude=parts)
            self._rows.put(table, {"id": plain.pop("id")}, plain)
        return one

    def _counts(self, model: type[api.Payload], value: object, table: str, account: int) -> None:
        counts = self._rows.read(model, value, table) if value is not None else None
        if counts is not None:
            self._rows.put(table, {"accountId": account}, counts.model_dump(exclude_unset=True))

    def _group(self, group: int, values: dict[str, Any]) -> None:
        known = {key: value for key, value in values.items() if value is not None}
        self._rows.put("groups", {"id": group}, known)

    def _attachments(self, holder: Holder, values: object) -> None:
        attached = self._rows.attachments[holder] = set()
        for one in self._rows.read_each(api.AttachmentPayload, values, "attachments"):
            kind = ContentType.parse(one.contentType)
            if kind is None:
                self._rows.report("attachments", one.contentId, f"contentType {one.contentType} is unknown")
            elif kind in _STORED:
                attached.add(Attached(one.pos or 0, one.contentId, kind))

    def _mentions(self, post: int, values: object) -> None:
        mentions = self._rows.mentions[post] = {}
        for one in self._rows.read_each(api.MentionPayload, values, "post_mentions"):
            handle = (one.handle or one.username or "").strip().lstrip("@")
            # An account put where a mention is expected is named by its own id.
            account = one.accountId or (one.id if one.handle is None else None)
            if handle and account not in [known for known in mentions.values() if known is not None]:
                mentions.setdefault(handle, account)
            elif not handle:
                self._rows.report("post_mentions", f"{post}/{account}", "names no handle", is_malformed=False)


_PARTS_OF_ACCOUNT = {
    "avatar",
    "banner",
    "timelineStats",
    "mediaStoryState",
    "pinnedPosts",
    "walls",
    "subscription",
}
_PARTS_OF_POST = {"attachments", "hashtags", "accountMentions", "wallIds", "likeCount"}
_NEVER_NULL = {"content": "", "deleted": False}


def _hashtags_in(content: str | None) -> list[str]:
    return HASHTAG.findall((content or "").lower())


def _hashtags_named(name: str) -> list[str]:
    return _hashtags_in("#" + name.strip())[:1]
