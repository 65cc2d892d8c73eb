"""The user's choices about the mapping: items, names and extras. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from stash.mapping.titles import as_name, generate_title, person_name, studio_name, utc_day

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from stash.source.items import Creator, Item

Kind = Literal["post", "message", "story", "wall"]
Extra = Literal["kind", "access", "state", "account_id", "price", "likes"]

KINDS: frozenset[Kind] = frozenset({"post", "message", "story", "wall"})
EXTRAS: frozenset[Extra] = frozenset({"kind", "access", "state", "account_id", "price", "likes"})

TITLE, STUDIO = "{title}", "{username} (Fansly)"
"""The templates of existing libraries."""

TITLE_FIELDS = frozenset({"title", "username", "name", "date", "id", "kind"})
STUDIO_FIELDS = frozenset({"username", "name", "id"})
"""Fields of the templates."""


@dataclass(frozen=True)
class Rules:
    """The user's choices. By default every item is synced, with the names of existing libraries.

    `only` and `skip` are creators, by username in lower case or id. `since` and `until` are days in UTC, both included.
    `only_tags` and `skip_tags` choose items by their hashtags, `only_items` and `skip_items` by id. The hashtags of
    `ignore_tags` become no tag. `rename_tags` maps hashtags to other names. `extras` are tags and a custom field that
    are off by default.
    """

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    kinds: frozenset[Kind] = KINDS
    since: date | None = None
    until: date | None = None
    only_tags: frozenset[str] = frozenset()
    skip_tags: frozenset[str] = frozenset()
    only_items: frozenset[str] = frozenset()
    skip_items: frozenset[str] = frozenset()
    ignore_tags: frozenset[str] = frozenset()
    rename_tags: Mapping[str, str] = field(default_factory=dict)
    title: str = TITLE
    studio: str = STUDIO
    extras: frozenset[Extra] = frozenset()
    split_scenes: bool = False

    @cached_property
    def key(self) -> str:
        """The text of these choices, equal for equal choices in every process."""
        said = {name: sorted(v) if isinstance(v, frozenset) else v for name, v in vars(self).items()}
        return json.dumps(said, sort_keys=True, default=str)

    @cached_property
    def is_narrow(self) -> bool:
        """Tell whether the choices leave out any item of a creator."""
        chosen = (self.since, self.until, self.only_tags, self.skip_tags, self.only_items, self.skip_items)
        return self.kinds != KINDS or any(chosen)

    def takes_creator(self, creator: Creator) -> bool:
        """Tell whether a creator is synced by a run that names no creator."""
        names = {creator.username.lower(), str(creator.id)}
        return not names & self.skip and (not self.only or bool(names & self.only))

    def takes(self, item: Item) -> bool:
        """Tell whether an item is synced. An item without a date is left out by any limit of days."""
        number = str(item.id)
        if item.kind not in self.kinds or number in self.skip_items:
            return False
        if self.only_items and number not in self.only_items:
            return False
        day = utc_day(item.createdAt)
        if self.since is not None and (day is None or day < self.since.isoformat()):
            return False
        if self.until is not None and (day is None or day > self.until.isoformat()):
            return False
        tags = {hashtag.value.lower() for hashtag in item.hashtags}
        return not tags & self.skip_tags and (not self.only_tags or bool(tags & self.only_tags))

    def tag_of(self, hashtag: str) -> str | None:
        """Return the name of a hashtag's tag. None for an ignored hashtag."""
        name = hashtag.strip().lower()
        return None if name in self.ignore_tags else as_name(self.rename_tags.get(name, name)) or None

    def title_of(self, item: Item) -> str:
        """Return the title of an item and of its media."""
        own = (item.name or "").strip()
        title = own or generate_title(item.content, item.account.username, item.createdAt)
        if self.title == TITLE:
            return title
        made = self.title.format(
            title=title,
            username=item.account.username,
            name=person_name(item.account.displayName, item.account.username),
            date=utc_day(item.createdAt) or "",
            id=item.id,
            kind=item.kind,
        )
        return made.strip() or title

    def studio_of(self, creator: Creator) -> str:
        """Return the name of a creator's studio."""
        if self.studio == STUDIO:
            return studio_name(creator.username)
        name = person_name(creator.displayName, creator.username)
        made = self.studio.format(username=creator.username, name=name, id=creator.id)
        return as_name(made.strip()) or studio_name(creator.username)

    def extra_tags(self, item: Item) -> list[str]:
        """Return the chosen tags for values that have no field in Stash."""
        found = [f"Fansly: {item.kind}"] if "kind" in self.extras else []
        if "access" in self.extras and any(one.is_locked for one in item.media):
            found.append("Fansly: locked")
        if "state" in self.extras:
            found += [f"Fansly: {state}" for state in item.states]
        if "price" in self.extras and item.price:
            found.append(f"Fansly: price {item.price}")
        if "likes" in self.extras and item.likes:
            found.append(f"Fansly: {10 ** (len(str(item.likes)) - 1)}+ likes")
        return found

    @property
    def wants_facts(self) -> bool:
        """Tell whether prices and likes are to be read."""
        return bool(self.extras & {"price", "likes"})
