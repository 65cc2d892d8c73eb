"""Turn a payload's objects into rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from metadata.ingest import payload as api
from metadata.ingest.media import MediaCollector
from metadata.ingest.rows import Attached
from metadata.models import ContentType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from metadata.ingest.rows import Holder, Rows, Values

HASHTAG = re.compile(r"#+(\w+)")
_STORED = frozenset(ContentType) - {ContentType.TIP, ContentType.TIP_GOALS}
"""Content types whose attachments become rows. Tips and unknown types are dropped."""


class Collector:
    """Turns the objects of one payload into rows."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._media = MediaCollector(rows)

    @property
    def parts(self) -> Mapping[str, Callable[[object], object]]:
        """The method that takes the objects of a list, by the list's name."""
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
        """Take an account with its pictures, counts, walls and pinned posts."""
        account = self._rows.read(api.ACCOUNT, value)
        if account is None:
            return
        number = account["id"]
        self._rows.put_object(api.ACCOUNT, account)
        for name in ("avatar", "banner"):
            picture = account.get(name)
            if picture is not None and (media := self._media.media(picture, number)) is not None:
                self._rows.put(f"account_{name}", {"accountId": number, "mediaId": media})
        self._counts(api.TIMELINE_STATS, account.get("timelineStats"), number)
        self._counts(api.STORY_STATE, account.get("mediaStoryState"), number)
        for pinned in self._rows.read_each(api.PINNED_POST, account.get("pinnedPosts")):
            post = pinned["postId"]
            self._rows.put_if_new("posts", {"id": post}, {"accountId": number})
            values = {"pos": pinned.get("pos") or 0, "createdAt": pinned.get("createdAt")}
            self._rows.put("pinned_posts", {"postId": post, "accountId": number}, values)
        for wall in account.get("walls") or ():
            self.wall(wall, number)
        if account.get("subscription") is not None:
            self.subscription({"accountId": number} | account["subscription"])

    def post(self, value: object, wall: object = None) -> None:
        """Take a post with its attachments, hashtags and mentions. `wall` shows it."""
        post = self._rows.read(api.POST, value)
        if post is None:
            return
        number = post["id"]
        renamed = {"fypFlag": post["fypFlags"]} if "fypFlags" in post else {}
        self._rows.put_object(api.POST, post, **renamed)
        self._rows.put_facts("posts", number, likes=post.get("likeCount"))
        if post.get("attachments") is not None:
            self._attachments(("postId", number), post["attachments"])
        if "content" in post:
            self._rows.retold.add(number)
            self._rows.hashtags.setdefault(number, set()).update(_hashtags_in(post["content"]))
        named = [tag for tag in post.get("hashtags") or () if isinstance(tag, str)]
        self._rows.hashtags.setdefault(number, set()).update(*map(_hashtags_named, named))
        if post.get("accountMentions") is not None:
            self._mentions(number, post["accountMentions"])
        for one in [*(post.get("wallIds") or ()), wall]:
            shown = self._rows.read(api.WALL, {"id": one}) if one is not None else None
            if shown is not None:
                self._rows.put_if_new("walls", {"id": shown["id"]}, {"accountId": post["accountId"]})
                self._rows.put("wall_posts", {"wallId": shown["id"], "postId": number})

    def message(self, value: object, group: int | None = None) -> int | None:
        """Take a message with its attachments. `group` is where it was sent, if it does not say. Return its id."""
        message = self._rows.read(api.MESSAGE, value)
        if message is None:
            return None
        number: int = message["id"]
        changed = {key: message[key] or empty for key, empty in _NEVER_NULL.items() if key in message}
        if message.get("groupId") is None and group is not None:
            changed["groupId"] = group
        self._rows.put_object(api.MESSAGE, message, **changed)
        likes = message.get("likes")
        self._rows.put_facts("messages", number, likes=None if likes is None else len(likes))
        if message.get("attachments") is not None:
            self._attachments(("messageId", number), message["attachments"])
        return number

    def group(self, value: object) -> None:
        """Take a group or a conversation, with its last message where that is told in full."""
        group = self._rows.read(api.GROUP, value)
        if group is None:
            return
        number, last, message = group["id"], group.get("lastMessageId"), group.get("lastMessage")
        if message is not None and "senderId" in message:
            last = self.message(message, number) or last
        made_by = group.get("createdBy") or group.get("accountId")
        self._group(number, {"createdBy": made_by, "lastMessageId": last})
        for user in self._rows.read_each(api.GROUP_USER, group.get("users")):
            self._rows.put("group_users", {"groupId": number, "accountId": user["userId"]})

    def group_entry(self, value: object) -> None:
        """Take a group as the list of groups shows it. It says who reads, which a group itself may not."""
        entry = self._rows.read(api.GROUP_ENTRY, value)
        if entry is None:
            return
        group, reader, partner = entry["groupId"], entry.get("account_id"), entry.get("partnerAccountId")
        self._group(group, {"createdBy": reader, "lastMessageId": entry.get("lastMessageId")})
        for account in (reader, partner):
            if account is not None:
                self._rows.put("group_users", {"groupId": group, "accountId": account})
        if partner is not None and entry.get("partnerUsername"):
            self._rows.put_if_new("accounts", {"id": partner}, {"username": entry["partnerUsername"]})

    def story(self, value: object) -> None:
        """Take a story that carries media."""
        self._plain(api.STORY, value)

    def wall(self, value: object, account: int | None = None) -> None:
        """Take a wall. `account` has it, if it does not say."""
        wall = self._rows.read(api.WALL, value)
        if wall is None:
            return
        owner = wall.get("accountId") or account
        if owner is None:
            self._rows.report("walls", wall["id"], "names no account")
            return
        self._rows.put_object(api.WALL, wall, accountId=owner)

    def subscription(self, value: object) -> None:
        """Take a subscription of the archive's reader."""
        self._plain(api.SUBSCRIPTION, value)

    def plan(self, value: object) -> None:
        """Take an offer with its promotions."""
        plan = self._plain(api.PLAN, value) or {}
        for promo in self._rows.read_each(api.PROMO, plan.get("promos")):
            self._rows.put_object(api.PROMO, promo, planId=plan["id"])

    def _plain(self, shape: api.Shape, value: object) -> Values | None:
        one = self._rows.read(shape, value)
        if one is not None:
            self._rows.put_object(shape, one)
        return one

    def _counts(self, shape: api.Shape, value: object, account: int) -> None:
        counts = self._rows.read(shape, value) if value is not None else None
        if counts is not None:
            self._rows.put(shape.table, {"accountId": account}, counts)

    def _group(self, group: int, values: Values) -> None:
        known = {key: value for key, value in values.items() if value is not None}
        self._rows.put("groups", {"id": group}, known)

    def _attachments(self, holder: Holder, values: object) -> None:
        attached = self._rows.attachments[holder] = set()
        for one in self._rows.read_each(api.ATTACHMENT, values):
            kind = ContentType.parse(one["contentType"])
            if kind is None:
                reason = f"contentType {one['contentType']} is unknown"
                self._rows.report("attachments", one["contentId"], reason)
            elif kind in _STORED:
                attached.add(Attached(one.get("pos") or 0, one["contentId"], kind))

    def _mentions(self, post: int, values: object) -> None:
        mentions = self._rows.mentions[post] = {}
        for one in self._rows.read_each(api.MENTION, values):
            handle = (one.get("handle") or one.get("username") or "").strip().lstrip("@")
            # An account put where a mention is expected is named by its own id.
            account = one.get("accountId") or (one.get("id") if one.get("handle") is None else None)
            if handle and account not in [known for known in mentions.values() if known is not None]:
                mentions.setdefault(handle, account)
            elif not handle:
                self._rows.report("post_mentions", f"{post}/{account}", "names no handle", is_malformed=False)


_NEVER_NULL: Values = {"content": "", "deleted": False}


def _hashtags_in(content: str | None) -> list[str]:
    return HASHTAG.findall((content or "").lower())


def _hashtags_named(name: str) -> list[str]:
    return _hashtags_in("#" + name.strip())[:1]
