"""Gather facts from the settings, from Stash in at most four requests, and from the disk."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from stash.doctor.facts import (
    FileSighting,
    LibraryFacts,
    LibraryFolder,
    LibrarySettings,
    SettingFacts,
    StashFacts,
)
from stash.errors import RetriableError
from stash.explaining import loose_permissions
from stash.files.local import FOLDER
from stash.files.paths import base_name, escaped, is_within
from stash.settings_file import SETTINGS_FILE
from stash.store.reply_validation import validating_reply
from stash.transport.client import Connection
from stash.transport.graphql import TransportConfig
from stash.transport.halving import send_in_halves
from stash.transport.proxies import is_loopback

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stash.files.local import LocalFile
    from stash.files.paths import PathMap
    from stash.settings import Settings

SAMPLE = 500
"""The number of file names that Stash is asked for."""

SEEN = 4000
"""The number of images, and of scenes, that one answer may hold."""

_ABOUT = """query($studios: StudioFilterType, $all: FindFilterType) {
  version { version }
  systemStatus { ffmpegPath }
  jobQueue { status description }
  stats { image_count scene_count }
  configuration { general {
    stashes { path excludeVideo excludeImage }
    excludes imageExcludes videoExtensions imageExtensions createGalleriesFromFolders createImageClipsFromVideos
  } }
  findStudios(studio_filter: $studios, filter: $all) { studios { name aliases } }
}"""

_NAMES = """query($images: ImageFilterType, $scenes: SceneFilterType, $most: FindFilterType) {
  findImages(image_filter: $images, filter: $most) {
    images { visual_files { ... on BaseFile { path } } }
  }
  findScenes(scene_filter: $scenes, filter: $most) { scenes { files { path } } }
}"""

_BELOW = """query($images: ImageFilterType, $scenes: SceneFilterType, $none: FindFilterType) {
  findImages(image_filter: $images, filter: $none) { count }
  findScenes(scene_filter: $scenes, filter: $none) { count }
}"""


def gather_settings(settings: Settings) -> SettingFacts:
    """Read the user's own choices."""
    return SettingFacts(
        rules=settings.rules(),
        is_mapped=settings.path_map is not None,
        loose_file=SETTINGS_FILE if loose_permissions() is not None else None,
        sends_key_in_the_open=settings.api_key is not None and _is_in_the_open(settings.url or ""),
    )


def _is_in_the_open(url: str) -> bool:
    """Tell whether requests to this URL leave the machine unencrypted."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    return parsed.scheme == "http" and not is_loopback(parsed.host)


def connection_of(settings: Settings, transport: httpx.AsyncBaseTransport | None) -> Connection:
    """Make a connection to the Stash of the settings, not opened yet."""
    key = settings.api_key.get_secret_value() if settings.api_key is not None else None
    config = TransportConfig(
        settings.url or "", key, settings.ca_file, patience=settings.patience, transport=transport
    )
    return Connection(config)


async def gather_stash(connection: Connection) -> StashFacts:
    """Read the facts of Stash: the first request of the connection, and one more."""
    await connection.initialize()
    named = {"value": r"(?i)\(Fansly\)$|^Fansly \(network\)$", "modifier": "MATCHES_REGEX"}
    studios = {"name": named, "OR": {"aliases": named}}
    reply = await connection.query(_ABOUT, {"studios": studios, "all": {"per_page": -1}})
    if not reply.data and reply.errors:
        raise RetriableError(
            f"Stash answers with an error ({reply.errors[0].get('message')}); look into its log, run again."
        )
    with validating_reply("itself"):
        return _stash_facts(connection, reply.data)


def _stash_facts(connection: Connection, data: dict[str, Any]) -> StashFacts:
    return StashFacts(
        url=connection.config.url,
        version=str(data["version"]["version"]),
        has_key=connection.config.api_key is not None,
        has_ffmpeg=bool(data["systemStatus"]["ffmpegPath"]),
        library=_library_settings(data["configuration"]["general"]),
        jobs=[str(job["description"]) for job in data["jobQueue"] or ()],
        studios={str(one["name"]): list(one["aliases"]) for one in data["findStudios"]["studios"]},
        images=data["stats"]["image_count"],
        scenes=data["stats"]["scene_count"],
    )


def _library_settings(general: dict[str, Any]) -> LibrarySettings:
    return LibrarySettings(
        folders=[
            LibraryFolder(one["path"], one["excludeVideo"], one["excludeImage"]) for one in general["stashes"]
        ],
        video_excludes=general["excludes"] or (),
        image_excludes=general["imageExcludes"] or (),
        video_suffixes=general["videoExtensions"] or (),
        image_suffixes=general["imageExtensions"] or (),
        makes_galleries_of_folders=bool(general["createGalleriesFromFolders"]),
        makes_clips_of_images=bool(general["createImageClipsFromVideos"]),
    )


async def gather_library(
    settings: Settings,
    files: Sequence[LocalFile],
    unusable: Mapping[LocalFile, str],
    connection: Connection | None,
) -> LibraryFacts:
    """Read the facts of the downloads and, with a connection, where Stash has their files, in at most two requests."""
    downloads = settings.downloads or Path()
    path_map = settings.paths()
    taken = [file for file in files if file.kind]
    expected, below = path_map.to_stash(str(downloads)), None
    sample = _sample(taken)
    seen: dict[str, set[str]] = {}
    if connection is not None and sample:
        names = sorted({file.name for file in sample})
        for some in await send_in_halves(names, partial(_seen, connection)):
            seen |= some
        below = await _below(connection, expected)
    places = {path_map.to_stash(file.path) for file in taken}
    sightings = [_sighting(file, path_map.to_stash(file.path), seen, places) for file in sample]
    resolved = await asyncio.to_thread(downloads.resolve)
    return LibraryFacts(
        downloads,
        expected,
        len(files),
        len(taken),
        unreadable=[escaped(file.path) for file, reason in unusable.items() if reason.startswith(FOLDER)],
        unusable=[(escaped(f.path), r) for f, r in unusable.items() if f.kind and not r.startswith(FOLDER)],
        sightings=sightings,
        below=below,
        unrelated=_unrelated(path_map, str(downloads)),
        resolved=str(resolved),
    )


def _unrelated(path_map: PathMap, downloads: str) -> list[tuple[str, str]]:
    """Return the pairs of a path map that concern other folders than the downloads."""
    return [
        pair
        for pair in path_map.pairs
        if not is_within(downloads, pair[0]) and not is_within(pair[0], downloads)
    ]


def _sighting(
    file: LocalFile, expected: str, seen: Mapping[str, Collection[str]], places: Collection[str]
) -> FileSighting:
    """Tell where Stash sees a file. The expected path of another file of that name does not count."""
    found = [path for path in seen.get(file.name, ()) if path == expected or path not in places]
    return FileSighting(file.path, expected, tuple(sorted(found)), _is_private(file.path))


def _sample(files: Sequence[LocalFile]) -> list[LocalFile]:
    """Return at most SAMPLE files, evenly from all folders."""
    step = max(1, -(-len(files) // SAMPLE))
    return list(files[::step])


def _is_private(path: str) -> bool:
    """Tell whether another user, such as Stash's, may not read a file."""
    try:
        return not Path(path).stat().st_mode & 0o044
    except OSError:
        return True


async def _seen(connection: Connection, names: Sequence[str]) -> dict[str, set[str]]:
    """Return the paths of the files of these names in Stash, in one request."""
    pattern = rf"(?:^|[/\\])(?:{'|'.join(map(re.escape, names))})$"
    named = {"path": {"value": pattern, "modifier": "MATCHES_REGEX"}}
    reply = await connection.query(_NAMES, {"images": named, "scenes": named, "most": {"per_page": SEEN}})
    seen: dict[str, set[str]] = {}
    with validating_reply("its files"):
        held = [(one, "visual_files") for one in reply.data["findImages"]["images"]]
        held += [(one, "files") for one in reply.data["findScenes"]["scenes"]]
        for entity, name in held:
            for file in entity[name]:
                seen.setdefault(base_name(file["path"]), set()).add(file["path"])
    return seen


async def _below(connection: Connection, folder: str) -> int:
    """Count the images and scenes that Stash has below a folder, in one request."""
    pattern = rf"^{re.escape(folder.rstrip('/\\'))}[/\\]"
    below = {"path": {"value": pattern, "modifier": "MATCHES_REGEX"}}
    reply = await connection.query(_BELOW, {"images": below, "scenes": below, "none": {"per_page": 0}})
    with validating_reply("how many files it has"):
        return int(reply.data["findImages"]["count"]) + int(reply.data["findScenes"]["count"])
