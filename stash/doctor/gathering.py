"""Gathering facts: from Stash in at most five questions, from the metadata database, from the disk."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from stash.choices import unknown_in_settings
from stash.doctor.facts import (
    DatabaseFacts,
    FileSighting,
    LibraryFacts,
    LibraryFolder,
    SettingFacts,
    StashFacts,
)
from stash.errors import RefusedError, RetriableError
from stash.explaining import loose_permissions
from stash.files.local import FOLDER
from stash.files.paths import base_name, escaped, is_within
from stash.identity import Choices, bind
from stash.journal import Journal
from stash.settings_file import SETTINGS_FILE
from stash.source.database import BUSY_SECONDS, Database
from stash.source.errors import UnknownCreatorError
from stash.source.reader import Reader
from stash.store.reply_validation import validating_reply
from stash.transport.client import Connection
from stash.transport.graphql import TransportConfig
from stash.transport.halving import fitting
from stash.transport.proxies import is_loopback

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stash.files.local import LocalFile
    from stash.files.paths import PathMap
    from stash.settings import Settings

SAMPLE = 500
"""Files whose names Stash is asked for; with fewer in the downloads, that is all of them."""

SEEN = 4000
"""Images, and scenes, that are looked at in the answer."""

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


def about_settings(settings: Settings) -> SettingFacts:
    """The user's own choices."""
    return SettingFacts(
        rules=settings.rules(),
        is_mapped=settings.path_map is not None,
        loose_file=SETTINGS_FILE if loose_permissions() is not None else None,
        sends_key_in_the_open=settings.api_key is not None and _is_in_the_open(settings.url or ""),
    )


def _is_in_the_open(url: str) -> bool:
    """Tell whether what is sent there leaves this machine unencrypted."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    return parsed.scheme == "http" and not is_loopback(parsed.host)


def connection_of(settings: Settings, transport: httpx.AsyncBaseTransport | None) -> Connection:
    """A connection to the Stash of the settings, not opened yet."""
    key = settings.api_key.get_secret_value() if settings.api_key is not None else None
    wire = TransportConfig(
        settings.url or "", key, settings.ca_file, patience=settings.patience, transport=transport
    )
    return Connection(wire)


async def about_stash(connection: Connection) -> StashFacts:
    """Return what Stash says of itself: the connection's own question, and one more."""
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
    general = data["configuration"]["general"]
    return StashFacts(
        url=connection.wire.url,
        version=str(data["version"]["version"]),
        has_key=connection.wire.api_key is not None,
        folders=[
            LibraryFolder(one["path"], one["excludeVideo"], one["excludeImage"]) for one in general["stashes"]
        ],
        video_excludes=general["excludes"] or (),
        image_excludes=general["imageExcludes"] or (),
        video_suffixes=general["videoExtensions"] or (),
        image_suffixes=general["imageExtensions"] or (),
        has_ffmpeg=bool(data["systemStatus"]["ffmpegPath"]),
        makes_galleries_of_folders=bool(general["createGalleriesFromFolders"]),
        makes_clips_of_images=bool(general["createImageClipsFromVideos"]),
        jobs=[str(job["description"]) for job in data["jobQueue"] or ()],
        studios={str(one["name"]): list(one["aliases"]) for one in data["findStudios"]["studios"]},
        images=data["stats"]["image_count"],
        scenes=data["stats"]["scene_count"],
    )


async def about_library(
    settings: Settings,
    files: Sequence[LocalFile],
    unusable: Mapping[LocalFile, str],
    connection: Connection | None,
) -> LibraryFacts:
    """Return what lies in the downloads and, with a connection, where Stash has it: two questions at most."""
    downloads = settings.downloads or Path()
    path_map = settings.paths()
    taken = [file for file in files if file.kind]
    expected, below = path_map.to_stash(str(downloads)), None
    sample = _sample(taken)
    seen: dict[str, set[str]] = {}
    if connection is not None and sample:
        names = sorted({file.name for file in sample})
        for some in await fitting(names, partial(_seen, connection)):
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
    """The pairs of a path map that are about none of the downloads."""
    return [
        pair
        for pair in path_map.pairs
        if not is_within(downloads, pair[0]) and not is_within(pair[0], downloads)
    ]


def _sighting(
    file: LocalFile, expected: str, seen: Mapping[str, Collection[str]], places: Collection[str]
) -> FileSighting:
    """Tell where a file is seen: a place where another one of that name should be says nothing of it."""
    found = [path for path in seen.get(file.name, ()) if path == expected or path not in places]
    return FileSighting(file.path, expected, tuple(sorted(found)), _is_private(file.path))


def _sample(files: Sequence[LocalFile]) -> list[LocalFile]:
    """At most so many files, evenly from all folders."""
    step = max(1, -(-len(files) // SAMPLE))
    return list(files[::step])


def _is_private(path: str) -> bool:
    """Tell whether another user, such as Stash's, may not read a file."""
    try:
        return not Path(path).stat().st_mode & 0o044
    except OSError:
        return True


async def _seen(connection: Connection, names: Sequence[str]) -> dict[str, set[str]]:
    """Tell where Stash has files of these names: one question."""
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
    """Tell how many images and scenes Stash has below a folder: one question."""
    pattern = rf"^{re.escape(folder.rstrip('/\\'))}[/\\]"
    below = {"path": {"value": pattern, "modifier": "MATCHES_REGEX"}}
    reply = await connection.query(_BELOW, {"images": below, "scenes": below, "none": {"per_page": 0}})
    with validating_reply("how many files it has"):
        return int(reply.data["findImages"]["count"]) + int(reply.data["findScenes"]["count"])


async def about_database(
    settings: Settings, files: Sequence[LocalFile], connection: Connection | None, address: str
) -> DatabaseFacts:
    """Return what the metadata database holds, and what the journal has for this Stash. Nothing is written."""
    waiting = min(settings.patience, BUSY_SECONDS)
    async with await Database.open(settings.database or "", read_only=True, busy_timeout=waiting) as database:
        reader = Reader(database)
        census = await reader.census()
        rules = settings.rules()
        creators = [one for one in await reader.creators() if rules.takes_creator(one)]
        owners = await reader.find_media((file.name, file.media_id) for file in files)
        taken = [file for file in files if file.kind]
        foreign = [file for file in taken if file.name not in owners]
        on_disk = {file.media_id for file in files if file.media_id is not None}
        baseline = await _remembered(settings, database, connection, _Place(address, on_disk))
        unknown, missing_creator = await _unknown(reader, settings)
    return DatabaseFacts(
        name=database.name,
        kind=database.kind,
        version="stash-sync's own" if database.is_ours else database.version,
        rows=census.rows,
        with_file=0 if database.is_ours else census.with_file,
        losses=census.losses,
        creators=creators,
        on_disk=len({owner.media for owner in owners.values()}),
        owned=len(taken) - len(foreign),
        foreign=[file.name for file in foreign],
        named=sum(file.media_id is not None for file in foreign),
        synced=baseline.synced,
        refusal=baseline.refusal,
        moved_from=baseline.moved_from,
        unknown=unknown,
        missing_creator=missing_creator,
    )


class _Place(NamedTuple):
    """Where Stash is, as the journal calls it, and the ids of the media on disk."""

    address: str
    on_disk: Collection[int]


class _RecordedEntity(NamedTuple):
    """What the journal knows of this Stash: synced files, why a sync would be refused, and its former address."""

    synced: int = 0
    refusal: str = ""
    moved_from: str = ""


async def _unknown(reader: Reader, settings: Settings) -> tuple[list[str], str]:
    """Return what the settings name that the database does not have, and what is said of a creator whom they choose."""
    try:
        return await unknown_in_settings(reader, settings), ""
    except UnknownCreatorError as error:
        return [], str(error)


async def _remembered(
    settings: Settings, database: Database, connection: Connection | None, place: _Place
) -> _RecordedEntity:
    """Look up what earlier runs did with this Stash: one question, where any did."""
    if connection is None:
        return _RecordedEntity()
    async with Journal.reading(database, settings.state, min(settings.patience, BUSY_SECONDS)) as journal:
        try:
            before = await bind(journal, connection, place.address, place.on_disk, Choices())
        except RefusedError as error:
            return _RecordedEntity(refusal=str(error))
        return _RecordedEntity(await journal.count(), moved_from=before if before != place.address else "")
