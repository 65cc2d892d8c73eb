"""Build an item with its attachments, and save its media."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash.demo.source import ANIMATION, IMAGE, VIDEO

if TYPE_CHECKING:
    from stash.demo.source import DemoSite, Person

ACCOUNT_MEDIA, BUNDLE, AGGREGATED = 1, 2, 8
"""The API's numbers for the type of an attachment."""


class DemoItem:
    """An item under construction: its attachments, and the objects that they refer to."""

    def __init__(self, site: DemoSite, owner: Person, kind: str, number: int) -> None:
        self.site, self.owner, self.kind = site, owner, kind
        self.when = site.moment(number)
        self.attachments: list[dict[str, Any]] = []
        self.held: list[dict[str, Any]] = []
        self.bundles: list[dict[str, Any]] = []
        self.posts: list[dict[str, Any]] = []

    def attach(self, content_type: int, content_id: object) -> None:
        """Append an attachment."""
        position = len(self.attachments)
        self.attachments.append({"contentType": content_type, "contentId": str(content_id), "pos": position})

    def hold(self, mimetype: str, *, is_locked: bool = False, is_variant: bool = False) -> dict[str, Any]:
        """Add a downloaded media, or a locked media with a downloaded preview, and return its accountMedia."""
        media = self.site.media(self.owner, mimetype, self.when)
        preview = self.site.media(self.owner, IMAGE, self.when) if is_locked else None
        if is_variant:
            media["variants"] = [self.site.media(self.owner, mimetype, self.when)]
        held = self.site.held(self.owner, media, preview)
        self.held.append(held)
        if preview is not None:
            self.site.save(self.owner, self.kind, preview, marker="preview_id")
        else:
            self.site.save(self.owner, self.kind, media)
        return held

    def picture(self) -> None:
        """Attach one picture."""
        self.attach(ACCOUNT_MEDIA, self.hold(IMAGE)["id"])

    def video(self) -> None:
        """Attach one video, saved as its larger variant under the id of that variant."""
        self.attach(ACCOUNT_MEDIA, self.hold(VIDEO, is_variant=True)["id"])

    def mixed(self) -> None:
        """Attach a video and two pictures, one of them animated."""
        for mimetype in (VIDEO, IMAGE, ANIMATION):
            self.attach(ACCOUNT_MEDIA, self.hold(mimetype)["id"])

    def bundle(self) -> None:
        """Attach a bundle of four pictures."""
        held = [self.hold(IMAGE)["id"] for _ in range(4)]
        bundle: dict[str, Any] = {
            "id": str(self.site.new_id()),
            "accountId": str(self.owner.id),
            "accountMediaIds": held,
            "createdAt": int(self.when.timestamp()),
            "access": True,
            "purchased": False,
            "whitelisted": False,
        }
        bundle["bundleContent"] = [{"accountMediaId": one, "pos": place} for place, one in enumerate(held)]
        self.bundles.append(bundle)
        self.attach(BUNDLE, bundle["id"])

    def locked(self) -> None:
        """Attach a video that was not bought, with only its preview on disk."""
        self.attach(ACCOUNT_MEDIA, self.hold(VIDEO, is_locked=True)["id"])

    def aggregated(self) -> None:
        """Attach a picture, and an earlier post with pictures of its own."""
        self.picture()
        inner = DemoItem(self.site, self.owner, self.kind, 0)
        inner.when = self.when
        inner.bundle()
        self.site.count("galleries")
        post = inner.post("An earlier post, carried along")
        self.posts.append(post)
        self.held += inner.held
        self.bundles += inner.bundles
        self.attach(AGGREGATED, post["id"])

    def text_only(self) -> None:
        """Attach nothing."""

    def post(self, content: str) -> dict[str, Any]:
        """Return the item as a post."""
        return {
            "id": str(self.site.new_id()),
            "accountId": str(self.owner.id),
            "content": content,
            "fypFlags": 0,
            "inReplyTo": None,
            "inReplyToRoot": None,
            "createdAt": int(self.when.timestamp()),
            "expiresAt": None,
            "attachments": self.attachments,
            "accountMentions": [],
        }

    def message(self, content: str, group: int, sender: Person) -> dict[str, Any]:
        """Return the item as a message."""
        return {
            "id": str(self.site.new_id()),
            "groupId": str(group),
            "senderId": str(sender.id),
            "content": content,
            "createdAt": int(self.when.timestamp()),
            "attachments": self.attachments,
        }
