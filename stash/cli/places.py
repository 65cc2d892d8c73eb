"""Files and folders that a user names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.errors import StateError, UsageError
from stash.source.disk import reason_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def existing_folder(path: Path) -> Path:
    """A folder that is there."""
    if not path.is_dir():
        raise UsageError(f"The folder {str(path)!r} does not exist; name the one that holds the downloads.")
    return path


def state_in(folder: Path | None) -> Path | None:
    """Tell where the embedded Stash keeps its state, if anywhere."""
    if folder is None:
        return None
    return made_folder(folder) / "embedded-stash.sqlite"


def made_folder(path: Path) -> Path:
    """A folder, made where it is not there yet."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"The folder {str(path)!r} cannot be made ({reason_of(error)}); name another one."
        ) from error
    return path


def writable_page(file: Path | None) -> None:
    """Make sure that a page can be written, before anything else is done. A file that is there stays as it is.

    Raises:
        StateError: it cannot.
    """
    if file is None:
        return
    try:
        target = file.resolve()
        if not target.exists():
            target.open("xb").close()
            target.unlink()
        elif target.is_file() or target.is_dir():  # a pipe is opened once, when it is written
            target.open("ab").close()
    except OSError as error:
        raise StateError(
            f"The page {str(file)!r} cannot be written ({reason_of(error)}); name another file."
        ) from error


def new_folder(path: Path) -> Path:
    """Return a folder with nothing in it, made where it is not there yet."""
    if any(made_folder(path).iterdir()):
        raise UsageError(
            f"The folder {str(path)!r} is not empty; name a new one, so that nothing of yours is changed."
        )
    return path


def existing_paths(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Files and folders of payloads that are there."""
    for path in paths:
        if not path.exists():
            raise UsageError(f"{str(path)!r} does not exist; name payload files, or folders of them.")
    return tuple(paths)
