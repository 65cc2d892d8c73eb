"""What lies in the downloads folder. A large library's files all stay in memory for a run, so each is kept small."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stash.errors import UsageError
from stash.paths import kind_of, media_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(slots=True, eq=False)
class HostFile:
    """A file in the downloads folder.

    `directory` is where it lies, with a separator at its end; `folder` the topmost one below the downloads folder.
    `media_id` is the id in its name, `kind` what Stash makes of it.
    """

    directory: str
    name: str
    folder: str
    media_id: int | None
    kind: str | None

    @property
    def path(self) -> str:
        """Its path on the host; one that is not there has but its name."""
        return self.directory + self.name


def named(name: str, directory: str = "", folder: str = "") -> HostFile:
    """A file with what its name tells; without a directory it is one that is not on the host."""
    return HostFile(directory, name, folder, media_id(name), kind_of(name))


class Index[K]:
    """Files by something that all but a few have for themselves."""

    def __init__(self) -> None:
        self._first: dict[K, HostFile] = {}
        self._further: dict[K, list[HostFile]] = {}

    def add(self, key: K, file: HostFile) -> None:
        """Enter a file."""
        if key in self._first:
            self._further.setdefault(key, []).append(file)
        else:
            self._first[key] = file

    def __contains__(self, key: K) -> bool:
        return key in self._first

    def get(self, key: K) -> list[HostFile]:
        """The files, in the order in which they were entered."""
        first = self._first.get(key)
        return [] if first is None else [first, *self._further.get(key, ())]


def walk(root: Path, on_error: Callable[[OSError], object] | None = None) -> list[HostFile]:
    """Every file below the downloads folder, in a stable order; links that lead elsewhere are not followed.

    `on_error` is told of each folder that cannot be read; it is left out.

    Raises:
        UsageError: there is no such folder.
    """
    if not root.is_dir():
        raise UsageError(
            f"The downloads folder {str(root)!r} does not exist; set STASH_SYNC_DOWNLOADS to the downloader's folder."
        )
    return list(_walk(os.fspath(root), on_error))


def _walk(root: str, on_error: Callable[[OSError], object] | None) -> Iterator[HostFile]:
    for folder, folders, names in os.walk(root, onerror=on_error):
        folders.sort()
        directory = os.path.join(folder, "")  # noqa: PTH118 - a path object has no separator at its end
        top = Path(folder).relative_to(root).parts[:1]
        for name in sorted(names):
            if not (name.startswith(".") and name.endswith(".part")):
                yield named(name, directory, top[0] if top else "")
