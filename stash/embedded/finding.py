"""The find queries: ids or a filter, a search, an order and a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .database import id_list
from .errors import ResolverError, not_found
from .filters import condition, depth
from .matching import search_terms
from .sql import IN_IDS, TRUE, Clause, either, every, select
from .values import to_int, to_ints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .context import Context
    from .execution import Args, Loader, Resolver

_PER_PAGE = 25
_DEEPEST, _DEEPEST_COUNTED = 31, 29  # beyond, SQLite as Stash has it runs out of parser stack


@dataclass(frozen=True, slots=True)
class Finder:
    """Rules that search and sort entities of one type.

    Attributes:
        searched: conditions with one question mark each, of which a word of `q` is to meet one.
        sorts: SQL expression by the name of the sort.
        sort: the order where none is asked for.
    """

    noun: str
    argument: str
    searched: tuple[str, ...]
    sorts: Mapping[str, str]
    sort: str = ""
    aliases: tuple[str, ...] = field(default=())

    def query(self, context: Context, args: Args) -> Found:
        """Answer a find query, with its page still to be read.

        Raises:
            ResolverError: an id is unknown or doubled, or the filter is one that Stash refuses.
        """
        given_ids = args.get("ids") or [str(number) for number in args.get(f"{self.noun}_ids") or ()]
        if given_ids:
            return Found(context, self.noun, ids=self._known(context, given_ids))
        options = args.get("filter") or {}
        deep = depth(args.get(self.argument))
        if deep > _DEEPEST:
            raise ResolverError("error finding IDs: parser stack overflow")
        where = every([condition(self.noun, args.get(self.argument)), self._search(options.get("q"))])
        return Found(context, self.noun, where, self._order(options), _limit(options), depth=deep)

    def one(self, context: Context, args: Args) -> int | None:
        """Return the entity of an id. None where there is none."""
        entity_id = to_int(args["id"])
        found: int | None = context.database.value(select("id", self.noun, "id = ?"), (entity_id,))
        return found

    def _known(self, context: Context, texts: list[str]) -> list[int]:
        ids = to_ints(texts, "converting ids")
        seen = set()
        for entity_id in ids:
            if entity_id in seen:
                raise ResolverError(f"validating ids: duplicate id found: {entity_id}")
            seen.add(entity_id)
        known = set(context.database.values(select("id", self.noun, f"id {IN_IDS}"), (id_list(ids),)))
        for entity_id in ids:
            if entity_id not in known:
                raise not_found(self.noun, entity_id)
        return ids

    def _search(self, text: str | None) -> Clause:
        clauses = []
        for negated, words in search_terms(text or ""):
            found = either([Clause(sql, (f"%{word}%",)) for word in words for sql in self.searched])
            clauses.append(Clause(f"NOT coalesce({found.sql}, 0)", found.parameters) if negated else found)
        return every(clauses)

    def _order(self, options: dict[str, Any]) -> str:
        sort = options.get("sort") or self.sort
        direction = options.get("direction") or "ASC"
        if not sort:
            return f"{self.noun}.id"
        if sort.startswith("random"):
            seed = sort.removeprefix("random").removeprefix("_") or "0"
            if not seed.isdigit():
                raise ResolverError(f"invalid random seed: {seed}")
            number = f"({self.noun}.id + {int(seed) % 10**8})"
            return f"({number} * {number} * 52959209 + {number} * 1047483763) % 2147483647 {direction}"
        if sort not in self.sorts:
            raise ResolverError(f"invalid sort: {sort}")
        return f"{self.sorts[sort]} {direction}, {self.noun}.id"


@dataclass(frozen=True, slots=True)
class Found:
    """Result of a find query. The reply's fields are read only where they are selected."""

    context: Context
    noun: str
    where: Clause = TRUE
    order: str = "id"
    limit: tuple[int, int] | None = None
    ids: list[int] | None = None
    depth: int = 0

    def count(self) -> int:
        """Return how many there are on all pages.

        Raises:
            ResolverError: the filter is too deep to be counted as well.
        """
        if self.depth > _DEEPEST_COUNTED:
            raise ResolverError("error querying aggregate fields: parser stack overflow")
        if self.ids is not None:
            return len(self.ids)
        sql = select("count(*)", self.noun, self.where.sql)
        return int(self.context.database.value(sql, self.where.parameters))

    def page(self) -> list[int]:
        """Return the ids of the page, in order."""
        if self.ids is not None:
            return list(self.ids)
        sql = select("id", self.noun, self.where.sql, self.order)
        parameters = self.where.parameters
        if self.limit is not None:
            sql, parameters = f"{sql} LIMIT ? OFFSET ?", (*parameters, *self.limit)
        return self.context.database.values(sql, parameters)

    def total(self, expression: str) -> float:
        """Return the sum of an expression over the files of all that were found."""
        if self.ids is not None:
            inner = Clause(f"{self.noun}_id {IN_IDS}", (id_list(self.ids),))
        else:
            inner = Clause(
                f"{self.noun}_id IN ({select('id', self.noun, self.where.sql)})", self.where.parameters
            )
        tables = f"{self.noun}_file JOIN file ON file.id = file_id"
        return float(
            self.context.database.value(select(f"sum({expression})", tables, inner.sql), inner.parameters)
            or 0
        )


def result_loaders(items: str, **totals: str) -> dict[str, Loader]:
    """Build the loaders of a find query's result type.

    Args:
        items: the field of the page's entities.
        totals: other fields, as expressions to be summed over the files.
    """
    loaders: dict[str, Loader] = {
        "count": lambda _context, found, _args: [result.count() for result in found],
        items: lambda _context, found, _args: [result.page() for result in found],
    }
    for name, expression in totals.items():
        loaders[name] = _total(expression)
    return loaders


def everything(finder: Finder) -> Resolver:
    """Build the resolver of an all… query."""
    return lambda context, _args: finder.query(context, {"filter": {"per_page": -1}}).page()


def _total(expression: str) -> Loader:
    return lambda _context, found, _args: [result.total(expression) for result in found]


def _limit(options: dict[str, Any]) -> tuple[int, int] | None:
    per_page = options.get("per_page")
    size = _PER_PAGE if per_page is None else per_page
    if size < 0:
        return None
    return size, (max(options.get("page") or 1, 1) - 1) * size
