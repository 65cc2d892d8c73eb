"""Images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .entities import (
    Link,
    Noun,
    change,
    change_links,
    destroy,
    entity_id_of,
    listed,
    members,
    require,
    touch,
)
from .errors import ResolverError
from .execution import Kind
from .files import delete_files, files_of, set_primary
from .finding import Finder, everything, result_loaders
from .galleries import GALLERY, check_contents
from .relations import first_url, primary_path, tags_of
from .sql import select, update
from .values import to_changes, to_int, to_ints

if TYPE_CHECKING:
    from .context import Context
    from .execution import Args

GALLERIES = Link("gallery_image", "image_id", "gallery_id")
_PERFORMERS = Link("image_performer", "image_id", "performer_id")
_TEXTS = ("title", "code", "details", "photographer")

IMAGE = Noun(
    "image",
    texts=frozenset(_TEXTS),
    dates=frozenset({"date"}),
    plain={"rating100": "rating", "organized": "organized"},
    references={"studio_id": "studio_id"},
    lists={"urls": "url"},
    links={"performer_ids": _PERFORMERS, "tag_ids": Link("image_tag", "image_id", "tag_id")},
)
_PATH = primary_path("image")
FINDER = Finder(
    "image",
    "image_filter",
    (
        "title LIKE ?",
        "id IN (SELECT image_id FROM image_file JOIN file ON file.id = file_id WHERE path LIKE ?)",
        "id IN (SELECT image_id FROM image_file JOIN fingerprint USING (file_id) WHERE value LIKE ?)",
    ),
    {
        "path": _PATH,
        "title": f"natural_key(coalesce(image.title, {primary_path('image', 'basename')}))",
        "file_mod_time": primary_path("image", "mod_time"),
        "filesize": primary_path("image", "size"),
        "file_count": "(SELECT count(*) FROM image_file WHERE image_id = image.id)",
        "tag_count": "(SELECT count(*) FROM image_tag WHERE image_id = image.id)",
        "performer_count": "(SELECT count(*) FROM image_performer WHERE image_id = image.id)",
        **{
            name: f"image.{name}"
            for name in ("created_at", "date", "id", "o_counter", "rating", "updated_at")
        },
    },
)


def update_one(context: Context, image_id: int, given: Args) -> None:
    """Write what an input mentions to one image. Galleries that it joins or leaves change with it.

    Raises:
        ResolverError: there is no such image, file, tag, performer, studio or gallery.
    """
    require(context, IMAGE, image_id)
    change(context, IMAGE, image_id, given)
    if given.get("primary_file_id") is not None:
        set_primary(context.database, "image", image_id, given["primary_file_id"])
    if "gallery_ids" in given:
        for gallery_id in _change_galleries(context, image_id, given):
            touch(context.database, GALLERY, gallery_id)


def _change_galleries(context: Context, image_id: int, given: Args) -> list[int]:
    """Write the galleries of an image and return those that it joined or left."""
    database = context.database
    mode, texts = to_changes(given["gallery_ids"])
    wanted = to_ints(texts, "converting gallery ids")
    before = set(database.values(select("gallery_id", "gallery_image", "image_id = ?"), (image_id,)))
    for gallery_id in before.symmetric_difference(wanted) if mode == "SET" else wanted:
        check_contents(context, gallery_id, f"changing galleries of image {_shown(context, image_id)}: ")
    change_links(database, GALLERIES, image_id, mode, wanted)
    after = set(database.values(select("gallery_id", "gallery_image", "image_id = ?"), (image_id,)))
    return sorted(before ^ after)


def _shown(context: Context, image_id: int) -> str:
    sql = select(f"coalesce(title, {primary_path('image', 'basename')}, '')", "image", "id = ?")
    return f'"{context.database.value(sql, (image_id,))}"'


def _update(context: Context, args: Args) -> int:
    image_id = entity_id_of(args["input"])
    update_one(context, image_id, args["input"])
    return image_id


def _update_list(context: Context, args: Args) -> list[int]:
    return [_update(context, {"input": given}) for given in args["input"]]


def _bulk_update(context: Context, args: Args) -> list[int]:
    given = dict(args["input"])
    ids = to_ints(given.pop("ids", None), "converting ids")
    for image_id in ids:
        update_one(context, image_id, given)
    return ids


def _destroy(context: Context, args: Args) -> bool:
    given = args["input"]
    ids = to_ints([given["id"]] if "id" in given else given["ids"], "converting ids")
    for image_id in ids:
        require(context, IMAGE, image_id)
        file_ids = context.database.values(select("file_id", "image_file", "image_id = ?"), (image_id,))
        destroy(context, IMAGE, [image_id])
        if given.get("delete_file"):
            delete_files(context, file_ids)
    return True


def _counter(step: str) -> Any:  # noqa: ANN401
    def resolve(context: Context, args: Args) -> int:
        image_id = to_int(args["id"], "converting id")
        require(context, IMAGE, image_id)
        before = context.database.value(select("o_counter", "image", "id = ?"), (image_id,))
        after = {"up": before + 1, "down": max(before - 1, 0), "reset": 0}[step]
        context.database.run(update("image", ["o_counter"]), (after, image_id))
        return int(after)

    return resolve


def _find_one(context: Context, args: Args) -> int | None:
    if args.get("id") is not None:
        return FINDER.one(context, args)
    if args.get("checksum") is None:
        raise ResolverError("id or checksum is needed")
    tables = "image_file JOIN fingerprint USING (file_id)"
    found: int | None = context.database.value(select("image_id", tables, "value = ?"), (args["checksum"],))
    return found


def _paths(context: Context, ids: list[int], _args: Args) -> list[dict[str, str]]:
    return [
        {
            "thumbnail": f"{context.url}/image/{image_id}/thumbnail?t=0",
            "preview": "",
            "image": f"{context.url}/image/{image_id}/image?t=0",
        }
        for image_id in ids
    ]


KINDS = {
    "Image": Kind(
        "image",
        columns={
            **{name: f"coalesce({name}, '')" for name in _TEXTS},
            **{name: name for name in ("id", "date", "organized", "o_counter", "created_at", "updated_at")},
            "rating100": "rating",
            "studio": "studio_id",
        },
        loaders={
            "url": first_url("image"),
            "urls": listed("image", "url"),
            "files": files_of("image", "image"),
            "visual_files": files_of("image"),
            "paths": _paths,
            "galleries": members(GALLERIES),
            "tags": tags_of("image"),
            "performers": members(_PERFORMERS),
        },
    ),
    "FindImagesResultType": Kind(
        loaders=result_loaders(
            "images", filesize="file.size", megapixels="file.width * file.height / 1000000.0"
        )
    ),
}
QUERIES = {"findImages": FINDER.query, "findImage": _find_one, "allImages": everything(FINDER)}
MUTATIONS = {
    "imageUpdate": _update,
    "imagesUpdate": _update_list,
    "bulkImageUpdate": _bulk_update,
    "imageDestroy": _destroy,
    "imagesDestroy": _destroy,
    "imageIncrementO": _counter("up"),
    "imageDecrementO": _counter("down"),
    "imageResetO": _counter("reset"),
}
