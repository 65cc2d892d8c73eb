"""Galleries: what they hold, in which order, and under which cover."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .database import id_list
from .entities import (
    Link,
    Noun,
    change,
    change_links,
    counted,
    create,
    destroy,
    entity_id_of,
    listed,
    members,
    referring,
    require,
    touch,
)
from .errors import ResolverError
from .execution import Kind
from .files import delete_files, files_of, set_primary
from .finding import Finder, everything, result_loaders
from .relations import first_url, primary_path, tags_of
from .sql import IN_IDS, select, update
from .values import to_int, to_ints

if TYPE_CHECKING:
    from .context import Context
    from .execution import Args

IMAGES = Link("gallery_image", "gallery_id", "image_id")
SCENES = Link("scene_gallery", "gallery_id", "scene_id")
_PERFORMERS = Link("gallery_performer", "gallery_id", "performer_id")
_TEXTS = ("title", "code", "details", "photographer")

GALLERY = Noun(
    "gallery",
    texts=frozenset(_TEXTS),
    dates=frozenset({"date"}),
    plain={"rating100": "rating", "organized": "organized"},
    references={"studio_id": "studio_id"},
    lists={"urls": "url"},
    links={
        "performer_ids": _PERFORMERS,
        "tag_ids": Link("gallery_tag", "gallery_id", "tag_id"),
        "scene_ids": SCENES,
    },
)
_FOLDER = select("path", "folder", "folder.id = folder_id")
_PATH = f"coalesce({primary_path('gallery')}, natural_key(({_FOLDER})))"
_SHOWN = f"coalesce(title, {primary_path('gallery', 'basename')}, ({_FOLDER}))"
FINDER = Finder(
    "gallery",
    "gallery_filter",
    (
        "title LIKE ?",
        "folder_id IN (SELECT id FROM folder WHERE path LIKE ?)",
        "id IN (SELECT gallery_id FROM gallery_file JOIN file ON file.id = file_id WHERE path LIKE ?)",
        "id IN (SELECT gallery_id FROM chapter WHERE title LIKE ?)",
    ),
    {
        "path": _PATH,
        "title": f"natural_key(coalesce(gallery.title, {primary_path('gallery', 'basename')}))",
        "file_mod_time": primary_path("gallery", "mod_time"),
        "file_count": "(SELECT count(*) FROM gallery_file WHERE gallery_id = gallery.id)",
        "images_count": "(SELECT count(*) FROM gallery_image WHERE gallery_id = gallery.id)",
        "tag_count": "(SELECT count(*) FROM gallery_tag WHERE gallery_id = gallery.id)",
        "performer_count": "(SELECT count(*) FROM gallery_performer WHERE gallery_id = gallery.id)",
        **{name: f"gallery.{name}" for name in ("created_at", "date", "id", "rating", "updated_at")},
    },
)


def check_contents(context: Context, gallery_id: int, doing: str = "") -> None:
    """Check that images may be added to and taken from a gallery. An unknown one passes.

    Raises:
        ResolverError: it is the gallery of a zip file or of a folder.
    """
    zip_file = select("file_id", "gallery_file", "gallery_id = gallery.id")
    columns = f"folder_id, ({zip_file}), {_SHOWN}"
    for folder_id, file_id, shown in context.database.rows(
        select(columns, "gallery", "id = ?"), (gallery_id,)
    ):
        if folder_id is not None or file_id is not None:
            based = "zip-based" if folder_id is None else "folder-based"
            raise ResolverError(f'{doing}cannot change contents of {based} gallery "{shown}"')


def _create(context: Context, args: Args) -> int:
    if not args["input"]["title"]:
        raise ResolverError("title must not be empty")
    return create(context, GALLERY, args["input"])


def update_one(context: Context, gallery_id: int, given: Args) -> None:
    """Write what an input mentions to one gallery.

    Raises:
        ResolverError: there is no such gallery, file, tag, performer, studio or scene, or no title is left.
    """
    require(context, GALLERY, gallery_id)
    if (
        given.get("title") == ""
        and context.database.value(select(_PATH, "gallery", "id = ?"), (gallery_id,)) is None
    ):
        raise ResolverError("title must not be empty for user-created galleries")
    if "title" in given and given["title"] is None:
        given = {name: value for name, value in given.items() if name != "title"}
    change(context, GALLERY, gallery_id, given)
    if "title" in given:  # the one text that Stash does not trim
        context.database.run(update("gallery", ["title"]), (given["title"], gallery_id))
    if given.get("primary_file_id") is not None:
        set_primary(context.database, "gallery", gallery_id, given["primary_file_id"])


def _update(context: Context, args: Args) -> int:
    gallery_id = entity_id_of(args["input"])
    update_one(context, gallery_id, args["input"])
    return gallery_id


def _update_list(context: Context, args: Args) -> list[int]:
    return [_update(context, {"input": given}) for given in args["input"]]


def _bulk_update(context: Context, args: Args) -> list[int]:
    given = dict(args["input"])
    ids = to_ints(given.pop("ids", None), "converting ids")
    for gallery_id in ids:
        update_one(context, gallery_id, given)
    return ids


def _destroy(context: Context, args: Args) -> bool:
    given = args["input"]
    for gallery_id in to_ints(given["ids"], "converting ids"):
        require(context, GALLERY, gallery_id)
        file_ids = context.database.values(select("file_id", "gallery_file", "gallery_id = ?"), (gallery_id,))
        destroy(context, GALLERY, [gallery_id])
        if given.get("delete_file"):
            delete_files(context, file_ids)
    return True


def _change_images(mode: str) -> Any:  # noqa: ANN401
    doing = {"ADD": "failed to add images to gallery: ", "REMOVE": ""}[mode]

    def resolve(context: Context, args: Args) -> bool:
        gallery_id = to_int(args["input"]["gallery_id"], "converting gallery id")
        image_ids = to_ints(args["input"]["image_ids"], "converting image ids")
        require(context, GALLERY, gallery_id)
        check_contents(context, gallery_id)
        try:
            change_links(context.database, IMAGES, gallery_id, mode, image_ids)
        except ResolverError as error:
            raise ResolverError(f"{doing}{error}") from error
        touch(context.database, GALLERY, gallery_id)
        return True

    return resolve


def _set_cover(context: Context, args: Args) -> bool:
    gallery_id = to_int(args["input"]["gallery_id"], "converting gallery id")
    require(context, GALLERY, gallery_id)
    context.database.run(update("gallery_image", ["cover"], "gallery_id = ?"), (0, gallery_id))
    if "cover_image_id" in args["input"]:
        image_id = to_int(args["input"]["cover_image_id"], "converting cover image id")
        where = "gallery_id = ? AND image_id = ?"
        context.database.run(update("gallery_image", ["cover"], where), (1, gallery_id, image_id))
    touch(context.database, GALLERY, gallery_id)
    return True


_NAMES = select(
    "group_concat(basename, '/')", "image_file JOIN file ON file.id = file_id", "image_id = image.id"
)
_IN_ORDER = select(
    f"gallery_id, image.id, cover, ({_NAMES})",
    "gallery_image JOIN image ON image.id = image_id",
    f"gallery_id {IN_IDS}",
    f"{primary_path('image')}, image.id",
)


def _in_order(context: Context, ids: list[int]) -> dict[int, list[tuple[int, bool, str]]]:
    """Return each gallery's images in path order, as id, cover flag and the base names of all their files."""
    found: dict[int, list[tuple[int, bool, str]]] = {gallery_id: [] for gallery_id in ids}
    for gallery_id, image_id, cover, names in context.database.rows(_IN_ORDER, (id_list(found),)):
        found[gallery_id].append((image_id, bool(cover), names or ""))
    return found


_COVER_NAME = re.compile(r"(?:poster|cover|folder|board)\.[^./]+(?:/|$)", re.IGNORECASE)
"""Stash's own default, for base names that a slash separates."""


def _cover(context: Context, ids: list[int], _args: Args) -> list[int | None]:
    """Load the chosen cover, else an image named like one, else the first in path order."""
    found = _in_order(context, ids)
    covers = []
    for gallery_id in ids:
        images = found[gallery_id]
        chosen = [image_id for image_id, cover, _ in images if cover]
        named = [image_id for image_id, _, names in images if _COVER_NAME.search(names)]
        covers.append(next(iter([*chosen, *named, *(image[0] for image in images)]), None))
    return covers


def _image_at(context: Context, ids: list[int], args: Args) -> list[Any]:
    index = args["index"]
    found = _in_order(context, ids)
    if index < 0:
        return [ResolverError("index must >= 0") for _ in ids]
    return [found[gallery_id][index][0] if index < len(found[gallery_id]) else None for gallery_id in ids]


def _paths(context: Context, ids: list[int], _args: Args) -> list[dict[str, str]]:
    rows = context.database.rows(select("id, updated_at", "gallery", f"id {IN_IDS}"), (id_list(ids),))
    changed = {gallery_id: int(datetime.fromisoformat(text).timestamp()) for gallery_id, text in rows}
    bases = {gallery_id: f"{context.url}/gallery/{gallery_id}" for gallery_id in ids}
    return [
        {"cover": f"{base}/cover?t={changed[gallery_id]}", "preview": f"{base}/preview"}
        for gallery_id, base in bases.items()
    ]


KINDS = {
    "Gallery": Kind(
        "gallery",
        columns={
            **{name: f"coalesce({name}, '')" for name in _TEXTS},
            **{name: name for name in ("id", "date", "organized", "created_at", "updated_at")},
            "rating100": "rating",
            "studio": "studio_id",
            "folder": "folder_id",
        },
        loaders={
            "url": first_url("gallery"),
            "urls": listed("gallery", "url"),
            "files": files_of("gallery"),
            "paths": _paths,
            "chapters": referring("chapter", "gallery_id", "image_index, id"),
            "scenes": members(SCENES),
            "tags": tags_of("gallery"),
            "performers": members(_PERFORMERS),
            "image_count": counted(IMAGES),
            "cover": _cover,
            "image": _image_at,
        },
    ),
    "FindGalleriesResultType": Kind(loaders=result_loaders("galleries")),
}
QUERIES = {"findGalleries": FINDER.query, "findGallery": FINDER.one, "allGalleries": everything(FINDER)}
MUTATIONS = {
    "galleryCreate": _create,
    "galleryUpdate": _update,
    "galleriesUpdate": _update_list,
    "bulkGalleryUpdate": _bulk_update,
    "galleryDestroy": _destroy,
    "addGalleryImages": _change_images("ADD"),
    "removeGalleryImages": _change_images("REMOVE"),
    "setGalleryCover": _set_cover,
    "resetGalleryCover": _set_cover,
}
