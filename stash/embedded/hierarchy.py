"""Families: tags and studios have parents and children."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .database import id_list

if TYPE_CHECKING:
    from .context import Context
    from .database import Database
    from .execution import Args, Loader

_COLUMNS = {"tag_parent": ("parent_id", "child_id"), "studio": ("parent_id", "id")}


def descends(database: Database, table: str, member: int, ancestor: int) -> bool:
    """Tell whether one is the other, or among its children, their children, and so on."""
    parent, child = _COLUMNS[table]
    sql = f"""
        WITH RECURSIVE family (member) AS (
            SELECT ? UNION SELECT {table}.{child} FROM {table} JOIN family ON {table}.{parent} = member
        ) SELECT 1 FROM family WHERE member = ?"""  # noqa: S608
    return bool(database.rows(sql, (ancestor, member)))


def counts_with_descendants(table: str, counted: str, column: str, what: str) -> Loader:
    """Load, for each tag or studio, how many rows name it, or, to the asked depth, one of its descendants.

    Args:
        table: the table that knows the parents.
        counted: the table whose rows are counted.
        column: the column of `counted` that names the tag or studio.
        what: the expression whose different values are counted.
    """
    parent, child = _COLUMNS[table]

    def load(context: Context, ids: list[int], args: Args) -> list[int]:
        depth = args.get("depth") or 0
        below = f"AND level < {int(depth)}" if depth >= 0 else ""
        sql = f"""
            WITH RECURSIVE family (root, member, level) AS (
                SELECT value, value, 0 FROM json_each(?)
                UNION SELECT root, {table}.{child}, level + 1
                FROM {table} JOIN family ON {table}.{parent} = member {below}
            ) SELECT root, count(DISTINCT {what}) FROM family JOIN {counted} ON {column} = member GROUP BY root
            """  # noqa: S608
        counts: dict[int, int] = dict(context.database.rows(sql, (id_list(set(ids)),)))
        return [counts.get(entity_id, 0) for entity_id in ids]

    return load
