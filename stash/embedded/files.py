"""Files and folders as they were scanned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .database import id_list
from .errors import ResolverError
from .execution import Kind
from .finding import Finder, Found, result_loaders
from .sql import IN_IDS, delete, insert, select, update
from .values import to_int, to_ints

if TYPE_CHECKING:
    from .context import Context
    from .database import Database
    from .execution import Args, Loader

_TYPES = {"image": "ImageFile", "video": "VideoFile", "gallery": "BasicFile", "basic": "BasicFile"}
_OWNERS = ("image", "scene", "gallery")

FILE_FINDER = Finder(
    "file",
    "file_filter",
    ("path LIKE ?",),
    {"path": "file.path", "id": "file.id", "created_at": "file.created_at", "updated_at": "file.updated_at"},
)
FOLDER_FINDER = Finder(
    "folder",
    "folder_filter",
    ("path LIKE ?",),
    {
        "path": "folder.path",
        "id": "folder.id",
        "created_at": "folder.created_at",
        "updated_at": "folder.updated_at",
    },
)


def files_of(noun: str, kind: str = "") -> Loader:
    """Load the files of each entity, the primary one first.

    Args:
        noun: what has the files.
        kind: keep only files of this kind.
    """
    tables = f"{noun}_file JOIN file ON file.id = file_id"
    where = f"{noun}_id {IN_IDS}" + (f" AND kind = '{kind}'" if kind else "")
    sql = select(f"{noun}_id, file_id", tables, where, "is_primary DESC, file_id")

    def load(context: Context, ids: list[int], _args: Args) -> list[list[int]]:
        found: dict[int, list[int]] = {entity_id: [] for entity_id in ids}
        for owner, file_id in context.database.rows(sql, (id_list(found),)):
            found[owner].append(file_id)
        return [found[entity_id] for entity_id in ids]

    return load


def set_primary(database: Database, noun: str, entity_id: int, file_text: str) -> None:
    """Make one of an entity's files its primary one.

    Raises:
        ResolverError: the file is not one of the entity's.
    """
    file_id = to_int(file_text, "converting primary file id")
    table, where = f"{noun}_file", f"{noun}_id = ? AND file_id = ?"
    if not database.rows(select("1", table, where), (entity_id, file_id)):
        raise ResolverError(f"file with id {file_id} not associated with {noun}")
    database.run(update(table, ["is_primary"], f"{noun}_id = ?"), (0, entity_id))
    database.run(update(table, ["is_primary"], where), (1, entity_id, file_id))


def release_files(database: Database, noun: str, file_ids: list[int]) -> list[int]:
    """Take files from their entities. Another file of an entity becomes its primary one.

    Returns:
        The entities that have no file left.
    """
    table = f"{noun}_file"
    owners = database.values(select(f"DISTINCT {noun}_id", table, f"file_id {IN_IDS}"), (id_list(file_ids),))
    database.run(delete(table, f"file_id {IN_IDS}"), (id_list(file_ids),))
    emptied = []
    for owner in owners:
        rows = database.rows(select("file_id, is_primary", table, f"{noun}_id = ?", "file_id"), (owner,))
        if not rows:
            emptied.append(owner)
        elif not any(primary for _, primary in rows):
            database.run(
                update(table, ["is_primary"], f"{noun}_id = ? AND file_id = ?"), (1, owner, rows[0][0])
            )
    return emptied


def require_own(context: Context, path: Path) -> None:
    """Check that a file lies in the folder that the embedded Stash made, also where links lead there.

    Raises:
        ResolverError: it lies elsewhere, so that it is only read.
    """
    if context.own is None or not path.parent.resolve().is_relative_to(context.own):
        raise ResolverError(
            f"not supported by the embedded Stash: deleting or moving files outside of its own folder, such as {path}"
        )


def delete_files(context: Context, file_ids: list[int]) -> None:
    """Delete files from the disk and their rows with them. What lies in a zip file goes with that one alone.

    Raises:
        ResolverError: one of them is not in the embedded Stash's own folder; none is deleted.
    """
    where = f"id {IN_IDS} AND zip_file_id IS NULL"
    paths = [
        Path(path) for path in context.database.values(select("path", "file", where), (id_list(file_ids),))
    ]
    for path in paths:
        require_own(context, path)
    for path in paths:
        path.unlink(missing_ok=True)
    context.database.run(delete("file", f"id {IN_IDS}"), (id_list(file_ids),))


def types_of(context: Context, ids: list[int]) -> list[str]:
    """Return the GraphQL type of each file."""
    kinds: dict[int, str] = dict(
        context.database.rows(select("id, kind", "file", f"id {IN_IDS}"), (id_list(set(ids)),))
    )
    return [_TYPES[kinds[file_id]] for file_id in ids]


def _find_file(context: Context, args: Args) -> int:
    return _find_one(context, "file", args)


def _find_folder(context: Context, args: Args) -> int:
    return _find_one(context, "folder", args)


def _find_one(context: Context, table: str, args: Args) -> int:
    if args.get("id") is not None:
        where, wanted = "id = ?", to_int(args["id"], "converting id")
    elif args.get("path") is not None:
        where, wanted = "path = ?", args["path"]
    else:
        raise ResolverError("either id or path must be provided")
    found: int | None = context.database.value(select("id", table, where), (wanted,))
    if found is None:
        raise ResolverError(f"{table} not found")
    return found


def _sum_of_files(expression: str) -> Loader:
    def load(context: Context, found: list[Found], _args: Args) -> list[Any]:
        sql = f"coalesce(sum({expression}), 0)"
        totals = []
        for result in found:
            ids = id_list(
                result.ids if result.ids is not None else Found(context, "file", result.where).page()
            )
            totals.append(context.database.value(select(sql, "file", f"id {IN_IDS}"), (ids,)))
        return totals

    return load


def _fingerprints(context: Context, ids: list[int], _args: Args) -> list[list[dict[str, str]]]:
    found: dict[int, list[dict[str, str]]] = {file_id: [] for file_id in ids}
    sql = select("file_id, type, value", "fingerprint", f"file_id {IN_IDS}", "type")
    for file_id, kind, value in context.database.rows(sql, (id_list(found),)):
        found[file_id].append({"type": kind, "value": value})
    return [found[file_id] for file_id in ids]


def _fingerprint(context: Context, ids: list[int], args: Args) -> list[str | None]:
    sql = select("file_id, value", "fingerprint", f"type = ? AND file_id {IN_IDS}")
    found: dict[int, str] = dict(context.database.rows(sql, (args["type"], id_list(set(ids)))))
    return [found.get(file_id) for file_id in ids]


def _set_fingerprints(context: Context, args: Args) -> bool:
    file_id = to_int(args["input"]["id"], "converting id")
    for item in args["input"]["fingerprints"]:
        where = "file_id = ? AND type = ?"
        context.database.run(delete("fingerprint", where), (file_id, item["type"]))
        if item.get("value"):
            sql = insert("fingerprint", "file_id", "type", "value")
            context.database.run(sql, (file_id, item["type"], item["value"]))
    return True


def _delete(context: Context, args: Args) -> bool:
    file_ids = to_ints(args["ids"], "converting ids")
    for noun in _OWNERS:
        table = f"{noun}_file"
        where = f"is_primary AND file_id {IN_IDS}"
        if primary := context.database.values(select("file_id", table, where), (id_list(file_ids),)):
            path = context.database.value(select("path", "file", "id = ?"), (primary[0],))
            raise ResolverError(f"cannot delete primary file {path}")
    for noun in _OWNERS:
        release_files(context.database, noun, file_ids)
    delete_files(context, file_ids)
    return True


_BASE = {
    **{name: name for name in ("id", "path", "basename", "size", "mod_time", "created_at", "updated_at")},
    "parent_folder_id": "folder_id",
    "parent_folder": "folder_id",
    "zip_file_id": "zip_file_id",
    "zip_file": "zip_file_id",
}
_VISUAL = {"format": "coalesce(format, '')", "width": "coalesce(width, 0)", "height": "coalesce(height, 0)"}
_VIDEO = {
    **_VISUAL,
    **{name: f"coalesce({name}, '')" for name in ("video_codec", "audio_codec")},
    **{name: f"coalesce({name}, 0)" for name in ("duration", "frame_rate", "bit_rate")},
}
_LOADERS: dict[str, Loader] = {"fingerprints": _fingerprints, "fingerprint": _fingerprint}

KINDS = {
    "BasicFile": Kind("file", _BASE, _LOADERS),
    "GalleryFile": Kind("file", _BASE, _LOADERS),
    "ImageFile": Kind("file", {**_BASE, **_VISUAL}, _LOADERS),
    "VideoFile": Kind("file", {**_BASE, **_VIDEO}, _LOADERS),
    "Folder": Kind(
        "folder",
        {
            **{name: name for name in ("id", "path", "mod_time", "created_at", "updated_at")},
            "parent_folder_id": "parent_id",
            "parent_folder": "parent_id",
            "zip_file_id": "NULL",
            "zip_file": "NULL",
        },
    ),
    "FindFilesResultType": Kind(
        loaders={
            **result_loaders("files"),
            "size": _sum_of_files("size"),
            "duration": _sum_of_files("duration"),
            "megapixels": _sum_of_files("width * height / 1000000.0"),
        }
    ),
    "FindFoldersResultType": Kind(loaders=result_loaders("folders")),
}
TYPES_OF = {"BaseFile": types_of, "VisualFile": types_of}
QUERIES = {
    "findFile": _find_file,
    "findFiles": FILE_FINDER.query,
    "findFolder": _find_folder,
    "findFolders": FOLDER_FINDER.query,
}
MUTATIONS = {"fileSetFingerprints": _set_fingerprints, "deleteFiles": _delete}
