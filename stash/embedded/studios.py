"""Studios."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .entities import Link, Noun, change, create, destroy, entity_id_of, listed, referring, require
from .errors import ResolverError, not_found
from .execution import Kind
from .finding import Finder, everything, result_loaders
from .hierarchy import counts_with_descendants, descends
from .naming import check_names
from .pictures import image_path, stash_ids, write_picture, write_stash_ids
from .relations import empty, first_url, tags_of
from .sql import select
from .values import to_ints, to_reference

if TYPE_CHECKING:
    from .context import Context
    from .execution import Args

STUDIO = Noun(
    "studio",
    texts=frozenset({"name", "details"}),
    plain={"rating100": "rating", "favorite": "favorite", "ignore_auto_tag": "ignore_auto_tag"},
    references={"parent_id": "parent_id"},
    lists={"urls": "url", "aliases": "alias"},
    links={"tag_ids": Link("studio_tag", "studio_id", "tag_id")},
)
FINDER = Finder(
    "studio",
    "studio_filter",
    ("name LIKE ?", "id IN (SELECT studio_id FROM studio_alias WHERE alias LIKE ?)"),
    {
        "name": "natural_key(studio.name)",
        "id": "studio.id",
        "rating": "studio.rating",
        "created_at": "studio.created_at",
        "updated_at": "studio.updated_at",
        "tag_count": "(SELECT count(*) FROM studio_tag WHERE studio_id = studio.id)",
        "child_count": "(SELECT count(*) FROM studio AS child WHERE child.parent_id = studio.id)",
        **{
            f"{plural}_count": "(" + select("count(*)", noun, f"{noun}.studio_id = studio.id") + ")"
            for noun, plural in (("scene", "scenes"), ("image", "images"), ("gallery", "galleries"))
        },
    },
    sort="name",
)


def _create(context: Context, args: Args) -> int:
    given = args["input"]
    check_names(context, STUDIO, given)
    studio_id = create(context, STUDIO, given)
    write_picture(context, STUDIO, studio_id, given)
    write_stash_ids(context, STUDIO, studio_id, given)
    return studio_id


def update_one(context: Context, studio_id: int, given: Args) -> None:
    """Write what an input mentions to one studio.

    Raises:
        ResolverError: there is no such studio, a name is taken, or it would become its own ancestor.
    """
    require(context, STUDIO, studio_id)
    parent = to_reference(given.get("parent_id"), "converting parent id")
    if parent is not None:
        if context.database.value("SELECT id FROM studio WHERE id = ?", (parent,)) is None:
            raise not_found("studio", parent)
        if descends(context.database, "studio", parent, studio_id):
            raise ResolverError("studio cannot be an ancestor of itself")
    check_names(context, STUDIO, given, studio_id)
    change(context, STUDIO, studio_id, given)
    write_picture(context, STUDIO, studio_id, given)
    write_stash_ids(context, STUDIO, studio_id, given)


def _update(context: Context, args: Args) -> int:
    studio_id = entity_id_of(args["input"])
    update_one(context, studio_id, args["input"])
    return studio_id


def _bulk_update(context: Context, args: Args) -> list[int]:
    given = dict(args["input"])
    ids = to_ints(given.pop("ids"), "converting ids")
    for studio_id in ids:
        update_one(context, studio_id, given)
    return ids


def _destroy(context: Context, args: Args) -> bool:
    ids = [args["input"]["id"]] if "input" in args else args["ids"]
    destroy(context, STUDIO, to_ints(ids, "converting ids"))
    return True


_PERFORMERS = """(
    SELECT studio_id, performer_id FROM scene JOIN scene_performer ON scene_id = scene.id
    UNION SELECT studio_id, performer_id FROM image JOIN image_performer ON image_id = image.id
    UNION SELECT studio_id, performer_id FROM gallery JOIN gallery_performer ON gallery_id = gallery.id
)"""

KINDS = {
    "Studio": Kind(
        "studio",
        columns={
            "id": "id",
            "name": "name",
            "parent_studio": "parent_id",
            "details": "coalesce(details, '')",
            "rating100": "rating",
            "favorite": "favorite",
            "ignore_auto_tag": "ignore_auto_tag",
            "created_at": "created_at",
            "updated_at": "updated_at",
            "group_count": "0",
            "movie_count": "0",
            "o_counter": "(SELECT coalesce(sum(o_counter), 0) FROM image WHERE image.studio_id = studio.id) + "
            "(SELECT count(*) FROM scene_o JOIN scene ON scene.id = scene_id WHERE scene.studio_id = studio.id)",
        },
        loaders={
            "url": first_url("studio"),
            "urls": listed("studio", "url"),
            "aliases": listed("studio", "alias"),
            "child_studios": referring("studio", "parent_id", "natural_key(name)"),
            "tags": tags_of("studio"),
            "stash_ids": stash_ids("studio"),
            "image_path": image_path("studio"),
            "groups": empty,
            "movies": empty,
            "performer_count": counts_with_descendants("studio", _PERFORMERS, "studio_id", "performer_id"),
            **{
                f"{noun}_count": counts_with_descendants("studio", noun, f"{noun}.studio_id", f"{noun}.id")
                for noun in ("scene", "image", "gallery")
            },
        },
    ),
    "FindStudiosResultType": Kind(loaders=result_loaders("studios")),
}
QUERIES = {"findStudios": FINDER.query, "findStudio": FINDER.one, "allStudios": everything(FINDER)}
MUTATIONS = {
    "studioCreate": _create,
    "studioUpdate": _update,
    "studioDestroy": _destroy,
    "studiosDestroy": _destroy,
    "bulkStudioUpdate": _bulk_update,
}
