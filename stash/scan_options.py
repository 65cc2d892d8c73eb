"""Options of a scan: the previews and hashes that Stash generates for new files. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from stash.errors import DamagedReplyError

if TYPE_CHECKING:
    from collections.abc import Collection

FLAGS = {
    "covers": "scanGenerateCovers",
    "previews": "scanGeneratePreviews",
    "image_previews": "scanGenerateImagePreviews",
    "sprites": "scanGenerateSprites",
    "phashes": "scanGeneratePhashes",
    "thumbnails": "scanGenerateThumbnails",
    "clip_previews": "scanGenerateClipPreviews",
}
"""Fields of Stash's `ScanMetadataInput`, by the words of the setting."""

DEFAULTS = frozenset({"defaults"})
"""The choice of the user's own defaults, as saved in Stash."""


def parse_choice(value: object) -> object:
    """Return the words of the setting: `all` is every flag, an empty text the default, an empty list `none`.

    Raises:
        ValueError: a word is unknown, or stands beside `none`.
    """
    if not isinstance(value, str | list | tuple | set | frozenset):
        return value
    many = value.split(",") if isinstance(value, str) else map(str, value)
    words = {word for one in many if (word := one.strip().lower().replace("-", "_"))}
    if unknown := sorted(words - FLAGS.keys() - DEFAULTS - {"none", "all"}):
        raise ValueError(
            f"there is no {unknown[0]!r}; use defaults, none, all, or some of {', '.join(FLAGS)}"
        )
    if "none" in words and len(words) > 1:
        raise ValueError("'none' stands alone")
    if "all" in words:
        words = words - {"all"} | FLAGS.keys()
    return frozenset(words) or (DEFAULTS if isinstance(value, str) else frozenset({"none"}))


ScanChoice = Annotated[frozenset[str], NoDecode, BeforeValidator(parse_choice)]
"""The setting: words of `FLAGS` and `defaults`, or `none`."""


def options(choice: Collection[str], saved: dict[str, bool]) -> dict[str, bool]:
    """Return the options to send: the saved options if `defaults` is chosen, and each chosen flag."""
    own = saved if "defaults" in choice else {}
    return {**own, **{field: True for word, field in FLAGS.items() if word in choice}}


def saved_options(data: dict[str, Any]) -> dict[str, bool]:
    """Return the user's saved scan options, from the reply about Stash's configuration.

    The choices on Stash's page of tasks come before its `defaults.scan`, as on that page. Both may be unset.
    A forced rescan is left out, because it would read every unchanged file again.

    Raises:
        DamagedReplyError: the reply has another form than Stash's.
    """
    try:
        configuration = data["configuration"]
        tasks = (configuration["ui"] or {}).get("taskDefaults") or {}
        saved = tasks.get("scan") or configuration["defaults"]["scan"] or {}
        return {field: saved.get(field) is True for field in FLAGS.values()} if saved else {}
    except (KeyError, TypeError, AttributeError) as error:
        raise DamagedReplyError("Stash's reply about its scan defaults is damaged; run again.") from error
