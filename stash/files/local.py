"""What lies in the downloads folder. A large library's files all stay in memory for a run, so each is kept small."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stash.errors import UsageError
from stash.files.paths import escaped, is_aside, is_companion, is_text, kind_of, media_id
from stash.source.disk import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(slots=True, eq=False)
class LocalFile:
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
        """Its path on the host. One that is not there has but its name."""
        return self.directory + self.name


def named(name: str, directory: str = "", folder: str = "") -> LocalFile:
    """A file with what its name tells. Without a directory it is one that is not on the host."""
    return LocalFile(directory, name, folder, media_id(name), kind_of(name))


NOT_UTF8 = "its path is not UTF-8; rename it (convmv does)"
"""Why a file is left out whose name, or a folder's above it, holds other bytes."""


FOLDER = "this folder"
"""How the reason of a folder begins."""


class MultiMap[K]:
    """Files by something that all but a few have for themselves."""

    def __init__(self) -> None:
        self._first: dict[K, LocalFile] = {}
        self._further: dict[K, list[LocalFile]] = {}

    def add(self, key: K, file: LocalFile) -> None:
        """Enter a file."""
        if key in self._first:
            self._further.setdefault(key, []).append(file)
        else:
            self._first[key] = file

    def __contains__(self, key: K) -> bool:
        return key in self._first

    def get(self, key: K) -> list[LocalFile]:
        """The files, in the order in which they were entered."""
        first = self._first.get(key)
        return [] if first is None else [first, *self._further.get(key, ())]


def walk(root: Path, on_unusable: Callable[[LocalFile, str], object] = lambda *_: None) -> list[LocalFile]:
    """Every regular file below the downloads folder but companions of others, in a stable order.

    Links are followed, each folder is read once, by its real path where that is below the downloads too.
    `on_unusable` is told of each file or folder that cannot be used, with the reason.

    Raises:
        UsageError: there is no such folder.
    """
    try:
        is_folder = root.is_dir()
    except OSError:
        is_folder = False
    if not is_folder:
        raise UsageError(
            f"The downloads folder {escaped(str(root))!r} does not exist; set STASH_SYNC_DOWNLOADS to the downloader's folder."
        )
    return list(_Walk(os.fspath(root), on_unusable).files())


def looked_through(root: Path) -> tuple[list[LocalFile], dict[LocalFile, str]]:
    """The files of the downloads, and what lies there and cannot be used, each with the reason.

    Raises:
        UsageError: there is no such folder.
    """
    unusable: dict[LocalFile, str] = {}
    return walk(root, unusable.__setitem__), unusable


class _Walk:
    """One way through the downloads. Linked folders come last."""

    def __init__(self, root: str, on_unusable: Callable[[LocalFile, str], object]) -> None:
        self._root, self._on_unusable = root, on_unusable
        self._linked = [root]
        self._seen: set[tuple[int, int]] = set()

    def files(self) -> Iterator[LocalFile]:
        while self._linked:
            pending = [self._linked.pop(0)]
            while pending:
                folder = pending.pop()
                below: list[str] = []
                yield from self._in(folder, below)
                pending += reversed(below)

    def _in(self, folder: str, below: list[str]) -> Iterator[LocalFile]:
        """The files of one folder. Its folders are added to `below`, or to those that links lead to."""
        entries = self._entries(folder)
        directory = os.path.join(folder, "")  # noqa: PTH118 - a path object has no separator at its end
        top = Path(folder).relative_to(self._root).parts[:1]
        is_utf8 = is_text(folder)
        for entry in entries:
            try:
                if entry.is_dir():
                    if not is_aside(entry.name, is_topmost=not top):
                        (self._linked if entry.is_symlink() else below).append(entry.path)
                    continue
                if is_companion(entry.name):
                    continue
                reason = "" if entry.is_file() else _why_unusable(entry)
            except OSError as error:
                reason = f"it cannot be looked at ({reason_of(error)}); mend that, or remove it"
            if not reason and not (is_utf8 and is_text(entry.name)):
                reason = NOT_UTF8
            file = named(entry.name, directory, top[0] if top else "")
            if reason:
                self._on_unusable(file, reason)
            else:
                yield file

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        """Return what lies in a folder, by name. Nothing where it was read before, or cannot be read."""
        found: list[os.DirEntry[str]] = []
        try:
            status = os.stat(folder)  # noqa: PTH116 - of a path that may be no text
            place = status.st_dev, status.st_ino
            if place in self._seen:
                return []
            self._seen.add(place)
            with os.scandir(folder) as entries:
                found.extend(entries)
        except OSError as error:
            path, name = os.path.split(folder)
            top = Path(folder).relative_to(self._root).parts[:1]
            self._on_unusable(
                named(name, os.path.join(path, ""), top[0] if top else ""),  # noqa: PTH118 - as above
                f"{FOLDER} cannot be read ({reason_of(error)}); give the user that runs stash-sync the right to read it",
            )
        return sorted(found, key=lambda entry: entry.name)


def _why_unusable(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "it is a link that leads nowhere; mend the link, or remove it"
    return "it is no regular file; remove it, or leave it"
