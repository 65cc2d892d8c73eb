"""Parse the words of `--only` and `--skip`. Pure."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from stash.errors import UsageError
from stash.mapping.rules import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.settings import Settings

_KINDS = {kind: kind for kind in KINDS} | {
    "posts": "post",
    "messages": "message",
    "stories": "story",
    "walls": "wall",
}


def narrow_settings(settings: Settings, only: Sequence[str], skip: Sequence[str]) -> Settings:
    """Return the settings, narrowed by words: `@creator`, `#hashtag`, an item's id, or a kind of item.

    A word of `only` replaces the setting of the same meaning. A word of `skip` adds to its setting.

    Raises:
        UsageError: a word has another form.
    """
    found: dict[str, Any] = {}
    for word in only:
        name, value = read_word(word)
        name = "kinds" if name == "kinds" else f"only_{name}"
        found[name] = found.get(name, frozenset()) | {value}
    for word in skip:
        name, value = read_word(word)
        if name == "kinds":
            found["kinds"] = found.get("kinds", settings.kinds) - {value}
        else:
            name = f"skip_{name}"
            found[name] = found.get(name, vars(settings)[name]) | {value}
    if found.get("kinds") == frozenset():
        raise UsageError("--skip leaves out every kind of item; leave one of post, message, story, wall.")
    return settings.model_copy(update=found)


def read_word(word: str) -> tuple[str, str]:
    """Return the group of a word (`creators`, `tags`, `items` or `kinds`) and its value.

    Raises:
        UsageError: the word belongs to no group.
    """
    text = word.strip().lower()
    if text in _KINDS:
        return "kinds", _KINDS[text]
    number = re.fullmatch(r"(?:(?:post|message|story|wall)[: ])?(\d+)", text)
    if number is not None:
        return "items", number[1]
    if len(text) > 1 and text[0] in "@#":
        return ("creators" if text[0] == "@" else "tags"), text[1:]
    close = difflib.get_close_matches(text, _KINDS, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    raise UsageError(
        f"{word!r} says nothing to choose by{hint}; write @creator, '#hashtag', an item's id, or one of post, "
        "message, story, wall."
    )
