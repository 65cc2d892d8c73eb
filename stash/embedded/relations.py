"""Loaders that several types share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .entities import Link, listed, members
from .sql import select

if TYPE_CHECKING:
    from .context import Context
    from .execution import Args, Loader

_TAG_ORDER = "natural_key(coalesce(tag.sort_name, tag.name))"


def tags_of(noun: str) -> Loader:
    """Load each entity's tags, in the order of their names."""
    table = f"{noun}_tag JOIN tag ON tag.id = {noun}_tag.tag_id"
    return members(Link(table, f"{noun}_id", "tag_id", _TAG_ORDER))


def first_url(noun: str) -> Loader:
    """Load the first of each entity's urls. None where it has none."""
    load_urls = listed(noun, "url")

    def load(context: Context, ids: list[int], args: Args) -> list[str | None]:
        return [urls[0] if urls else None for urls in load_urls(context, ids, args)]

    return load


def empty(_context: Context, ids: list[int], _args: Args) -> list[list[Any]]:
    """Load nothing: there are no groups and no markers in the embedded Stash."""
    return [[] for _ in ids]


def primary_path(noun: str, column: str = "path_key") -> str:
    """Return the SQL expression for a column of an entity's primary file."""
    tables = f"{noun}_file JOIN file ON file.id = file_id"
    return f"({select(f'file.{column}', tables, f'{noun}_file.{noun}_id = {noun}.id AND is_primary')})"
