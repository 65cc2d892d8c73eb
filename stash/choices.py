"""Check the user's choices against the database. An unknown name is refused in a flag, reported in a setting."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

from stash.errors import UsageError
from stash.selectors import read_word
from stash.source.errors import UnknownCreatorError
from stash.source.values import LARGEST_ID
from stash.texts import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from stash.mapping.rules import Rules
    from stash.settings import Settings
    from stash.source.items import Creator
    from stash.source.reader import Reader

_TAGS = ("only_tags", "skip_tags", "ignore_tags", "rename_tags")
_ITEMS = ("only_items", "skip_items")


async def chosen_creators(reader: Reader, named: Sequence[str], rules: Rules) -> tuple[list[Creator], bool]:
    """Return the creators to sync, and whether the database has none at all.

    Raises:
        UsageError: the settings leave out every creator.
    """
    if named:
        found = [await reader.creator(name) for name in named]
        return list({creator.id: creator for creator in found}.values()), False
    everyone = await reader.creators()
    chosen = [creator for creator in everyone if rules.takes_creator(creator)]
    wanted = replace(rules, skip=frozenset())
    if not chosen and any(map(wanted.takes_creator, everyone)):
        raise UsageError(
            "--skip and skip_creators leave out every creator; `stash-sync settings` shows what is set."
        )
    return chosen, not everyone


async def refuse_unknown(reader: Reader, words: Sequence[str]) -> None:
    """Check that the database has the creators, hashtags and items that `--only` and `--skip` name.

    Raises:
        UsageError: a hashtag, or the id of a post, message, story or wall, is unknown.
        UnknownCreatorError: a creator is unknown.
    """
    read = [read_word(word) for word in words]
    for value in (value for name, value in read if name == "creators"):
        await reader.creator(value)
    if tags := [value for name, value in read if name == "tags"]:
        known = await reader.hashtags()
        for missing in _missing_tags(tags, known):
            close = difflib.get_close_matches(missing, sorted(known), cutoff=0.5)
            hint = f"; the closest are {', '.join(f'#{one}' for one in close)}" if close else ""
            raise UsageError(f"No post has the hashtag #{missing}{hint}.")
    items = [value for name, value in read if name == "items"]
    for missing in await _missing_items(reader, items):
        raise UsageError(
            f"There is no post, message, story or wall {missing}; the page of a plan (--html) has their ids."
        )


async def unknown_in_settings(reader: Reader, settings: Settings) -> list[str]:
    """Return one sentence for each name in the settings that the database does not have yet.

    Raises:
        UnknownCreatorError: a creator of `only_creators` is unknown, so that nothing could be synced.
    """
    for name in sorted(settings.only_creators):
        try:
            await reader.creator(name)
        except UnknownCreatorError as error:
            said = str(error)
            raise UnknownCreatorError(f"only_creators: {said[:1].lower()}{said[1:]}") from None
    found = [
        f"skip_creators names {name}, whom the database does not have"
        for name in sorted(settings.skip_creators)
        if not await _has_creator(reader, name)
    ]
    chosen = {name: set(vars(settings)[name]) for name in (*_TAGS, *_ITEMS)}
    if any(chosen[name] for name in _TAGS):
        known = await reader.hashtags()
        for name in _TAGS:
            tags = _missing_tags(chosen[name], known)
            found += [f"{name} names #{tag}, which no post has" for tag in tags]
    for name in _ITEMS:
        missing = await _missing_items(reader, chosen[name])
        found += [f"{name} names {item}, which is no post, message, story or wall" for item in missing]
    return found


async def _has_creator(reader: Reader, name: str) -> bool:
    try:
        await reader.creator(name)
    except UnknownCreatorError:
        return False
    return True


def _missing_tags(wanted: Collection[str], known: Collection[str]) -> list[str]:
    folded = set(map(fold, known))
    return sorted(tag for tag in wanted if fold(tag) not in folded)


async def _missing_items(reader: Reader, wanted: Collection[str]) -> list[str]:
    numbers = {int(one): one for one in wanted if one.isdecimal() and int(one) <= LARGEST_ID}
    known = await reader.items_among(numbers) if numbers else set()
    return sorted({*wanted} - {numbers[one] for one in known})
