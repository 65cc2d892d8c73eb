"""The desired state of each entity, as docs/mapping.md has it, row by row. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from stash_graphql_client.types import Image, Scene

from stash.mapping.keys import chapter_key
from stash.mapping.titles import (
    Rendered,
    generate_title,
    item_url,
    person_name,
    predecessor_values,
    profile_url,
    utc_day,
)
from stash.source.items import Creator
from stash.texts import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from stash_graphql_client.types import Performer, Studio, Tag

    from stash.mapping.keys import SourceKey
    from stash.mapping.rules import Rules
    from stash.source.items import Item, StoredMedia


@dataclass(slots=True)
class DesiredState:
    """The values and links that the source wants in one entity.

    Args:
        values: plain values and single links, by field. None means that the source does not say.
        links: lists of entities, by field.
        texts: lists of texts, by field.
        predecessors: by field, the values that earlier programs would have written.
        partial: fields of which the source does not know all members. Nothing is removed there.
    """

    values: dict[str, Any] = field(default_factory=dict)
    links: dict[str, Sequence[Any]] = field(default_factory=dict)
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    predecessors: Mapping[str, Collection[str]] = field(default_factory=dict)
    partial: Collection[str] = ()


class ItemLinks(NamedTuple):
    """The entities that an item links to everything it holds."""

    studio: Studio | None = None
    performers: Sequence[Performer] = ()
    tags: Sequence[Tag] = ()


class DesiredChapter(NamedTuple):
    """A chapter that the source wants in a gallery. `image_index` counts from 1."""

    key: SourceKey
    title: str
    image_index: int


# --- performers and studios ---


def new_performer(account: Creator, rules: Rules, aliases: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a performer that is created for an account."""
    fields: dict[str, Any] = {
        "name": person_name(account.displayName, account.username),
        "alias_list": list(aliases),
        "urls": [profile_url(account.username)],
        "details": account.about or "",
    }
    if "account_id" in rules.extras and account.id:
        fields["custom_fields"] = {"fansly_id": account.id}
    return fields


def desired_performer(account: Creator, url: str, aliases: Sequence[str]) -> DesiredState:
    """Want the profile, the username as an alias, and the text about the account. A name is never changed."""
    return DesiredState(
        values={"details": account.about},
        texts={"urls": [url], "alias_list": aliases},
        partial={"alias_list"},
    )


def desired_studio(url: str, name: str | None, parent: tuple[Studio | None] | None) -> DesiredState:
    """Want the profile of the creator, the name unless a user gave it, and the network above it.

    Args:
        url: the profile.
        name: the name to have, None to leave it as it is.
        parent: the network in a tuple of one, None to leave the parent as it is.
    """
    values: dict[str, Any] = {} if name is None else {"name": name}
    if parent is not None:
        values["parent_studio"] = parent[0]
    return DesiredState(values, texts={"urls": [url]})


def mentioned_accounts(item: Item) -> list[Creator]:
    """Return everybody mentioned in an item, each once."""
    found = {fold(m.handle): m.account or Creator(m.accountId or 0, m.handle) for m in item.accountMentions}
    return list(found.values())


# --- tags ---


def hashtag_names(hashtags: Iterable[str], rules: Rules) -> list[str]:
    """Return the names of the tags of these hashtags, in their order, without those that the user ignores."""
    return [name for one in hashtags if (name := rules.tag_of(one)) is not None]


def tag_names_of(item: Item, rules: Rules) -> list[str]:
    """Return the names of the tags of an item: its hashtags, then those that the user asks for."""
    return [*hashtag_names((one.value for one in item.hashtags), rules), *rules.extra_tags(item)]


# --- scenes and images ---


def desired_file(
    item: Item,
    media_id: int | str,
    links: ItemLinks,
    rules: Rules,
    predecessors: Mapping[str, Collection[str]],
) -> DesiredState:
    """Want the values of the item that owns a file in the scene or image of that file."""
    return DesiredState(
        values={
            "code": str(media_id),
            "title": rules.title_of(item),
            "details": item.content or "",
            "date": utc_day(item.createdAt),
            "studio": links.studio,
        },
        texts={"urls": [item_url(item.kind, item.id, None)] if item.kind == "post" else []},
        links={"performers": links.performers, "tags": links.tags},
        predecessors=predecessors,
        partial=_partial(item),
    )


def desired_unattached_file(media: StoredMedia, links: ItemLinks) -> DesiredState:
    """Want what the row of a media says, in the scene or image of a file that no known item holds."""
    return DesiredState(
        values={"code": str(media.id), "date": utc_day(media.createdAt), "studio": links.studio},
        links={"performers": links.performers},
        predecessors={"code": [str(variant.id) for variant in media.variants]},
        partial={"performers"},
    )


def file_predecessors(
    items: Sequence[Item], media_id: int, usernames: Sequence[str]
) -> Mapping[str, frozenset[str]]:
    """Return what earlier programs may have put on a file: they took its values from any item that holds it.

    Args:
        items: the items that hold the media.
        media_id: the media.
        usernames: the names that the creator has and had.
    """
    said = [Rendered(one.content, one.createdAt) for one in items]
    said += [
        Rendered(post.content, post.createdAt)
        for one in items
        for post in one.aggregated
        if any(held.media.id == media_id for held in post.media)
    ]
    return predecessor_values(said, usernames)


# --- galleries and chapters ---


def new_gallery(item: Item, rules: Rules) -> dict[str, Any]:
    """Return the fields of a gallery that is created for an item."""
    return {
        "title": rules.title_of(item),
        "code": str(item.id),
        "details": item.content or "",
        "date": utc_day(item.createdAt),
        "urls": gallery_urls(item),
        "organized": True,
    }


def desired_gallery(
    item: Item,
    links: ItemLinks,
    cover: Image | None,
    rules: Rules,
    predecessors: Mapping[str, Collection[str]],
) -> DesiredState:
    """Want the values of an item in its gallery, and the first image of the item as the cover."""
    return DesiredState(
        values={
            "code": str(item.id),
            "title": rules.title_of(item),
            "details": item.content or "",
            "date": utc_day(item.createdAt),
            "organized": True,
            "studio": links.studio,
            "cover": cover,
        },
        texts={"urls": gallery_urls(item)},
        links={"performers": links.performers, "tags": links.tags},
        predecessors=predecessors,
        partial=_partial(item),
    )


def gallery_predecessors(item: Item, usernames: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Return what earlier programs may have put on the gallery of an item, under any name of the creator."""
    return predecessor_values([Rendered(item.content, item.createdAt)], usernames)


def gallery_urls(item: Item) -> list[str]:
    """Return the address of an item on the site. A wall has none, nor has a message of an unknown group."""
    has_none = item.kind == "wall" or (item.kind == "message" and item.groupId is None)
    return [] if has_none else [item_url(item.kind, item.id, item.groupId)]


def cover_of(files: Mapping[int, Scene | Image]) -> Image | None:
    """Return the first image of an item's files, which are in the source's order."""
    return next((file for file in files.values() if isinstance(file, Image)), None)


def desired_chapters(
    item: Item, files: Mapping[int, Scene | Image], order: Sequence[str]
) -> list[DesiredChapter]:
    """Want a chapter for each aggregated post with images, at the place of its first image.

    Args:
        item: the item with its aggregated posts.
        files: the matched scenes and images of the item, by media id.
        order: the ids of the gallery's images as Stash shows them.
    """
    places = {image_id: place for place, image_id in enumerate(order, start=1)}
    chapters: list[DesiredChapter] = []
    for post in item.aggregated:
        images = [files.get(one.media.id) for one in post.media]
        first = next((places[e.id] for e in images if isinstance(e, Image) and e.id in places), None)
        if first is not None:
            username = (post.account or item.account).username
            title = generate_title(post.content, username, post.createdAt)
            chapters.append(DesiredChapter(chapter_key(item, post), title, first))
    return chapters


def desired_chapter(title: str, image_index: int) -> DesiredState:
    """Want a title and a place."""
    return DesiredState(values={"title": title, "image_index": image_index})


def _partial(item: Item) -> set[str]:
    return set() if item.has_all_mentions else {"performers"}
