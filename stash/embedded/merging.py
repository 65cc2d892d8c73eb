"""Merging tags, performers and scenes into one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import performers, scenes
from .database import id_list
from .entities import Noun, change, destroy, require, set_texts
from .errors import ResolverError
from .performers import PERFORMER
from .scenes import SCENE
from .sql import IN_IDS, insert, select, update
from .tags import CHILDREN, PARENTS, TAG
from .values import to_int, to_ints

if TYPE_CHECKING:
    from .context import Context
    from .entities import Link
    from .execution import Args, Resolver

_TAGGED = ("image", "scene", "gallery", "performer", "studio")


def _read(context: Context, noun: Noun, given: Args) -> tuple[list[int], int]:
    """Return the ids to merge and the one to merge them into, all of which exist."""
    sources = list(dict.fromkeys(to_ints(given["source"], "converting source ids")))
    target = to_int(given["destination"], "converting destination id")
    if target in sources:
        raise ResolverError(f"destination {noun.name} cannot be in source list")
    for entity_id in (target, *sources):
        require(context, noun, entity_id)
    return sources, target


def _move(context: Context, table: str, column: str, sources: list[int], target: int) -> None:
    """Have rows that name a source name the target. Where they do already, nothing is left to move."""
    sql = update(table, [column], f"{column} {IN_IDS}").replace("UPDATE", "UPDATE OR IGNORE", 1)
    context.database.run(sql, (target, id_list(sources)))


def _merge_tags(context: Context, args: Args) -> int | None:
    if not args["input"]["source"]:
        return None
    sources, target = _read(context, TAG, args["input"])
    database = context.database
    aliases = TAG.texts_of(database, target, "alias")
    for source in sources:
        aliases += [
            database.value(select("name", "tag", "id = ?"), (source,)),
            *TAG.texts_of(database, source, "alias"),
        ]
    family = {target, *sources}
    parents, children = (
        [other for tag in (target, *sources) for other in _linked(context, link, tag) if other not in family]
        for link in (PARENTS, CHILDREN)
    )
    for owner in _TAGGED:
        _move(context, f"{owner}_tag", "tag_id", sources, target)
    _move(context, "tag_stash_id", "tag_id", sources, target)
    destroy(context, TAG, sources)
    set_texts(database, TAG, target, "alias", aliases)
    change(context, TAG, target, {"parent_ids": [*map(str, parents)], "child_ids": [*map(str, children)]})
    return target


def _linked(context: Context, link: Link, owner: int) -> list[int]:
    return context.database.values(select(link.member, link.table, f"{link.owner} = ?"), (owner,))


def _merge_performers(context: Context, args: Args) -> int:
    sources, target = _read(context, PERFORMER, args["input"])
    performers.update_one(context, target, args["input"].get("values") or {})
    for noun in ("image", "scene", "gallery"):
        _move(context, f"{noun}_performer", "performer_id", sources, target)
    _move(context, "performer_tag", "performer_id", sources, target)
    destroy(context, PERFORMER, sources)
    return target


def _merge_scenes(context: Context, args: Args) -> int:
    given = args["input"]
    sources, target = _read(context, SCENE, given)
    database = context.database
    for flag, table in (("play_history", "scene_play"), ("o_history", "scene_o")):
        if given.get(flag):
            database.run(update(table, ["scene_id"], f"scene_id {IN_IDS}"), (target, id_list(sources)))
    first = not database.rows(select("1", "scene_file", "scene_id = ?"), (target,))
    order = "is_primary DESC, file_id"
    files = [
        file_id
        for source in sources
        for file_id in database.values(select("file_id", "scene_file", "scene_id = ?", order), (source,))
    ]
    destroy(context, SCENE, sources)
    sql = insert("scene_file", "scene_id", "file_id", "is_primary")
    database.run_many(sql, ((target, file_id, first and not index) for index, file_id in enumerate(files)))
    values = {name: value for name, value in (given.get("values") or {}).items() if name != "primary_file_id"}
    scenes.update_one(context, target, values)
    return target


MUTATIONS: dict[str, Resolver] = {
    "tagsMerge": _merge_tags,
    "performerMerge": _merge_performers,
    "sceneMerge": _merge_scenes,
}
