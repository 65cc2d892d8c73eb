"""What the doctor gathers, before it judges."""

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
    """A folder of Stash's library, as Stash sees it, and what it leaves out there."""

    path: str
    is_without_videos: bool = False
    is_without_images: bool = False


@dataclass(frozen=True)
class StashFacts:
    """What Stash says of itself. `jobs` describes what is under way, `studios` are those named as creators' are, each with its aliases."""

    url: str
    version: str = ""
    has_key: bool = False
    folders: Sequence[LibraryFolder] = ()
    video_excludes: Sequence[str] = ()
    image_excludes: Sequence[str] = ()
    video_suffixes: Sequence[str] = ()
    image_suffixes: Sequence[str] = ()
    has_ffmpeg: bool = True
    makes_galleries_of_folders: bool = False
    makes_clips_of_images: bool = False
    jobs: Sequence[str] = ()
    studios: Mapping[str, Sequence[str]] = field(default_factory=dict)
    images: int = 0
    scenes: int = 0

    def folder_of(self, path: str) -> LibraryFolder | None:
        """The folder of the library that holds a path."""
        return next((one for one in self.folders if is_within(path, one.path)), None)

    def why_left_out(self, path: str) -> str | None:
        """The setting by which Stash leaves a file of its library out. None where it takes it."""
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
    """Tell whether a pattern of Stash's takes a path. One that only Go understands does not count."""
    try:
        return re.search(pattern, path, re.IGNORECASE) is not None
    except re.error:
        return False


@dataclass(frozen=True)
class DatabaseFacts:
    """What the metadata database holds, and how the files of the downloads go with it.

    `creators` are those that a sync takes; `with_file` counts media that were downloaded, `on_disk` those found here.
    Of the files of a type for Stash `owned` have a row and `foreign` have none, `named` of these with a media id in
    the name. `unknown` tells what the settings name that is not there (yet), `missing_creator` whom they choose.
    """

    name: str
    kind: str
    version: str
    rows: Mapping[str, int] = field(default_factory=dict)
    with_file: int = 0
    losses: Sequence[Problem] = ()
    creators: Sequence[Creator] = ()
    on_disk: int = 0
    owned: int = 0
    foreign: Sequence[str] = ()
    named: int = 0
    synced: int = 0
    refusal: str = ""
    """Why a sync with this Stash would be refused."""
    moved_from: str = ""
    """Where this Stash was when it was synced last, if that was elsewhere."""
    unknown: Sequence[str] = ()
    missing_creator: str = ""


@dataclass(frozen=True)
class FileSighting:
    """A file of the downloads, where Stash should see it, and where Stash has files of that name."""

    host: str
    expected: str
    seen: tuple[str, ...] = ()
    is_private: bool = False

    @property
    def is_known(self) -> bool:
        """Tell whether Stash has it where it should."""
        return self.expected in self.seen


@dataclass(frozen=True)
class LibraryFacts:
    """What lies in the downloads: `taken` files are of a type for Stash, `sightings` are all of them, or a sample.

    `expected` is where Stash should see the downloads, `below` how many files it has there; None where that was not asked. `unrelated` are the pairs of the path map that
    are about none of them, `unusable` are files with the reason, `resolved` is where the downloads lie once links are followed.
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
    """The user's choices, and what is unsafe about where they stand."""

    rules: Rules
    is_mapped: bool = False
    loose_file: str | None = None
    sends_key_in_the_open: bool = False
