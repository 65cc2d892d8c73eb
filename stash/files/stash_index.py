"""An index of the files in the downloads folder, and of the entities that Stash made of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import batched
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Image, Scene

from stash.concurrency import gather_or_cancel
from stash.files.candidates import likeness, rank_files
from stash.files.content import Fingerprint, has_size, md5, oshash, read_all
from stash.files.local import LocalFile, MultiMap, local_file
from stash.files.path_patterns import in_folders, of_paths, with_names
from stash.files.paths import PathMap, base_name, kind_of, media_id
from stash.store.reply_validation import validating_reply
from stash.transport.halving import send_in_halves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from stash.source.items import StoredMedia
    from stash.store import StashStore

DIRECTORIES = 200
"""Folders in one query, because their paths form one pattern."""

NAMES = 500
"""Base names or fingerprints in one query."""

FEW = 4
"""The files of a folder are asked for by their paths if they are no more than one in so many of those on disk."""

MOST_READ = 2000
"""Files of a run that are read for their fingerprint. More files without a match are of another library."""


@dataclass(slots=True)
class StashFile:
    """A file that Stash knows, with the image or scene that holds it. The first file is its primary one.

    `is_broken` says that Stash could not read a picture.
    """

    type: str
    id: str
    code: str
    path: str
    is_primary: bool
    is_broken: bool = False


@dataclass
class StashFileIndex:
    """Finds the host files of a media, and the Stash file of a host file."""

    path_map: PathMap
    on_host: list[LocalFile]
    in_stash: dict[str, StashFile] = field(default_factory=dict)
    creator_folders: dict[int, frozenset[str]] = field(default_factory=dict)
    """The folders of each account, in lower case."""
    extra_copies: dict[str, str] = field(default_factory=dict)
    """Files of a media beyond the matched one, each with the matched one."""
    matched: set[LocalFile] = field(default_factory=set)
    """The files of matched media, of types that Stash takes."""
    unusable: dict[LocalFile, str] = field(default_factory=dict)
    """Unusable files and folders of the downloads, with their reasons."""
    unread: dict[str, str] = field(default_factory=dict)
    """Paths of files that could not be read for their fingerprint, with their reasons."""

    def __post_init__(self) -> None:
        self._unusable: set[int | str | None] = {
            one for file in self.unusable for one in (file.media_id, file.name)
        }
        self._foreign: dict[tuple[str, str], str] = {}
        self._elsewhere: dict[str, str] = {}
        self._found_elsewhere: set[str] = set()
        self._asked: set[LocalFile] = set()
        self._asked_folders: set[str] = set()
        self._by_id: MultiMap[int] = MultiMap()
        self._by_name: MultiMap[str] = MultiMap()
        for file in self.on_host:
            self._add(file)

    def _add(self, file: LocalFile) -> None:
        self._by_name.add(file.name, file)
        if file.media_id is not None:
            self._by_id.add(file.media_id, file)

    def of(self, media: StoredMedia) -> list[LocalFile]:
        """Return the host files of a media, the likeliest first, by the names in rows and the ids in names.

        If files of several creators have the name, the files of the media's own creator are taken.
        """
        renditions = (media, *media.variants)
        by_name = [
            file
            for one in renditions
            if one.local_filename
            for file in self._by_name.get(base_name(one.local_filename))
        ]
        numbered = [file for one in renditions for file in self._by_id.get(one.id)]
        found = list(dict.fromkeys([*self._of_own_creator(media, by_name), *numbered]))
        return (
            found
            if len(found) == 1
            else rank_files(found, media, self.creator_folders.get(media.accountId, ()))
        )

    def _of_own_creator(self, media: StoredMedia, found: list[LocalFile]) -> list[LocalFile]:
        own_folders = self.creator_folders.get(media.accountId, ())
        own = [file for file in found if file.folder.casefold() in own_folders] if len(found) > 1 else []
        return own or found

    def lacks(self, media: StoredMedia) -> bool:
        """Tell whether a media has no file on the host, usable or not."""
        renditions = (media, *media.variants)
        names = {base_name(one.local_filename) for one in renditions if one.local_filename}
        return self._unusable.isdisjoint({one.id for one in renditions} | names) and not self.of(media)

    def take(self, matched: Iterable[tuple[StoredMedia, Sequence[LocalFile]]]) -> None:
        """Note the files of media that were matched."""
        for media, files in matched:
            usable = [file for file in files if file.kind]
            self.matched.update(usable)
            if len(usable) > 1:
                best = self._best(media, usable) or usable[0]
                self.extra_copies |= {file.path: best.path for file in usable if file is not best}

    def _best(self, media: StoredMedia, files: Iterable[LocalFile]) -> LocalFile | None:
        """Return the file of a media that Stash knows. Readable files come before broken, primary before others."""
        known = [(file, found) for file in files if (found := self._known(file)) is not None]
        best = min(
            known,
            key=lambda one: (one[1].is_broken, likeness(one[0], media), not one[1].is_primary),
            default=None,
        )
        return None if best is None else best[0]

    def stash_path(self, file: LocalFile) -> str:
        """Return the path of a host file as Stash sees it."""
        return self.path_map.to_stash(file.path)

    def match(self, media: StoredMedia) -> StashFile | None:
        """Return the Stash file of a media."""
        files = self.of(media)
        best = self._best(media, files) if len(files) > 1 else next(iter(files), None)
        return None if best is None else self._known(best)

    def unknown(self, files: Iterable[LocalFile]) -> list[LocalFile]:
        """Return the files that Stash does not know, of types that Stash takes."""
        return [file for file in files if file.kind and not self.knows(file)]

    def knows(self, file: LocalFile) -> bool:
        """Tell whether Stash has made a scene or an image of a file."""
        return self._known(file) is not None

    def _known(self, file: LocalFile) -> StashFile | None:
        found = self.in_stash.get(self.stash_path(file))
        return found or self.in_stash.get(self._elsewhere.get(file.path, ""))

    def foreign_primary(self, type_name: str, entity_id: str) -> str | None:
        """Return the primary file of an image or scene, as Stash sees it, if it lies outside the downloads."""
        path = self._foreign.get((type_name, entity_id))
        return None if path in self._found_elsewhere else path

    def split(self, file: StashFile, scene_id: str) -> StashFile:
        """Note that a file has a scene of its own now."""
        own = self.in_stash[file.path] = StashFile("Scene", scene_id, "", file.path, is_primary=True)
        return own

    async def read(self, store: StashStore, files: Iterable[LocalFile]) -> None:
        """Read the entities of Stash in the folders of these files, or of a few files in large folders, by their paths."""
        wanted = list(files)
        in_folder, asked = (Counter(file.directory for file in those) for those in (self.on_host, wanted))
        few = {folder for folder, count in asked.items() if count * FEW < in_folder[folder]}
        self._asked_folders |= asked.keys() - few
        self._asked.update(wanted)
        paths = sorted(self.stash_path(file) for file in wanted if file.directory in few)
        others = [self.stash_path(file) for file in wanted if file.directory not in few]
        for names in batched(paths, NAMES):
            await send_in_halves(names, partial(self._read_matching, store, of_paths))
        for folders in batched(sorted({path[: -len(base_name(path))] for path in others}), DIRECTORIES):
            await send_in_halves(folders, partial(self._read_matching, store, in_folders))

    def unasked(self, files: Iterable[LocalFile]) -> list[LocalFile]:
        """Return the files that Stash was not asked for yet, of types that Stash takes."""
        return [
            file
            for file in files
            if file.kind and file not in self._asked and file.directory not in self._asked_folders
        ]

    async def _read_matching(
        self, store: StashStore, pattern: Callable[[Sequence[str]], str], places: Sequence[str]
    ) -> None:
        await gather_or_cancel(*(self._read_kind(store, pattern(places), *kind) for kind in _KINDS))

    async def _read_kind(
        self, store: StashStore, pattern: str, kind: type[Image | Scene], files_field: str
    ) -> None:
        async for row in store.rows(kind, _selection(files_field, "path"), path__regex=pattern):
            with validating_reply("its files"):
                self._note(kind.__type_name__, row, row[files_field])

    async def find_elsewhere(
        self, store: StashStore, files: Sequence[LocalFile], *, by_content: bool = True
    ) -> None:
        """Find files under other paths in Stash: by their base name, then by size and fingerprint.

        A name counts if exactly one file has it. For a name without an id the sizes have to be equal too.
        """
        for part in batched(files, NAMES):
            await send_in_halves(part, partial(self._find_by_name, store))
        left = self.unknown(files)
        if by_content and len(left) <= MOST_READ:
            for part in batched(left, NAMES):
                await self._find_by_content(store, part)
        self._found_elsewhere.update(self._elsewhere.values())

    def is_absent(self, name: str) -> bool:
        """Tell whether a name has a media id that no file on the host has."""
        if name in self._by_name or kind_of(name) is None:
            return False
        return (found := media_id(name)) is not None and found not in self._by_id

    async def find_absent(self, store: StashStore, names: Sequence[str]) -> None:
        """Find in Stash, by their base names, files that are no longer on the host."""
        absent = [local_file(name) for name in names]
        for part in batched(absent, NAMES):
            await send_in_halves(part, partial(self._find_by_name, store))
        for file in absent:
            if (path := self._elsewhere.get(file.path)) is not None:
                self._found_elsewhere.add(path)
                self._add(file)

    async def _find_by_name(self, store: StashStore, files: Sequence[LocalFile]) -> None:
        names = {file.name for file in files}
        pattern = with_names(names)
        found: dict[str, dict[str, int]] = {}
        for kind, files_field in _KINDS:
            async for row in store.rows(kind, _selection(files_field, _TELLING), path__regex=pattern):
                self._note(kind.__type_name__, row, row[files_field])
                for one in row[files_field]:
                    found.setdefault(base_name(one["path"]), {})[one["path"]] = one["size"]
        for file in files:
            sizes = found.get(file.name, {})
            if len(sizes) == 1:
                ((path, size),) = sizes.items()
                if file.media_id is not None or has_size(file.path, size):
                    self._elsewhere[file.path] = path

    async def _find_by_content(self, store: StashStore, files: Sequence[LocalFile]) -> None:
        for kind, files_field in _KINDS:
            name, fingerprint = ("oshash", oshash) if kind is Scene else ("checksum", md5)
            usable = [file for file in files if file.kind == kind.__type_name__.lower()]
            fingerprints, unread = await asyncio.to_thread(
                read_all, [file.path for file in usable], fingerprint
            )
            self.unread |= unread
            wanted = {f"{name}__in": sorted({mark.value for mark in fingerprints.values()})}
            found: dict[Fingerprint, str] = {}
            async for row in store.rows(kind, _selection(files_field, _TELLING), **wanted):
                self._note(kind.__type_name__, row, row[files_field])
                for one in row[files_field]:
                    for mark in one["fingerprints"]:
                        found.setdefault(Fingerprint(mark["value"], one["size"]), one["path"])
            self._elsewhere |= {path: found[mark] for path, mark in fingerprints.items() if mark in found}

    def _note(self, type_name: str, row: dict[str, Any], files: list[dict[str, Any]]) -> None:
        self._foreign.pop((type_name, row["id"]), None)
        if files and base_name(files[0]["path"]) not in self._by_name:
            self._foreign[type_name, row["id"]] = files[0]["path"]
        for place, file in enumerate(files):
            is_broken = type_name == "Image" and file.get("width") == 0
            self.in_stash[file["path"]] = StashFile(
                type_name,
                row["id"],
                row["code"] or "",
                file["path"],
                is_primary=place == 0,
                is_broken=is_broken,
            )


_KINDS: tuple[tuple[type[Image | Scene], str], ...] = ((Image, "visual_files"), (Scene, "files"))


_TELLING = "id path size fingerprints { type value }"
"""The fields that are read of a file that is looked for by name or content."""


def _selection(files_field: str, fields: str) -> str:
    """Return the selection of an image or a scene with its files. A width of 0 marks a broken picture."""
    width = " ... on ImageFile { width }" if files_field == "visual_files" else ""
    return f"id code {files_field} {{ ... on BaseFile {{ {fields} }}{width} }}"
