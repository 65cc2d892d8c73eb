"""Stop a run before its first write if the source or Stash looks wrong. Pure.

Each guard gets counts of one survey and raises RefusedError, whose sentence names the switch that continues.
"""

from __future__ import annotations

from stash.errors import RefusedError

MIN_SAMPLE = 20
"""The least number of entities or files from which a share of missing ones is meaningful."""

MAX_MISSING = 0.5
"""The share of missing entities or files up to which a run continues."""


def is_too_much(missing: int, total: int) -> bool:
    """Tell whether the share of missing entities or files is too large."""
    return total >= MIN_SAMPLE and missing > total * MAX_MISSING


def check_entities(username: str, gone: int, total: int) -> None:
    """Stop if Stash lacks most synced entities of a creator, because it was emptied or is another Stash."""
    if is_too_much(gone, total):
        raise RefusedError(
            f"{gone} of {total} images, scenes and galleries of {username} that were synced are gone from Stash; "
            "if it was made anew, go on with --recreate, else look whether it is the right one."
        )


def check_files(unknown: int, total: int, example: str) -> None:
    """Stop if Stash does not know most of the files, even after a scan."""
    if is_too_much(unknown, total):
        raise RefusedError(
            f"Stash does not know {unknown} of {total} files, such as {example}; look whether that is a path as Stash "
            "sees it and in its library (else set STASH_SYNC_PATH_MAP), or go on with --force."
        )


def check_source(username: str, media: int) -> None:
    """Stop if the source has no media of a creator any more, although media were synced."""
    if media:
        raise RefusedError(
            f"The database has no media of {username} any more, though {media} were synced before; look whether it "
            "is the right one, or go on with --force."
        )


def check_any_source(recorded: int) -> None:
    """Stop if the source has no creator any more, although media were synced."""
    if recorded:
        raise RefusedError(
            "The database has no creator with media any more, though some were synced before; look whether it is "
            "the right one, or go on with --force."
        )
