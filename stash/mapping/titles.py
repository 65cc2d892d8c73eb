"""Titles, dates, URLs and names, as existing libraries have them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from stash.texts import fold, is_like, normalize_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

NETWORK_STUDIO = "Fansly (network)"
"""The studio above those of the creators."""

PLACEHOLDER = "Media from"
"""Within a title that an earlier program gave where it knew none."""

TRAILER_TAG = "Trailer"
"""The tag of previews."""

SITE = "https://fansly.com"

SHORTEST_TITLE, LONGEST_TITLE = 10, 128
"""Code points: a shorter first line is no title, a longer one is cut."""


@lru_cache(maxsize=64)
def generate_title(
    content: str | None,
    username: str,
    created_at: datetime | None,
    current_pos: int | None = None,
    total_media: int | None = None,
) -> str:
    """The title of an item: its first line, or its creator and day. With a position among many if given."""
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
    """The day of an instant in UTC, as `YYYY-MM-DD`."""
    if created_at is None:
        return None
    if created_at.tzinfo is not None:
        try:
            created_at = created_at.astimezone(UTC)
        except OverflowError:
            created_at = created_at.replace(tzinfo=UTC)
    return f"{created_at.year:04d}-{created_at.month:02d}-{created_at.day:02d}"


class Rendered(NamedTuple):
    """What an item says, as far as a program can put it on what the item holds."""

    content: str | None
    created_at: datetime | None


def predecessor_values(items: Iterable[Rendered], usernames: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Return what earlier programs may have put on a file: the values of any item that holds it, by field.

    Args:
        items: every item that holds the file, whichever of them an earlier program took it from.
        usernames: what the creator is and was called.
    """
    said = set(items)
    titles = {generate_title(one.content, name, one.created_at) for one in said for name in usernames}
    return {
        "title": frozenset(titles),
        "details": frozenset(one.content for one in said if one.content),
        "date": frozenset(day for one in said if (day := utc_day(one.created_at)) is not None),
    }


def item_url(kind: str, item_id: int, group_id: int | None) -> str:
    """Tell where an item stands on the site. A story has its creator's page alone."""
    if kind == "message":
        return f"{SITE}/messages/{group_id}/{item_id}"
    return f"{SITE}/{'story' if kind == 'story' else 'post'}/{item_id}"


def is_of_site(url: str) -> bool:
    """Tell whether a url leads to the site, however a person wrote it."""
    host = fold(url).split("://", 1)[-1].split("/", 1)[0]
    return host.removeprefix("www.") == SITE.split("://", 1)[1]


def profile_url(username: str) -> str:
    """The page of an account."""
    return f"{SITE}/{username}"


def profile_urls(username: str) -> tuple[str, ...]:
    """The forms in which people and programs write the page of an account, ours first."""
    url = profile_url(username)
    return url, f"{url}/", f"{url}/posts"


def studio_name(username: str) -> str:
    """The studio of a creator."""
    return f"{username} (Fansly)"


LONGEST_NAME = 49_000
"""Bytes of a name: SQLite compares with no pattern above 50,000, and a second name is a little longer."""


def as_name(text: str) -> str:
    """A text as Stash keeps it as a name. Without a NUL, at which Stash stops comparing, and cut where it takes none so long."""
    name = normalize_text(text.replace("\0", "\ufffd"))
    content = name.encode()
    return (
        name
        if len(content) <= LONGEST_NAME
        else normalize_text(content[:LONGEST_NAME].decode(errors="ignore"))
    )


def person_name(display_name: str | None, username: str) -> str:
    """Return what a performer is called: the display name, unless that is blank."""
    return as_name((display_name or "").strip()) or username


def is_pattern(name: str) -> bool:
    """Tell whether Stash's own test for a taken name reads a name as a pattern. See `is_taken_by`."""
    return "_" in name or "%" in name


def is_taken_by(name: str, other: str) -> bool:
    """Tell whether Stash refuses a name because of another one, in its own words: `other LIKE name`."""
    return is_like(other, name)


SECOND_NAMES = 9
"""How many further names are looked for where the first one is refused."""


def numbered(name: str) -> Iterator[str]:
    """Ever further names, for where all others are taken: there is no last one, so one of them is free."""
    return (f"{name} {number}" for number in count(SECOND_NAMES + 1))


def tag_names(hashtag: str) -> Iterator[str]:
    """Return what the tag of a hashtag may be called: `two_words`, where that is refused `two_words (hashtag)`, and so on."""
    yield hashtag
    yield f"{hashtag} (hashtag)"
    for number in range(2, SECOND_NAMES + 1):
        yield f"{hashtag} (hashtag {number})"


def studio_names(name: str, account_id: int) -> tuple[str, str]:
    """Return what a creator's studio may be called. The second name, with the account id, is nobody else's."""
    return name, f"{name} ({account_id})"


def disambiguations(username: str, account_id: int) -> Iterator[str]:
    """Return what may stand behind a performer's name where others have the same: nothing, the username, the account id."""
    yield ""
    yield username
    if account_id:
        yield f"{username} {account_id}"
