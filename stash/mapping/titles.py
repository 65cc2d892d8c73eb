"""Make titles, dates, URLs and names in the form of existing libraries. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from stash.texts import fold, is_like, normalize_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

NETWORK_STUDIO = "Fansly (network)"
"""The parent studio of all creators' studios."""

PLACEHOLDER = "Media from"
"""A part of the title that earlier programs gave to items without a title."""

TRAILER_TAG = "Trailer"
"""The tag of previews."""

SITE = "https://fansly.com"

SHORTEST_TITLE, LONGEST_TITLE = 10, 128
"""Code points. A shorter first line is no title, a longer one is cut."""


@lru_cache(maxsize=64)
def generate_title(
    content: str | None,
    username: str,
    created_at: datetime | None,
    current_pos: int | None = None,
    total_media: int | None = None,
) -> str:
    """Return the title of an item: its first line, or its creator and day. Add a position if one is given."""
    line = (content or "").split("\n", 1)[0].strip()
    if SHORTEST_TITLE <= len(line) <= LONGEST_TITLE:
        title = line
    elif len(line) > LONGEST_TITLE:
        title = f"{line[: LONGEST_TITLE - 3]}..."
    else:
        day = utc_day(created_at)
        title = f"{username} - {day.replace('-', '/')}" if day else username
    if current_pos is not None and total_media is not None and total_media > 1:
        title = f"{title} - {current_pos}/{total_media}"
    return title


@lru_cache(maxsize=64)
def utc_day(created_at: datetime | None) -> str | None:
    """Return the day of an instant in UTC, as `YYYY-MM-DD`."""
    if created_at is None:
        return None
    if created_at.tzinfo is not None:
        try:
            created_at = created_at.astimezone(UTC)
        except OverflowError:
            created_at = created_at.replace(tzinfo=UTC)
    return f"{created_at.year:04d}-{created_at.month:02d}-{created_at.day:02d}"


class Rendered(NamedTuple):
    """The values of an item that earlier programs wrote to its files."""

    content: str | None
    created_at: datetime | None


def predecessor_values(items: Iterable[Rendered], usernames: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Return the values that earlier programs may have written to a file, by field.

    Args:
        items: every item that holds the file, because an earlier program may have used any of them.
        usernames: the current and former usernames of the creator.
    """
    said = set(items)
    titles = {generate_title(one.content, name, one.created_at) for one in said for name in usernames}
    return {
        "title": frozenset(titles),
        "details": frozenset(one.content for one in said if one.content),
        "date": frozenset(day for one in said if (day := utc_day(one.created_at)) is not None),
    }


def item_url(kind: str, item_id: int, group_id: int | None) -> str:
    """Return the address of an item on the site. A story has only the page of its creator."""
    if kind == "message":
        return f"{SITE}/messages/{group_id}/{item_id}"
    return f"{SITE}/{'story' if kind == 'story' else 'post'}/{item_id}"


def is_of_site(url: str) -> bool:
    """Tell whether a URL leads to the site, in any form that a user writes."""
    host = fold(url).split("://", 1)[-1].split("/", 1)[0]
    return host.removeprefix("www.") == SITE.split("://", 1)[1]


def profile_url(username: str) -> str:
    """Return the page of an account."""
    return f"{SITE}/{username}"


def profile_urls(username: str) -> tuple[str, ...]:
    """Return the forms in which users and programs write the page of an account, that of a sync first."""
    url = profile_url(username)
    return url, f"{url}/", f"{url}/posts"


def studio_name(username: str) -> str:
    """Return the name of a creator's studio."""
    return f"{username} (Fansly)"


LONGEST_NAME = 49_000
"""Bytes of a name. SQLite compares no pattern above 50,000, and a second name is a little longer."""


def as_name(text: str) -> str:
    """Return a text as Stash keeps it as a name: cut to the limit, and without NULs, which would end comparison."""
    name = normalize_text(text.replace("\0", "\ufffd"))
    content = name.encode()
    return (
        name
        if len(content) <= LONGEST_NAME
        else normalize_text(content[:LONGEST_NAME].decode(errors="ignore"))
    )


def person_name(display_name: str | None, username: str) -> str:
    """Return the name of a performer: the display name, unless that is blank."""
    return as_name((display_name or "").strip()) or username


def is_pattern(name: str) -> bool:
    """Tell whether Stash's check for a taken name reads a name as a pattern. See `is_taken_by`."""
    return "_" in name or "%" in name


def is_taken_by(name: str, other: str) -> bool:
    """Tell whether Stash refuses a name because of another one, by its own check: `other LIKE name`."""
    return is_like(other, name)


SECOND_NAMES = 9
"""The number of further names that are tried when the first name is refused."""


def numbered(name: str) -> Iterator[str]:
    """Yield further names without end, so that a free name is among them."""
    return (f"{name} {number}" for number in count(SECOND_NAMES + 1))


def tag_names(hashtag: str) -> Iterator[str]:
    """Yield the names for the tag of a hashtag: `two_words`, then `two_words (hashtag)`, and so on."""
    yield hashtag
    yield f"{hashtag} (hashtag)"
    for number in range(2, SECOND_NAMES + 1):
        yield f"{hashtag} (hashtag {number})"


def studio_names(name: str, account_id: int) -> tuple[str, str]:
    """Return the names for a creator's studio. The second name is unique, because it has the account id."""
    return name, f"{name} ({account_id})"


def disambiguations(username: str, account_id: int) -> Iterator[str]:
    """Yield the disambiguations of a performer: nothing, the username, the username with the account id."""
    yield ""
    yield username
    if account_id:
        yield f"{username} {account_id}"
