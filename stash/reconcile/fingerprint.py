"""Digests of a chunk: of its rows and files, and of its entities in Stash. Pure.

A chunk is unchanged while both digests stay. `updated_at` is no evidence, because Stash moves it without a change and
changes entities without moving it.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticSerializationError, to_json

from stash.source.items import AggregatedPost, Creator, Item, ItemMedia, Mention, StoredMedia
from stash.store.entity_types import Entity
from stash.texts import normalize_text
from stash.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from stash.files.local import LocalFile

_TEXTS = ("code", "details", "date", "title")
_LINKS = ("performers", "tags", "galleries")
_NAMES = ("aliases", "alias_list")

COMPARED: dict[str, tuple[str, ...]] = {
    "Image": (*_TEXTS, "organized", "urls", "studio", *_LINKS),
    "Scene": (*_TEXTS, "organized", "urls", "studio", *_LINKS),
    "Gallery": (*_TEXTS, "organized", "urls", "studio", "performers", "tags", "cover"),
    "GalleryChapter": ("title", "image_index"),
    "Performer": ("name", "disambiguation", "alias_list", "urls", "details"),
    "Studio": ("name", "urls", "parent_studio"),
    "Tag": ("name", "aliases"),
}
"""The fields of each type that a decision depends on, beside the id."""


def item_digests(
    creator: Creator,
    items: Sequence[Item],
    files: Mapping[int, Sequence[LocalFile]],
    rules: str,
) -> dict[str, str]:
    """Return digests of everything at the source that the decision of each item depends on, by the item's kind and id.

    Args:
        creator: whose items these are.
        items: the items of a chunk.
        files: the files on disk of each media, by its id.
        rules: the settings that decisions obey.
    """
    head = _digest((__version__, rules, _person(creator)))
    return {key_of(one): _digest((head, _item_of(one, creator, files))) for one in items}


def key_of(item: Item) -> str:
    """Return the kind and the id of an item as one text."""
    return f"{item.kind} {item.id}"


def source_digest(
    items: Mapping[str, str], unattached: Sequence[StoredMedia], files: Mapping[int, Sequence[LocalFile]]
) -> str:
    """Return a digest of a chunk: of its items, by their digests, and of its unattached media."""
    return _digest((list(items.items()), _stored(unattached, files)))


def unattached_digest(media: Sequence[StoredMedia], files: Mapping[int, Sequence[LocalFile]]) -> str:
    """Return a digest of unattached media."""
    return _digest(_stored(media, files))


def stash_digest(signatures: Iterable[tuple[Any, ...]]) -> str:
    """Return a digest of entities by their signatures, in any order."""
    return _digest(sorted(signatures, key=lambda signature: signature[:2]))


def _digest(said: Any) -> str:
    try:
        content = to_json(said)
    except PydanticSerializationError:  # a lone surrogate
        content = repr(said).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def signature_of(entity: Entity) -> tuple[Any, ...]:
    """Return the compared values of an entity in the store, in the form of a reply."""
    data, name = entity.__dict__, entity.__type_name__
    return (name, entity.id, *[read(data.get(field)) for field, read in _READ[name]])


def signature_of_row(name: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the compared values of an entity in a reply, where texts are as Stash keeps them."""
    return (
        name,
        row["id"],
        *[row[f] or "" if read is None else read(row[f]) for f, read in _READ_OF_ROW[name]],
    )


def _of_row(field: str) -> Callable[[Any], Any] | None:
    """Return the function that reads a field of a reply. None if the value is compared as it is."""
    if field in _LINKS:
        return lambda value: sorted([one["id"] for one in value])
    if field in _NAMES:
        return lambda value: sorted(value or ()) or ""
    return (lambda value: value["id"] if value else "") if field in _SINGLES else None


def signatures_of_orders(orders: Mapping[str, Sequence[str]]) -> list[tuple[Any, ...]]:
    """Return the signatures of galleries with chapters: all their images in order, since a chapter is a place."""
    return [("order", gallery, *images) for gallery, images in orders.items()]


def _ids(value: Any) -> list[str]:
    return sorted([one.id for one in value]) if isinstance(value, list) else []


def _names(value: Any) -> Any:
    """Return aliases in a stable order, because Stash sends them in any order."""
    return (sorted(map(normalize_text, value)) or "") if isinstance(value, list) else ""


def _id(value: Any) -> str:
    return value.id if isinstance(value, Entity) else ""


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return normalize_text(value)
    if isinstance(value, list):
        return [normalize_text(one) for one in value] or ""
    return value if isinstance(value, int) and value else ""


def _reader(field: str) -> Callable[[Any], Any]:
    if field in _LINKS:
        return _ids
    if field in _NAMES:
        return _names
    return _id if field in _SINGLES else _plain


_SINGLES = frozenset({"studio", "cover", "parent_studio"})
_READ: dict[str, list[tuple[str, Callable[[Any], Any]]]] = {
    name: [(field, _reader(field)) for field in compared] for name, compared in COMPARED.items()
}
_READ_OF_ROW = {name: [(f, _of_row(f)) for f in compared] for name, compared in COMPARED.items()}


def _values(cls: type[Any], *without: str) -> Callable[[Any], tuple[Any, ...]]:
    """Return a getter of all fields of a dataclass but these. A field that is added later is included."""
    return attrgetter(*[field.name for field in fields(cls) if field.name not in without])


_item = _values(Item, "stash_id", "account", "hashtags", "accountMentions", "media", "aggregated")
_post = _values(AggregatedPost, "account", "media")
_mention = _values(Mention, "account")
_place = _values(ItemMedia, "media", "owner")
_media = _values(StoredMedia, "stash_id", "variants")
_creator = _values(Creator, "stash_id", "avatar")


def _person(one: Creator) -> tuple[Any, ...]:
    return _creator(one), one.avatar and _media(one.avatar)


def _stored(media: Iterable[StoredMedia], files: Mapping[int, Sequence[LocalFile]]) -> list[tuple[Any, ...]]:
    return [
        (_media(one), [_media(v) for v in one.variants], [file.path for file in files[one.id]])
        for one in media
    ]


def _item_of(item: Item, creator: Creator, files: Mapping[int, Sequence[LocalFile]]) -> tuple[Any, ...]:
    mentioned = [one.account for one in item.accountMentions]
    people = [item.account, *mentioned, *[post.account for post in item.aggregated]]
    return (
        _item(item),
        item.account.id,
        [one.value for one in item.hashtags],
        [_mention(one) for one in item.accountMentions],
        _places(item.media),
        [(_post(post), post.account and post.account.id, _places(post.media)) for post in item.aggregated],
        [_person(one) for one in people if one is not None and one is not creator],
        _stored((one.media for one in item.media), files),
    )


def _places(media: Iterable[ItemMedia]) -> list[tuple[Any, ...]]:
    return [(one.media.id, one.owner.kind, one.owner.id, _place(one)) for one in media]
