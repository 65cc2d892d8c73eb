"""Facts that the doctor gathers before it judges."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from stash.files.paths import is_within, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from stash.mapping.rules import Rules
    from stash.source.items import Creator, Problem


@dataclass(frozen=True)
class LibraryFolder:
    """A folder of Stash's library, by its path in Stash, and the kinds of files that Stash leaves out there."""

    path: str
    is_without_videos: bool = False
    is_without_images: bool = False


@dataclass(frozen=True)
class LibrarySettings:
    """The settings of Stash's library: its folders, and the files that a scan takes."""

    folders: Sequence[LibraryFolder] = ()
    video_excludes: Sequence[str] = ()
    image_excludes: Sequence[str] = ()
    video_suffixes: Sequence[str] = ()
    image_suffixes: Sequence[str] = ()
    makes_galleries_of_folders: bool = False
    makes_clips_of_images: bool = False

    def folder_of(self, path: str) -> LibraryFolder | None:
        """Return the folder of the library that holds a path."""
        return next((one for one in self.folders if is_within(path, one.path)), None)

    def why_left_out(self, path: str) -> str | None:
        """Return the setting by which Stash leaves out a file of its library. None if Stash takes the file."""
        is_video = kind_of(path) == "scene"
        folder = self.folder_of(path)
        if folder is not None and (folder.is_without_videos if is_video else folder.is_without_images):
            return f"the folder {folder.path} excludes {'videos' if is_video else 'images'}"
        suffixes = self.video_suffixes if is_video else self.image_suffixes
        if suffixes and PurePath(path).suffix.lower().lstrip(".") not in {one.lower() for one in suffixes}:
            return f"{PurePath(path).suffix} is not among its {'video' if is_video else 'image'} extensions"
        excludes = self.video_excludes if is_video else self.image_excludes
        return next((f"the pattern {one!r} excludes it" for one in excludes if _matches(one, path)), None)


def _matches(pattern: str, path: str) -> bool:
    """Tell whether a pattern of Stash matches a path. A pattern that only Go understands matches nothing."""
    try:
        return re.search(pattern, path, re.IGNORECASE) is not None
    except re.error:
        return False


@dataclass(frozen=True)
class StashFacts:
    """The answers of Stash about itself.

    Attributes:
        jobs: descriptions of the running jobs.
        studios: studios that are named as creators' studios are, each with its aliases.
    """

    url: str
    version: str = ""
    has_key: bool = False
    has_ffmpeg: bool = True
    library: LibrarySettings = field(default_factory=LibrarySettings)
    jobs: Sequence[str] = ()
    studios: Mapping[str, Sequence[str]] = field(default_factory=dict)
    images: int = 0
    scenes: int = 0


@dataclass(frozen=True)
class FileMatches:
    """The files of the downloads beside the rows of the database.

    Attributes:
        on_disk: the number of media with a file here.
        owned: the number of files of a type for Stash that have a row.
        foreign: the names of those without a row.
        named: the number of foreign files with a media id in the name.
    """

    on_disk: int = 0
    owned: int = 0
    foreign: Sequence[str] = ()
    named: int = 0


@dataclass(frozen=True)
class EarlierSyncs:
    """The journal's knowledge of this Stash.

    Attributes:
        synced: the number of scenes and images that earlier runs synced.
        refusal: the reason why a sync with this Stash would be refused.
        moved_from: the address of this Stash at the last sync, if it has another one now.
    """

    synced: int = 0
    refusal: str = ""
    moved_from: str = ""


@dataclass(frozen=True)
class DatabaseFacts:
    """The contents of the metadata database.

    Attributes:
        with_file: the number of media that were downloaded.
        losses: the kinds of rows that a database of this version does not keep.
        creators: the creators that a sync takes.
        unknown: a sentence for each name in the settings that the database does not have yet.
        missing_creator: a sentence about the chosen creator that the database does not have.
    """

    name: str
    kind: str
    version: str
    rows: Mapping[str, int] = field(default_factory=dict)
    with_file: int = 0
    losses: Sequence[Problem] = ()
    creators: Sequence[Creator] = ()
    files: FileMatches = field(default_factory=FileMatches)
    earlier: EarlierSyncs = field(default_factory=EarlierSyncs)
    unknown: Sequence[str] = ()
    missing_creator: str = ""


@dataclass(frozen=True)
class FileSighting:
    """A file of the downloads, its expected path in Stash, and the paths where Stash has files of that name."""

    host: str
    expected: str
    seen: tuple[str, ...] = ()
    is_private: bool = False

    @property
    def is_known(self) -> bool:
        """Tell whether Stash has the file at the expected path."""
        return self.expected in self.seen


@dataclass(frozen=True)
class LibraryFacts:
    """The files of the downloads.

    Attributes:
        expected: the expected path of the downloads in Stash.
        taken: the number of files of a type for Stash.
        unusable: files that cannot be used, each with the reason.
        sightings: all taken files, or a sample of them.
        below: the number of files that Stash has below `expected`. None if Stash was not asked.
        unrelated: pairs of the path map that concern other folders.
        resolved: the path of the downloads after following links.
    """

    downloads: Path
    expected: str
    files: int = 0
    taken: int = 0
    unreadable: Sequence[str] = ()
    unusable: Sequence[tuple[str, str]] = ()
    sightings: Sequence[FileSighting] = ()
    below: int | None = None
    unrelated: Sequence[tuple[str, str]] = ()
    resolved: str = ""


@dataclass(frozen=True)
class SettingFacts:
    """The user's choices, and unsafe places of the API key."""

    rules: Rules
    is_mapped: bool = False
    loose_file: str | None = None
    sends_key_in_the_open: bool = False
