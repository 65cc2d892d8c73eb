"""Titles, dates, URLs and names, as existing libraries have them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

NETWORK_STUDIO = "Fansly (network)"
"""The studio above those of the creators."""

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
    """The title of an item: its first line, or its creator and day; with a position among many if given."""
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


def item_url(kind: str, item_id: int, group_id: int | None) -> str:
    """Where an item stands on the site; a story has its creator's page alone."""
    if kind == "message":
        return f"{SITE}/messages/{group_id}/{item_id}"
    return f"{SITE}/{'story' if kind == 'story' else 'post'}/{item_id}"


def profile_url(username: str) -> str:
    """The page of an account."""
    return f"{SITE}/{username}"


def studio_name(username: str) -> str:
    """The studio of a creator."""
    return f"{username} (Fansly)"
