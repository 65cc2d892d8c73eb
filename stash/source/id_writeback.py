"""The statement that writes Stash ids back to the downloader's rows."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, BigInteger, Integer, Text, bindparam, cast, column, func, table, update

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Update

    from stash.source.engines import DatabaseKind

TABLES_WITH_STASH_ID = ("accounts", "posts", "messages", "media")


@cache
def id_writeback(kind: DatabaseKind, table_name: str) -> Update:
    """Make the statement that writes Stash ids, a JSON object by row id, to the rows that lack them."""
    row_id = BigInteger().with_variant(Integer, "sqlite")
    rows = table(table_name, column("id", row_id), column("stash_id", Integer()))
    given: ColumnElement[Any] = bindparam("ids", type_=Text())
    each = func.json_each(given) if kind == "sqlite" else func.json_each_text(cast(given, JSON))
    ids = each.table_valued("key", "value", name="ids")
    new = cast(ids.c.value, rows.c.stash_id.type)
    is_other = rows.c.stash_id.is_distinct_from(new)
    return update(rows).values(stash_id=new).where(rows.c.id == cast(ids.c.key, rows.c.id.type), is_other)
