"""The server about itself: status, version, configuration, figures."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ResolverError
from .execution import Kind
from .media import GALLERY_EXTENSIONS, IMAGE_EXTENSIONS, VIDEO_EXTENSIONS
from .schema import APP_SCHEMA
from .sql import select

if TYPE_CHECKING:
    from .context import Context
    from .execution import Args

_PATHS = (
    "backupDirectoryPath", "deleteTrashPath", "generatedPath", "metadataPath", "configFilePath", "scrapersPath",
    "pluginsPath", "cachePath", "blobsPath", "ffmpegPath", "ffprobePath", "pythonPath", "logFile",
)  # fmt: skip
_GENERAL: dict[str, Any] = {
    **dict.fromkeys(_PATHS, ""),
    "blobsStorage": "DATABASE",
    "calculateMD5": False,
    "videoFileNamingAlgorithm": "OSHASH",
    "parallelTasks": 1,
    "previewAudio": True,
    "previewSegments": 12,
    "previewSegmentDuration": 0.75,
    "previewExcludeStart": "0",
    "previewExcludeEnd": "0",
    "previewPreset": "slow",
    "transcodeHardwareAcceleration": False,
    "maxTranscodeSize": "ORIGINAL",
    "maxStreamingTranscodeSize": "ORIGINAL",
    "transcodeInputArgs": [],
    "transcodeOutputArgs": [],
    "liveTranscodeInputArgs": [],
    "liveTranscodeOutputArgs": [],
    "drawFunscriptHeatmapRange": True,
    "writeImageThumbnails": True,
    "createImageClipsFromVideos": False,
    "username": "",
    "password": "",
    "maxSessionAge": 3600,
    "logOut": True,
    "logLevel": "Info",
    "logAccess": True,
    "logFileMaxSize": 0,
    "createGalleriesFromFolders": False,
    "galleryCoverRegex": r"(poster|cover|folder|board)\.[^\.]+$",
    "excludes": [],
    "imageExcludes": [],
    "customPerformerImageLocation": "",
    "stashBoxes": [],
    "scraperPackageSources": [],
    "pluginPackageSources": [],
}
_INTERFACE: dict[str, Any] = {
    "sfwContentMode": False,
    "menuItems": ["scenes", "images", "groups", "markers", "galleries", "performers", "studios", "tags"],
    "soundOnPreview": False,
    "wallShowTitle": True,
    "wallPlayback": "video",
    "showScrubber": True,
    "maximumLoopDuration": 0,
    "noBrowser": False,
    "notificationsEnabled": True,
    "autostartVideo": False,
    "autostartVideoOnPlaySelected": True,
    "continuePlaylistDefault": False,
    "showStudioAsText": False,
    "css": "",
    "cssEnabled": False,
    "javascript": "",
    "javascriptEnabled": False,
    "customLocales": "",
    "customLocalesEnabled": False,
    "language": "en-US",
    "imageLightbox": {
        "slideshowDelay": 5000,
        "displayMode": "FIT_XY",
        "scaleUp": False,
        "resetZoomOnNav": False,
        "scrollMode": "ZOOM",
        "scrollAttemptsBeforeChange": 0,
        "disableAnimation": False,
    },
    "disableDropdownCreate": {
        "performer": False,
        "tag": False,
        "studio": False,
        "movie": False,
        "gallery": False,
    },
    "handyKey": "",
    "funscriptOffset": 0,
    "useStashHostedFunscript": False,
}
_DLNA: dict[str, Any] = {
    "serverName": "stash",
    "enabled": False,
    "port": 1338,
    "whitelistedIPs": [],
    "interfaces": [],
    "videoSortOrder": "title",
}
_SCRAPING: dict[str, Any] = {
    "scraperUserAgent": "",
    "scraperCertCheck": True,
    "scraperCDPPath": "",
    "excludeTagPatterns": [],
}


_SCAN_OPTIONS = (
    "rescan", "scanGenerateCovers", "scanGeneratePreviews", "scanGenerateImagePreviews", "scanGenerateSprites",
    "scanGeneratePhashes", "scanGenerateThumbnails", "scanGenerateClipPreviews",
)  # fmt: skip
_DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("scan", "identify", "autoTag", "generate")),
    "deleteFile": False,
    "deleteGenerated": True,
}


def _stored(context: Context, name: str) -> Any:  # noqa: ANN401
    text = context.database.value(select("value", "setting", "name = ?"), (name,))
    return None if text is None else json.loads(text)


def _store(context: Context, name: str, value: Any) -> None:  # noqa: ANN401
    sql = "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)"
    context.database.run(sql, (name, json.dumps(value)))


def setting(context: Context, name: str) -> Any:  # noqa: ANN401
    """Return a general setting as it was configured, else its default."""
    stored = _stored(context, name)
    if stored is not None:
        return stored
    extensions = {
        "videoExtensions": VIDEO_EXTENSIONS,
        "imageExtensions": IMAGE_EXTENSIONS,
        "galleryExtensions": GALLERY_EXTENSIONS,
    }
    return list(extensions[name]) if name in extensions else _GENERAL.get(name)


def general(context: Context) -> dict[str, Any]:
    """Return the general settings as the configuration query shows them."""
    names = (*_GENERAL, "videoExtensions", "imageExtensions", "galleryExtensions")
    return {
        **{name: setting(context, name) for name in names},
        "databasePath": str(context.database.path or ":memory:"),
        "apiKey": "",
        "stashes": [
            {"path": str(folder), "excludeVideo": False, "excludeImage": False} for folder in context.library
        ],
    }


def _configuration(context: Context, _args: Args) -> dict[str, Any]:
    return {
        "general": general(context),
        "interface": _INTERFACE,
        "dlna": _DLNA,
        "scraping": _SCRAPING,
        "defaults": _defaults(context),
        "ui": _configured_ui(context),
        "plugins": {},
    }


def _configure_general(context: Context, args: Args) -> dict[str, Any]:
    for name, value in args["input"].items():
        if name == "stashes":
            wanted = {Path(item["path"]) for item in value or ()}
            if not wanted <= set(context.library):
                raise ResolverError(
                    "not supported by the embedded Stash: other library folders than it was started with"
                )
        elif name in _GENERAL or name.endswith("Extensions"):
            _store(context, name, value)
    return general(context)


def _defaults(context: Context) -> dict[str, Any]:
    return {**_DEFAULTS, **(_stored(context, "defaults") or {})}


def _configure_defaults(context: Context, args: Args) -> dict[str, Any]:
    given = {name: value for name, value in args["input"].items() if value is not None}
    if unsupported := sorted(given.keys() & {"identify", "autoTag", "generate"}):
        raise ResolverError(f"not supported by the embedded Stash: defaults of {unsupported[0]}")
    if "scan" in given:
        given["scan"] = {name: bool(given["scan"].get(name)) for name in _SCAN_OPTIONS}
    _store(context, "defaults", {**(_stored(context, "defaults") or {}), **given})
    return _defaults(context)


def _configure_ui(context: Context, args: Args) -> dict[str, Any]:
    """Replace the settings of the web pages, or merge into them."""
    given, partial = args.get("input"), args.get("partial")
    wanted = _configured_ui(context) if given is None else given
    _store(context, "ui", _merged(wanted, partial or {}))
    return _configured_ui(context)


def _configured_ui(context: Context) -> dict[str, Any]:
    return _stored(context, "ui") or {}


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    both = {k for k in old.keys() & new.keys() if isinstance(old[k], dict) and isinstance(new[k], dict)}
    return {**old, **new, **{name: _merged(old[name], new[name]) for name in both}}


def _system_status(context: Context, _args: Args) -> dict[str, Any]:
    home = str(Path.home())
    return {
        "databaseSchema": APP_SCHEMA,
        "databasePath": str(context.database.path or ":memory:"),
        "configPath": "",
        "appSchema": APP_SCHEMA,
        "status": "OK",
        "os": "windows" if sys.platform == "win32" else sys.platform,
        "workingDir": str(Path.cwd()),
        "homeDir": home,
        "ffmpegPath": "built in",
        "ffprobePath": "built in",
    }


def _version(_context: Context, _args: Args) -> dict[str, Any]:
    return {"version": "v0.30.1", "hash": "embedded", "build_time": ""}


_TOTALS = {
    "scene_count": "count(*) FROM scene",
    "scenes_size": "coalesce(sum(size), 0) FROM scene_file JOIN file ON file.id = file_id",
    "scenes_duration": "coalesce(sum(duration), 0) FROM scene_file JOIN file ON file.id = file_id",
    "image_count": "count(*) FROM image",
    "images_size": "coalesce(sum(size), 0) FROM image_file JOIN file ON file.id = file_id",
    "gallery_count": "count(*) FROM gallery",
    "performer_count": "count(*) FROM performer",
    "studio_count": "count(*) FROM studio",
    "tag_count": "count(*) FROM tag",
    "total_play_duration": "coalesce(sum(play_duration), 0) FROM scene",
    "total_play_count": "count(*) FROM scene_play",
    "scenes_played": "count(DISTINCT scene_id) FROM scene_play",
}


def _stats(context: Context, _args: Args) -> dict[str, Any]:
    totals = {name: context.database.value(f"SELECT {expression}") for name, expression in _TOTALS.items()}
    plays = context.database.value("SELECT count(*) FROM scene_o")
    loves = context.database.value("SELECT coalesce(sum(o_counter), 0) FROM image")
    return {**totals, "group_count": 0, "movie_count": 0, "total_o_count": plays + loves}


KINDS = {name: Kind() for name in ("ConfigResult", "SystemStatus", "Version", "StatsResultType")}
QUERIES = {
    "configuration": _configuration,
    "systemStatus": _system_status,
    "version": _version,
    "stats": _stats,
    "plugins": lambda _context, _args: [],
    "pluginTasks": lambda _context, _args: [],
    "logs": lambda _context, _args: [],
}
MUTATIONS = {
    "configureGeneral": _configure_general,
    "configureDefaults": _configure_defaults,
    "configureUI": _configure_ui,
}
