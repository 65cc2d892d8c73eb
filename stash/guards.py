"""Stops of a run before its first write, where source or Stash look wrong. Pure.

Each guard gets counts of one survey and raises RefusedError, whose sentence names the switch that goes on.
"""

from __future__ import annotations

from stash.errors import RefusedError

MIN_SAMPLE = 20
"""Below so many entities or files, what is missing says nothing of the whole."""

MAX_MISSING = 0.5
"""The share of missing entities or files up to which a run goes on."""


def is_too_much(missing: int, total: int) -> bool:
    """Tell whether so much is missing that the whole is in doubt."""
    return total >= MIN_SAMPLE and missing > total * MAX_MISSING


def check_entities(username: str, gone: int, total: int) -> None:
    """Stop where Stash lacks most of what was synced of a creator: it is another Stash, or was emptied."""
    if is_too_much(gone, total):
        raise RefusedError(
            f"{gone} of {total} images, scenes and galleries of {username} that were synced are gone from Stash; "
            "if it was made anew, go on with --recreate, else look whether it is the right one."
        )


def check_files(unknown: int, total: int, example: str) -> None:
    """Stop where Stash does not know most of the files, even after a scan."""
    if is_too_much(unknown, total):
        raise RefusedError(
            f"Stash does not know {unknown} of {total} files, such as {example}; look whether that is a path as Stash "
            "sees it and in its library (else set STASH_SYNC_PATH_MAP), or go on with --force."
        )


def check_source(username: str, media: int) -> None:
    """Stop where the source has nothing of a creator any more, of whom so many media were synced."""
    if media:
        raise RefusedError(
            f"The database has no media of {username} any more, though {media} were synced before; look whether it "
            "is the right one, or go on with --force."
        )


def check_any_source(recorded: int) -> None:
    """Stop where the source has no creator at all any more, though media were synced."""
    if recorded:
        raise RefusedError(
            "The database has no creator with media any more, though some were synced before; look whether it is "
            "the right one, or go on with --force."
        )
