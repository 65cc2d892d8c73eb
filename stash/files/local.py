"""Find the files in the downloads folder. All stay in memory for a run, so each object is small."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stash.errors import UsageError
from stash.files.paths import escaped, is_aside, is_companion, is_text, kind_of, media_id
from stash.source.disk import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True, eq=False)
class LocalFile:
    """A file in the downloads folder.

    `directory` ends with a separator. `folder` is the topmost folder below the downloads folder. `media_id` is the id in
    the name. `kind` is the kind of entity that Stash makes of the file.
    """

    directory: str
    name: str
    folder: str
    media_id: int | None
    kind: str | None

    @property
    def path(self) -> str:
        """The path of the file on disk. An absent file has only its name."""
        return self.directory + self.name


def local_file(name: str, directory: str = "", folder: str = "") -> LocalFile:
    """Return a file with the id and kind that its name contains. An absent file has no directory."""
    return LocalFile(directory, name, folder, media_id(name), kind_of(name))


NOT_UTF8 = "its path is not UTF-8; rename it (convmv does)"
"""The reason for a path that is not UTF-8."""


FOLDER = "this folder"
"""The first words of the reason for a folder."""


class MultiMap[K]:
    """A multi-map of files. It allocates a list only for a key with several files."""

    def __init__(self) -> None:
        self._first: dict[K, LocalFile] = {}
        self._further: dict[K, list[LocalFile]] = {}

    def add(self, key: K, file: LocalFile) -> None:
        """Add a file under a key."""
        if key in self._first:
            self._further.setdefault(key, []).append(file)
        else:
            self._first[key] = file

    def __contains__(self, key: K) -> bool:
        return key in self._first

    def get(self, key: K) -> list[LocalFile]:
        """Return the files of a key, in the order in which they were added."""
        first = self._first.get(key)
        return [] if first is None else [first, *self._further.get(key, ())]


class Downloads(NamedTuple):
    """The content of the downloads folder.

    Args:
        files: every regular file except companions, in a stable order.
        unusable: the files and folders that cannot be used, with the reasons.
        folders: the folders that were read, with the times of their last changes in nanoseconds.
    """

    files: list[LocalFile]
    unusable: dict[LocalFile, str]
    folders: dict[str, int]


def list_downloads(root: Path) -> Downloads:
    """List the downloads. Links are followed. Each folder is read once, under its real path if that lies below too.

    Raises:
        UsageError: the folder does not exist.
    """
    try:
        is_folder = root.is_dir()
    except OSError:
        is_folder = False
    if not is_folder:
        raise UsageError(
            f"The downloads folder {escaped(str(root))!r} does not exist; set STASH_SYNC_DOWNLOADS to the downloader's folder."
        )
    walk = _Walk(os.fspath(root))
    return Downloads(list(walk.files()), walk.unusable, walk.folders)


class _Walk:
    """A walk through the downloads. Linked folders are read last."""

    def __init__(self, root: str) -> None:
        self._root = root
        self.unusable: dict[LocalFile, str] = {}
        self.folders: dict[str, int] = {}
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
        """Yield the files of one folder. Add its subfolders to `below`, and linked ones to the linked folders."""
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
            file = local_file(entry.name, directory, top[0] if top else "")
            if reason:
                self.unusable[file] = reason
            else:
                yield file

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        """Return the entries of a folder, by name. Return none for a folder that was read before or is unreadable."""
        found: list[os.DirEntry[str]] = []
        try:
            status = os.stat(folder)  # noqa: PTH116 - of a path that may be no text
            inode = status.st_dev, status.st_ino
            if inode in self._seen:
                return []
            self._seen.add(inode)
            self.folders[folder] = status.st_mtime_ns
            with os.scandir(folder) as entries:
                found.extend(entries)
        except OSError as error:
            path, name = os.path.split(folder)
            top = Path(folder).relative_to(self._root).parts[:1]
            unread = local_file(name, os.path.join(path, ""), top[0] if top else "")  # noqa: PTH118 - as above
            self.unusable[unread] = (
                f"{FOLDER} cannot be read ({reason_of(error)}); give the user that runs stash-sync the right to read it"
            )
        return sorted(found, key=lambda entry: entry.name)


def _why_unusable(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "it is a link that leads nowhere; mend the link, or remove it"
    return "it is no regular file; remove it, or leave it"
