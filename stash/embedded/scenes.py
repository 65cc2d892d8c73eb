"""Scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .entities import Link, Noun, change, create, destroy, entity_id_of, listed, members, require
from .errors import ResolverError
from .execution import Kind
from .files import delete_files, files_of, set_primary
from .finding import Finder, Found, everything, result_loaders
from .history import HISTORY_LOADERS, HISTORY_MUTATIONS
from .pictures import stash_ids, write_picture, write_stash_ids
from .relations import empty, first_url, primary_path, tags_of
from .sql import delete, insert, select
from .values import to_int, to_ints

if TYPE_CHECKING:
    from .context import Context
    from .execution import Args

GALLERIES = Link("scene_gallery", "scene_id", "gallery_id")
_PERFORMERS = Link("scene_performer", "scene_id", "performer_id")
_TEXTS = ("title", "code", "details", "director")

SCENE = Noun(
    "scene",
    texts=frozenset(_TEXTS),
    dates=frozenset({"date"}),
    plain={name: name for name in ("organized", "resume_time", "play_duration")} | {"rating100": "rating"},
    references={"studio_id": "studio_id"},
    lists={"urls": "url"},
    links={
        "performer_ids": _PERFORMERS,
        "tag_ids": Link("scene_tag", "scene_id", "tag_id"),
        "gallery_ids": GALLERIES,
    },
)
_STREAMS = (
    ("", "video/mp4", "Direct stream"),
    (".mp4?resolution=ORIGINAL", "video/mp4", "MP4"),
    (".webm?resolution=ORIGINAL", "video/webm", "WEBM"),
    (".m3u8?resolution=ORIGINAL", "application/vnd.apple.mpegurl", "HLS"),
    (".mpd?resolution=ORIGINAL", "application/dash+xml", "DASH"),
)
FINDER = Finder(
    "scene",
    "scene_filter",
    (
        "title LIKE ?",
        "details LIKE ?",
        "id IN (SELECT scene_id FROM scene_file JOIN file ON file.id = file_id WHERE path LIKE ?)",
        "id IN (SELECT scene_id FROM scene_file JOIN fingerprint USING (file_id) WHERE value LIKE ?)",
    ),
    {
        "path": primary_path("scene"),
        "title": f"natural_key(coalesce(scene.title, {primary_path('scene', 'basename')}))",
        "file_mod_time": primary_path("scene", "mod_time"),
        "filesize": primary_path("scene", "size"),
        "duration": primary_path("scene", "duration"),
        "framerate": primary_path("scene", "frame_rate"),
        "bitrate": primary_path("scene", "bit_rate"),
        "o_counter": "(SELECT count(*) FROM scene_o WHERE scene_id = scene.id)",
        "play_count": "(SELECT count(*) FROM scene_play WHERE scene_id = scene.id)",
        "last_played_at": "(SELECT max(at) FROM scene_play WHERE scene_id = scene.id)",
        "last_o_at": "(SELECT max(at) FROM scene_o WHERE scene_id = scene.id)",
        "file_count": "(SELECT count(*) FROM scene_file WHERE scene_id = scene.id)",
        "tag_count": "(SELECT count(*) FROM scene_tag WHERE scene_id = scene.id)",
        "performer_count": "(SELECT count(*) FROM scene_performer WHERE scene_id = scene.id)",
        **{
            name: f"scene.{name}"
            for name in (
                "code", "created_at", "date", "id", "organized", "play_duration", "rating", "resume_time", "updated_at",
            )
        },
    },
)  # fmt: skip


def _create(context: Context, args: Args) -> int:
    given = args["input"]
    file_ids = to_ints(given.get("file_ids"), "converting file ids")
    if not (given.get("title") or "").strip() and not file_ids:
        raise ResolverError("title must be set if scene has no files")
    scene_id = create(context, SCENE, given)
    for file_id in file_ids:
        try:
            _assign(context, scene_id, file_id)
        except ResolverError as error:
            raise ResolverError(f"assigning file {file_id} to new scene: {error}") from error
    write_picture(context, SCENE, scene_id, given, "cover_image")
    write_stash_ids(context, SCENE, scene_id, given)
    return scene_id


def _assign(context: Context, scene_id: int, file_id: int) -> None:
    """Move a video file to a scene, from the one that has it as a further file."""
    database = context.database
    rows = database.rows(select("kind", "file", "id = ?"), (file_id,))
    if not rows:
        raise ResolverError(f"file with id {file_id} not found")
    if rows[0][0] != "video":
        path = database.value(select("path", "file", "id = ?"), (file_id,))
        raise ResolverError(f"{path} is not a video file")
    for owner, primary in database.rows(
        select("scene_id, is_primary", "scene_file", "file_id = ?"), (file_id,)
    ):
        if owner == scene_id:
            raise ResolverError("cannot assign file that is already assigned to the same scene")
        if primary:
            raise ResolverError("cannot reassign primary file")
    database.run(delete("scene_file", "file_id = ?"), (file_id,))
    first = not database.rows(select("1", "scene_file", "scene_id = ?"), (scene_id,))
    database.run(insert("scene_file", "scene_id", "file_id", "is_primary"), (scene_id, file_id, first))


def _assign_file(context: Context, args: Args) -> bool:
    scene_id = to_int(args["input"]["scene_id"], "converting scene id")
    try:
        require(context, SCENE, scene_id)
        _assign(context, scene_id, to_int(args["input"]["file_id"], "converting file id"))
    except ResolverError as error:
        raise ResolverError(f"assigning file to scene: {error}") from error
    return True


def update_one(context: Context, scene_id: int, given: Args) -> None:
    """Write what an input mentions to one scene.

    Raises:
        ResolverError: there is no such scene, file, tag, performer, studio or gallery.
    """
    require(context, SCENE, scene_id)
    change(context, SCENE, scene_id, given)
    if given.get("primary_file_id") is not None:
        set_primary(context.database, "scene", scene_id, given["primary_file_id"])
    write_picture(context, SCENE, scene_id, given, "cover_image")
    write_stash_ids(context, SCENE, scene_id, given)


def _update(context: Context, args: Args) -> int:
    scene_id = entity_id_of(args["input"])
    update_one(context, scene_id, args["input"])
    return scene_id


def _update_list(context: Context, args: Args) -> list[int]:
    return [_update(context, {"input": given}) for given in args["input"]]


def _bulk_update(context: Context, args: Args) -> list[int]:
    given = dict(args["input"])
    ids = to_ints(given.pop("ids", None), "converting ids")
    for scene_id in ids:
        update_one(context, scene_id, given)
    return ids


def _destroy(context: Context, args: Args) -> bool:
    given = args["input"]
    for scene_id in to_ints([given["id"]] if "id" in given else given["ids"], "converting ids"):
        require(context, SCENE, scene_id)
        file_ids = context.database.values(select("file_id", "scene_file", "scene_id = ?"), (scene_id,))
        destroy(context, SCENE, [scene_id])
        if given.get("delete_file"):
            delete_files(context, file_ids)
    return True


def _find_by_path(context: Context, args: Args) -> Found:
    options = dict(args.get("filter") or {})
    pattern = options.pop("q", None)
    given: Args = {"filter": options}
    if pattern:
        given["scene_filter"] = {"path": {"modifier": "MATCHES_REGEX", "value": f"(?i){pattern}"}}
    return FINDER.query(context, given)


def _find_one(context: Context, args: Args) -> int | None:
    if args.get("id") is not None:
        return FINDER.one(context, args)
    hashes = args.get("input") or args
    for kind, name in (("md5", "checksum"), ("oshash", "oshash")):
        if hashes.get(name):
            tables = "scene_file JOIN fingerprint USING (file_id)"
            where = "type = ? AND value = ?"
            found: int | None = context.database.value(
                select("scene_id", tables, where), (kind, hashes[name])
            )
            return found
    return None


def _paths(context: Context, ids: list[int], _args: Args) -> list[dict[str, str]]:
    names = ("preview", "stream", "webp", "vtt", "sprite", "funscript", "interactive_heatmap", "caption")
    return [
        {
            "screenshot": f"{context.url}/scene/{scene_id}/screenshot?t=0",
            **{name: f"{context.url}/scene/{scene_id}/{name}" for name in names},
        }
        for scene_id in ids
    ]


def _streams(context: Context, ids: list[int], args: Args) -> list[list[dict[str, str]]]:
    has_file = files_of("scene")(context, ids, args)
    return [
        [
            {"url": f"{context.url}/scene/{scene_id}/stream{ending}", "mime_type": kind, "label": label}
            for ending, kind, label in _STREAMS
            if files
        ]
        for scene_id, files in zip(ids, has_file, strict=True)
    ]


def _streams_of_one(context: Context, args: Args) -> list[dict[str, str]]:
    scene_id = FINDER.one(context, args)
    if scene_id is None:
        raise ResolverError("scene not found")
    return _streams(context, [scene_id], {})[0]


def _wall(context: Context, args: Args) -> list[int]:
    sql = select("id", "scene", "coalesce(details, '') LIKE ?", "random()") + " LIMIT 80"
    return context.database.values(sql, (f"%{args.get('q') or ''}%",))


KINDS = {
    "Scene": Kind(
        "scene",
        columns={
            **{name: f"coalesce({name}, '')" for name in _TEXTS},
            **{name: name for name in ("id", "date", "organized", "resume_time", "play_duration")},
            "created_at": "created_at",
            "updated_at": "updated_at",
            "rating100": "rating",
            "studio": "studio_id",
            "interactive": "0",
            "interactive_speed": "NULL",
            "captions": "NULL",
        },
        loaders={
            "url": first_url("scene"),
            "urls": listed("scene", "url"),
            "files": files_of("scene"),
            "paths": _paths,
            "sceneStreams": _streams,
            "scene_markers": empty,
            "groups": empty,
            "movies": empty,
            "galleries": members(GALLERIES),
            "tags": tags_of("scene"),
            "performers": members(_PERFORMERS),
            "stash_ids": stash_ids("scene"),
            **HISTORY_LOADERS,
        },
    ),
    "FindScenesResultType": Kind(
        loaders=result_loaders("scenes", filesize="file.size", duration="file.duration")
    ),
}
QUERIES = {
    "findScenes": FINDER.query,
    "findScene": _find_one,
    "findSceneByHash": _find_one,
    "findScenesByPathRegex": _find_by_path,
    "allScenes": everything(FINDER),
    "sceneStreams": _streams_of_one,
    "sceneWall": _wall,
    "findDuplicateScenes": lambda _context, _args: [],  # there are no perceptual hashes to compare
}
MUTATIONS: dict[str, Any] = {
    "sceneCreate": _create,
    "sceneUpdate": _update,
    "scenesUpdate": _update_list,
    "bulkSceneUpdate": _bulk_update,
    "sceneDestroy": _destroy,
    "scenesDestroy": _destroy,
    "sceneAssignFile": _assign_file,
    **HISTORY_MUTATIONS,
}
