"""The files: what lies in the downloads folder, and what Stash has made of it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stash_graphql_client.types import Image, Scene

from stash.errors import UsageError
from stash.paths import PathMap, base_name, kind_of, media_name
from stash.store.replies import intact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metadata.items import StoredMedia
    from stash.store import StashStore

DIRECTORIES = 200
"""Folders a question: their paths stand in one pattern."""


@dataclass(frozen=True, slots=True)
class HostFile:
    """A file in the downloads folder; `media_id` is the id in its name, `kind` what Stash makes of it."""

    path: str
    name: str
    folder: str
    media_id: int | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class StashFile:
    """A file that Stash knows, with the image or scene that holds it; the first file is its primary one."""

    type: str
    id: str
    code: str
    path: str
    is_primary: bool


def walk(root: Path) -> list[HostFile]:
    """Every file below the downloads folder, in a stable order; links that lead elsewhere are not followed.

    Raises:
        UsageError: there is no such folder.
    """
    if not root.is_dir():
        raise UsageError(
            f"The downloads folder {str(root)!r} does not exist; set STASH_SYNC_DOWNLOADS to the downloader's folder."
        )
    return sorted(_walk(os.fspath(root)), key=lambda file: file.path)


def _walk(root: str) -> Iterator[HostFile]:
    for folder, _, names in os.walk(root):
        top = Path(folder).relative_to(root).parts[:1]
        for name in names:
            if name.startswith(".") and name.endswith(".part"):
                continue
            found = media_name(name)
            yield HostFile(
                path=os.path.join(folder, name),  # noqa: PTH118 - a path object a file is too slow for a library
                name=name,
                folder=top[0] if top else "",
                media_id=None if found is None else found.id,
                kind=kind_of(name),
            )


@dataclass
class Files:
    """Finds the host files of a media, and the Stash file of a host file."""

    path_map: PathMap
    on_host: list[HostFile]
    in_stash: dict[str, StashFile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_id: dict[int, list[HostFile]] = {}
        self._by_name: dict[str, list[HostFile]] = {}
        for file in self.on_host:
            self._by_name.setdefault(file.name, []).append(file)
            if file.media_id is not None:
                self._by_id.setdefault(file.media_id, []).append(file)

    def of(self, media: StoredMedia) -> list[HostFile]:
        """The host files of a media: by the name in its row, else by the id in the name; variants included."""
        renditions = (media, *media.variants)
        named = [
            file
            for one in renditions
            if one.local_filename
            for file in self._by_name.get(base_name(one.local_filename), ())
        ]
        found = named or [file for one in renditions for file in self._by_id.get(one.id, ())]
        return list(dict.fromkeys(found))

    def stash_path(self, file: HostFile) -> str:
        """Where Stash sees a host file."""
        return self.path_map.to_stash(file.path)

    def match(self, media: StoredMedia) -> StashFile | None:
        """The Stash file of a media, a primary one before others."""
        known = [self.in_stash.get(self.stash_path(file)) for file in self.of(media)]
        found = [file for file in known if file is not None]
        return min(found, key=lambda file: not file.is_primary, default=None)

    def unknown(self, files: Iterable[HostFile]) -> list[HostFile]:
        """The files, of a type that Stash takes, that Stash does not know."""
        return [file for file in files if file.kind and self.stash_path(file) not in self.in_stash]

    async def read(self, store: StashStore, files: Iterable[HostFile]) -> None:
        """Learn what Stash has in the folders of these files, in O(pages) requests."""
        paths = [self.stash_path(file) for file in files]
        folders = sorted({path[: -len(base_name(path))] for path in paths})
        for start in range(0, len(folders), DIRECTORIES):
            pattern = _in_folders(folders[start : start + DIRECTORIES])
            for kind, files_field in ((Image, "visual_files"), (Scene, "files")):
                selection = f"id code {files_field} {{ ... on BaseFile {{ path }} }}"
                async for row in store.rows(kind, selection, path__regex=pattern):
                    with intact("its files"):
                        self._note(kind.__type_name__, row, row[files_field])

    def _note(self, type_name: str, row: dict[str, str], files: list[dict[str, str]]) -> None:
        for place, file in enumerate(files):
            self.in_stash[file["path"]] = StashFile(
                type_name, row["id"], row["code"] or "", file["path"], is_primary=place == 0
            )


def _in_folders(folders: list[str]) -> str:
    return f"^(?:{'|'.join(map(re.escape, folders))})[^/\\\\]+$"
