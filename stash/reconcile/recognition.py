"""Whether what carries a code of the source's is the source's: other sites, and users, number their things too. Pure."""

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


def is_told_by_more(entity: Entity, said: Said) -> bool:
    """Tell whether an entity says more than its code: a url of the site or, where it has no url, nothing but what a sync writes.

    Args:
        entity: an entity with the code of an item or a media.
        said: by field, what a sync writes there, or earlier ones would have.
    """
    urls = [url for url in _texts(entity, "urls") if url]
    if urls:
        return any(map(is_of_site, urls))
    stands = [(name, text) for name in _OWN for text in _texts(entity, name)]
    return all(text in said.get(name, ()) or PLACEHOLDER in text for name, text in stands)


def said_of(
    items: Iterable[Item],
    rules: Rules,
    usernames: Sequence[str],
    in_flight: Mapping[str, Sequence[object]] = MappingProxyType({}),
) -> dict[str, set[str]]:
    """Return what any sync of these items writes, by field, under any of the usernames. And what a killed one was about to."""
    held = list(items)
    rendered = [Rendered(one.content, one.createdAt) for one in held]
    rendered += [Rendered(post.content, post.createdAt) for one in held for post in one.aggregated]
    rendered += [
        Rendered(None, one.created_at) for one in rendered
    ]  # a title of creator and day, whatever the text is
    said = {
        name: set(map(normalize_text, texts))
        for name, texts in predecessor_values(rendered, usernames).items()
    }
    said["title"] |= {normalize_text(rules.title_of(one)) for one in held}
    for name in _OWN:
        said[name] |= {normalize_text(str(text)) for text in in_flight.get(name, ())}
    return said


def _texts(entity: Entity, name: str) -> list[str]:
    value = entity.__dict__.get(name)
    texts = [normalize_text(str(one)) for one in (value if isinstance(value, list) else [value]) if one]
    return [text for text in texts if text]
