"""Chapters of galleries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ResolverError
from .execution import Kind
from .sql import delete, insert, select, update
from .values import to_int

if TYPE_CHECKING:
    from .context import Context
    from .execution import Args, Resolver


def _create(context: Context, args: Args) -> int:
    given = args["input"]
    gallery_id = to_int(given["gallery_id"], "converting gallery id")
    _check_index(context, gallery_id, given["image_index"])
    now = context.database.now()
    sql = insert("chapter", "gallery_id", "title", "image_index", "created_at", "updated_at")
    return context.database.run(sql, (gallery_id, given["title"], given["image_index"], now, now))


def _update(context: Context, args: Args) -> int:
    given = args["input"]
    chapter_id = to_int(given["id"], "converting id")
    row = context.database.rows(select("gallery_id, title, image_index", "chapter", "id = ?"), (chapter_id,))
    if not row:
        raise ResolverError(f"gallery chapter with id {chapter_id} not found")
    gallery_id, title, index = row[0]
    if given.get("gallery_id") is not None:
        gallery_id = to_int(given["gallery_id"], "converting gallery id")
    title = given["title"].strip() if given.get("title") is not None else title
    index = given["image_index"] if given.get("image_index") is not None else index
    _check_index(context, gallery_id, index)
    sql = update("chapter", ["gallery_id", "title", "image_index", "updated_at"])
    context.database.run(sql, (gallery_id, title, index, context.database.now(), chapter_id))
    return chapter_id


def _destroy(context: Context, args: Args) -> bool:
    chapter_id = to_int(args["id"], "converting id")
    if not context.database.rows(select("1", "chapter", "id = ?"), (chapter_id,)):
        raise ResolverError(f"gallery chapter with id {chapter_id} not found")
    context.database.run(delete("chapter", "id = ?"), (chapter_id,))
    return True


def _check_index(context: Context, gallery_id: int, index: int) -> None:
    count = context.database.value(select("count(*)", "gallery_image", "gallery_id = ?"), (gallery_id,))
    if not 1 <= index <= count:
        raise ResolverError("Image # must greater than zero and in range of the gallery images")


KINDS = {
    "GalleryChapter": Kind(
        "chapter",
        columns={
            **{name: name for name in ("id", "title", "image_index", "created_at", "updated_at")},
            "gallery": "gallery_id",
        },
    ),
}
QUERIES: dict[str, Resolver] = {}
MUTATIONS: dict[str, Resolver] = {
    "galleryChapterCreate": _create,
    "galleryChapterUpdate": _update,
    "galleryChapterDestroy": _destroy,
}
