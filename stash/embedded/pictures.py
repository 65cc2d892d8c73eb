"""Pictures that clients set, and stash-box ids: kept beside performers, studios, tags and scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .database import id_list
from .sql import IN_IDS, delete, insert, select
from .values import to_picture

if TYPE_CHECKING:
    from .context import Context
    from .entities import Noun
    from .execution import Args, Loader


def write_picture(context: Context, noun: Noun, entity_id: int, given: Args, name: str = "image") -> None:
    """Keep or drop an entity's picture, where the input mentions it.

    Raises:
        ResolverError: it is not a data URL.
    """
    if name not in given:
        return
    data = to_picture(given[name])
    if data:
        sql = insert("picture", "noun", "owner_id", "data", verb="INSERT OR REPLACE")
        context.database.run(sql, (noun.name, entity_id, data))
    else:
        context.database.run(delete("picture", "noun = ? AND owner_id = ?"), (noun.name, entity_id))


def write_stash_ids(context: Context, noun: Noun, entity_id: int, given: Args) -> None:
    """Replace an entity's stash-box ids, where the input mentions them."""
    if "stash_ids" not in given:
        return
    table = f"{noun.name}_stash_id"
    context.database.run(delete(table, f"{noun.key} = ?"), (entity_id,))
    now = context.database.now()
    rows = [
        (entity_id, item["endpoint"], item["stash_id"], item.get("updated_at") or now)
        for item in given["stash_ids"] or ()
    ]
    sql = insert(table, noun.key, "endpoint", "stash_id", "updated_at", verb="INSERT OR REPLACE")
    context.database.run_many(sql, rows)


def image_path(noun: str) -> Loader:
    """Load the URL of each entity's picture. It ends in &default=true where there is no picture."""

    def load(context: Context, ids: list[int], _args: Args) -> list[str]:
        sql = select("owner_id", "picture", f"noun = ? AND owner_id {IN_IDS}")
        with_picture = set(context.database.values(sql, (noun, id_list(ids))))
        return [
            f"{context.url}/{noun}/{entity_id}/image?t=0"
            + ("" if entity_id in with_picture else "&default=true")
            for entity_id in ids
        ]

    return load


def stash_ids(noun: str) -> Loader:
    """Load each entity's ids at stash-box instances."""
    columns = f"{noun}_id, endpoint, stash_id, updated_at"
    sql = select(columns, f"{noun}_stash_id", f"{noun}_id {IN_IDS}", "endpoint")

    def load(context: Context, ids: list[int], _args: Args) -> list[list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = {entity_id: [] for entity_id in ids}
        for owner, endpoint, stash_id, updated_at in context.database.rows(sql, (id_list(found),)):
            found[owner].append({"endpoint": endpoint, "stash_id": stash_id, "updated_at": updated_at})
        return [found[entity_id] for entity_id in ids]

    return load
