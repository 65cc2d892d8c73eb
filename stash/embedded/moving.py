"""moveFiles: files go to another folder of the library, on the disk and in their rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stash.files.paths import natural_key

from .errors import ResolverError, not_found
from .files import require_own
from .library import Library
from .sql import select, update
from .values import to_int, to_ints

if TYPE_CHECKING:
    from .context import Context
    from .execution import Args, Resolver


def _move_files(context: Context, args: Args) -> bool:
    given = args["input"]
    file_ids = to_ints(given["ids"], "converting ids")
    folder = _folder(context, given)
    basename = given.get("destination_basename")
    if basename and len(file_ids) != 1:
        raise ResolverError("must specify one file when providing destination path")
    moves = [(file_id, *_checked(context, file_id, folder, basename)) for file_id in file_ids]
    folder.mkdir(parents=True, exist_ok=True)
    folder_id = Library(context.database).add_folder(folder)
    for file_id, old, new in moves:
        _move_file(context, file_id, folder_id, old, new)
    return True


def _folder(context: Context, given: Args) -> Path:
    if given.get("destination_folder_id") is not None:
        folder_id = to_int(given["destination_folder_id"], "converting destination folder id")
        path = context.database.value(select("path", "folder", "id = ?"), (folder_id,))
        if path is None:
            raise not_found("folder", folder_id)
        return Path(path)
    if given.get("destination_folder") is None:
        raise ResolverError("must specify destination folder or path")
    folder = Path(given["destination_folder"])
    if not any(folder == root or root in folder.parents for root in context.library):
        raise ResolverError(f"folder path {folder} must be within a stash library path")
    return folder


def _checked(context: Context, file_id: int, folder: Path, basename: str | None) -> tuple[Path, Path]:
    """Return where a file is and where it goes to."""
    stored = context.database.value(select("path", "file", "id = ?"), (file_id,))
    if stored is None:
        raise not_found("file", file_id)
    old = Path(stored)
    path = folder / (basename or old.name)
    if path.suffix.lower() != old.suffix.lower():
        raise ResolverError(f"file extension for {path.name} is inconsistent with old filename {old.name}")
    require_own(context, old)
    require_own(context, path)
    return old, path


def _move_file(context: Context, file_id: int, folder_id: int, old: Path, path: Path) -> None:
    if path.exists():
        raise ResolverError(f"file {path} already exists")
    values = {
        "folder_id": folder_id,
        "basename": path.name,
        "path": str(path),
        "path_key": natural_key(str(path.parent) + path.name),
        "updated_at": context.database.now(),
    }
    context.database.run(update("file", list(values)), (*values.values(), file_id))
    old.rename(path)


MUTATIONS: dict[str, Resolver] = {"moveFiles": _move_files}
