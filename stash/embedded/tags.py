"""Tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .entities import Link, Noun, change, counted, create, destroy, entity_id_of, listed, members, require
from .errors import ResolverError
from .execution import Kind
from .finding import Finder, everything, result_loaders
from .hierarchy import counts_with_descendants, descends
from .naming import check_names
from .pictures import image_path, stash_ids, write_picture, write_stash_ids
from .sql import select
from .values import to_changes, to_ints

if TYPE_CHECKING:
    from .context import Context
    from .execution import Args

PARENTS = Link("tag_parent", "child_id", "parent_id")
CHILDREN = Link("tag_parent", "parent_id", "child_id")

TAG = Noun(
    "tag",
    texts=frozenset({"name", "sort_name", "description"}),
    plain={"favorite": "favorite", "ignore_auto_tag": "ignore_auto_tag"},
    lists={"aliases": "alias"},
    links={"parent_ids": PARENTS, "child_ids": CHILDREN},
)

_NAME = "natural_key(coalesce(tag.sort_name, tag.name))"
FINDER = Finder(
    "tag",
    "tag_filter",
    ("name LIKE ?", "sort_name LIKE ?", "id IN (SELECT tag_id FROM tag_alias WHERE alias LIKE ?)"),
    {
        "name": _NAME,
        "id": "tag.id",
        "created_at": "tag.created_at",
        "updated_at": "tag.updated_at",
        **{
            f"{plural}_count": "(" + select("count(*)", f"{noun}_tag", "tag_id = tag.id") + ")"
            for noun, plural in (
                ("scene", "scenes"),
                ("image", "images"),
                ("gallery", "galleries"),
                ("performer", "performers"),
                ("studio", "studios"),
            )
        },
    },
    sort="name",
)


def _create(context: Context, args: Args) -> int:
    given = args["input"]
    check_names(context, TAG, given)
    tag_id = create(context, TAG, given)
    _after(context, tag_id, given)
    return tag_id


def _update(context: Context, args: Args) -> int:
    given = args["input"]
    tag_id = entity_id_of(given)
    update_one(context, tag_id, given)
    return tag_id


def update_one(context: Context, tag_id: int, given: Args) -> None:
    """Write what an input mentions to one tag.

    Raises:
        ResolverError: there is no such tag, a name is taken, or it would become its own ancestor.
    """
    require(context, TAG, tag_id)
    check_names(context, TAG, given, tag_id)
    change(context, TAG, tag_id, given)
    _after(context, tag_id, given)


def _after(context: Context, tag_id: int, given: Args) -> None:
    if given.get("parent_ids") or given.get("child_ids"):
        for ids, direction, relation in (
            ("parent_ids", "parent", "a descendant"),
            ("child_ids", "child", "an ancestor"),
        ):
            for other in to_ints(to_changes(given.get(ids))[1], "converting tag ids"):
                if descends(
                    context.database,
                    "tag_parent",
                    *((other, tag_id) if direction == "parent" else (tag_id, other)),
                ):
                    name = context.database.value("SELECT name FROM tag WHERE id = ?", (other,))
                    raise ResolverError(
                        f'cannot apply tag "{name}" as a {direction} of tag as it is already {relation}'
                    )
    write_picture(context, TAG, tag_id, given)
    write_stash_ids(context, TAG, tag_id, given)


def _bulk_update(context: Context, args: Args) -> list[int]:
    given = dict(args["input"])
    ids = to_ints(given.pop("ids", None), "converting ids")
    for tag_id in ids:
        update_one(context, tag_id, given)
    return ids


def _destroy(context: Context, args: Args) -> bool:
    ids = [args["input"]["id"]] if "input" in args else args["ids"]
    destroy(context, TAG, to_ints(ids, "converting ids"))
    return True


_OWNERS = ("scene", "image", "gallery", "performer", "studio")

KINDS = {
    "Tag": Kind(
        "tag",
        columns={
            "id": "id",
            "name": "name",
            "sort_name": "coalesce(sort_name, '')",
            "description": "coalesce(description, '')",
            "favorite": "favorite",
            "ignore_auto_tag": "ignore_auto_tag",
            "created_at": "created_at",
            "updated_at": "updated_at",
            "scene_marker_count": "0",
            "group_count": "0",
            "movie_count": "0",
        },
        loaders={
            "aliases": listed("tag", "alias"),
            "stash_ids": stash_ids("tag"),
            "image_path": image_path("tag"),
            "parents": members(PARENTS),
            "children": members(CHILDREN),
            "parent_count": counted(PARENTS),
            "child_count": counted(CHILDREN),
            **{
                f"{owner}_count": counts_with_descendants(
                    "tag_parent", f"{owner}_tag", "tag_id", f"{owner}_id"
                )
                for owner in _OWNERS
            },
        },
    ),
    "FindTagsResultType": Kind(loaders=result_loaders("tags")),
}
QUERIES = {"findTags": FINDER.query, "findTag": FINDER.one, "allTags": everything(FINDER)}
MUTATIONS = {
    "tagCreate": _create,
    "tagUpdate": _update,
    "tagDestroy": _destroy,
    "tagsDestroy": _destroy,
    "bulkTagUpdate": _bulk_update,
}
