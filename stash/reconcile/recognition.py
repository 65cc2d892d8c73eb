"""Recognise entities that carry a code of the source, because users and other sites number entities too. Pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from stash.mapping.titles import PLACEHOLDER, Rendered, is_of_site, predecessor_values
from stash.texts import normalize_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from stash.mapping.rules import Rules
    from stash.source.items import Item
    from stash.store.entity_types import Entity

    type Said = Mapping[str, Collection[str]]

_OWN = ("title", "details", "date")


def belongs_to_source(entity: Entity, texts_by_field: Said) -> bool:
    """Tell whether an entity belongs to the source: by a URL of the site or, without URLs, by its texts.

    Without URLs each of its texts has to be one that a sync writes.

    Args:
        entity: an entity with the code of an item or a media.
        texts_by_field: the texts that syncs of any version write, by field.
    """
    urls = [url for url in _texts(entity, "urls") if url]
    if urls:
        return any(map(is_of_site, urls))
    texts = [(name, text) for name in _OWN for text in _texts(entity, name)]
    return all(text in texts_by_field.get(name, ()) or PLACEHOLDER in text for name, text in texts)


def source_texts(
    items: Iterable[Item],
    rules: Rules,
    usernames: Sequence[str],
    in_flight: Mapping[str, Sequence[object]] = MappingProxyType({}),
) -> dict[str, set[str]]:
    """Return the texts that any sync of these items writes, by field, under any of the usernames.

    `in_flight` adds the texts that a killed run was about to write.
    """
    known_items = list(items)
    rendered = [Rendered(one.content, one.createdAt) for one in known_items]
    rendered += [Rendered(post.content, post.createdAt) for one in known_items for post in one.aggregated]
    rendered += [
        Rendered(None, one.created_at) for one in rendered
    ]  # a title of creator and day, whatever the text is
    texts_by_field = {
        name: set(map(normalize_text, texts))
        for name, texts in predecessor_values(rendered, usernames).items()
    }
    texts_by_field["title"] |= {normalize_text(rules.title_of(one)) for one in known_items}
    for name in _OWN:
        texts_by_field[name] |= {normalize_text(str(text)) for text in in_flight.get(name, ())}
    return texts_by_field


def _texts(entity: Entity, name: str) -> list[str]:
    value = entity.__dict__.get(name)
    texts = [normalize_text(str(one)) for one in (value if isinstance(value, list) else [value]) if one]
    return [text for text in texts if text]
