"""The relation of items to the media they hold, as SQL, from whatever tables a database has.

The type of an attachment names the table of its contentId. If only the other table has such a row, that row counts,
because the source's own payloads name account media in attachments of bundles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stash.source.values import ContentType

if TYPE_CHECKING:
    from stash.source.reading.source import Expression, SourceQueries

_ALONE = (ContentType.ACCOUNT_MEDIA.name, str(ContentType.ACCOUNT_MEDIA.value))
_BUNDLE = (ContentType.ACCOUNT_MEDIA_BUNDLE.name, str(ContentType.ACCOUNT_MEDIA_BUNDLE.value))
_AGGREGATED = (ContentType.AGGREGATED_POSTS.name, str(ContentType.AGGREGATED_POSTS.value))

_NUMBER = sa.BigInteger()


class MediaLinks:
    """Statements that link items to the media they hold. `account` is NULL for a message.

    An item counts if its row exists. A post or story counts if the row of its account exists too.
    """

    def __init__(self, source: SourceQueries) -> None:
        self._source = source

    def holders(self) -> sa.Subquery | None:
        """Select rows (kind, item, account, media). The posts themselves hold the media of aggregated posts."""
        links = self._links()
        if links is None:
            return None
        parts = [*self._account_media(links), *self._bundle_previews(links)]
        return sa.union_all(*parts).subquery("holders") if parts else None

    def aggregations(self) -> sa.Select[*tuple[Any, ...]] | None:
        """Select rows (postId, messageId, contentId): the item that carries a post, and the post."""
        if not self._source.has("attachments", "contentId", "contentType"):
            return None
        rows = self._source.table("attachments")
        columns = self._source.values(rows, "attachments", ("postId", "messageId", "contentId"))
        return sa.select(*columns).where(_type_of(rows.c.contentType).in_(_AGGREGATED))

    def _links(self) -> sa.CTE | None:
        """Select rows (kind, item, account, type, content) of posts, messages and stories."""
        parts = [
            part for part in (self._of_posts(), self._of_messages(), self._of_stories()) if part is not None
        ]
        return sa.union_all(*parts).cte("links") if parts else None

    def _of_posts(self) -> sa.Select[*tuple[Any, ...]] | None:
        if not (
            self._source.has("attachments", "postId", "contentId", "contentType")
            and self._source.has("posts", "id", "accountId")
        ):
            return None
        carried, posts = self._source.table("attachments"), self._source.table("posts")
        accounts = self._source.table("accounts")
        return (
            _link("post", posts.c.id, posts.c.accountId, carried.c.contentType, carried.c.contentId)
            .select_from(carried)
            .join(posts, posts.c.id == carried.c.postId)
            .join(accounts, accounts.c.id == posts.c.accountId)
        )

    def _of_messages(self) -> sa.Select[*tuple[Any, ...]] | None:
        if not (
            self._source.has("attachments", "messageId", "contentId", "contentType")
            and self._source.has("messages", "id", "senderId")
        ):
            return None
        carried, messages = self._source.table("attachments"), self._source.table("messages")
        return (
            _link(
                "message",
                messages.c.id,
                sa.cast(sa.null(), _NUMBER),
                carried.c.contentType,
                carried.c.contentId,
            )
            .select_from(carried)
            .join(messages, messages.c.id == carried.c.messageId)
        )

    def _of_stories(self) -> sa.Select[*tuple[Any, ...]] | None:
        if not self._source.has("media_stories", "id", "accountId", "contentId"):
            return None
        stories, accounts = self._source.table("media_stories"), self._source.table("accounts")
        kind = (
            sa.func.coalesce(_type_of(stories.c.contentType), _ALONE[0])
            if self._source.has("media_stories", "contentType")
            else sa.literal_column(f"'{_ALONE[0]}'")
        )
        return (
            _link("story", stories.c.id, stories.c.accountId, kind, stories.c.contentId)
            .select_from(stories)
            .join(accounts, accounts.c.id == stories.c.accountId)
        )

    def _account_media(self, links: sa.CTE) -> list[sa.Select[*tuple[Any, ...]]]:
        """Select media and previews of account media, linked directly or through a bundle."""
        if not self._source.has("account_media", "id", "mediaId"):
            return []
        offered = self._source.table("account_media")
        parts = [
            _offers(links, offered)
            .select_from(links)
            .join(offered, offered.c.id == links.c.content)
            .where(self._counts_as(links, _ALONE, _BUNDLE, "account_media_bundles"))
        ]
        if self._source.has("account_media_bundle_media", "bundle_id", "media_id"):
            places = self._source.table("account_media_bundle_media")
            parts.append(
                _offers(links, offered)
                .select_from(links)
                .join(places, places.c.bundle_id == links.c.content)
                .join(offered, offered.c.id == places.c.media_id)
                .where(self._counts_as(links, _BUNDLE, _ALONE, "account_media"))
            )
        held = sa.union_all(*parts).subquery("held")
        sides = sa.union_all(*(sa.select(sa.literal_column(n).label("side")) for n in "01")).subquery("sides")
        media = sa.case((sides.c.side == 0, held.c.mediaId), else_=held.c.previewId).label("media")
        pairs = sa.select(held.c.kind, held.c.item, held.c.account, media).join_from(held, sides, sa.true())
        return [pairs.where(media.is_not(None))]

    def _bundle_previews(self, links: sa.CTE) -> list[sa.Select[*tuple[Any, ...]]]:
        if not self._source.has("account_media_bundles", "id", "previewId"):
            return []
        bundles = self._source.table("account_media_bundles")
        return [
            sa.select(links.c.kind, links.c.item, links.c.account, bundles.c.previewId.label("media"))
            .select_from(links)
            .join(bundles, bundles.c.id == links.c.content)
            .where(bundles.c.previewId.is_not(None))
            .where(self._counts_as(links, _BUNDLE, _ALONE, "account_media"))
        ]

    def _counts_as(
        self, links: sa.CTE, named: tuple[str, str], other: tuple[str, str], others: str
    ) -> Expression:
        """Select links of the named type, and those of the other type whose own table lacks the row."""
        if not self._source.has(others, "id"):
            return links.c.type.in_(named + other)
        table = self._source.table(others, "the_other")
        known = sa.exists().where(table.c.id == links.c.content)
        return sa.or_(links.c.type.in_(named), sa.and_(links.c.type.in_(other), ~known))


def _type_of(column: Expression) -> Expression:
    return sa.cast(column, sa.Text)


def _link(
    kind: str, item: Expression, account: Expression, content_type: Expression, content: Expression
) -> sa.Select[*tuple[Any, ...]]:
    return sa.select(
        sa.literal_column(f"'{kind}'", sa.Text).label("kind"),
        item.label("item"),
        account.label("account"),
        _type_of(content_type).label("type"),
        content.label("content"),
    )


def _offers(links: sa.CTE, offered: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    preview = offered.c.previewId if "previewId" in offered.c else sa.cast(sa.null(), _NUMBER)
    return sa.select(
        links.c.kind, links.c.item, links.c.account, offered.c.mediaId, preview.label("previewId")
    )
