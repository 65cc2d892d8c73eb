"""Statements over tables that may be absent or lack columns, in either kind of database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stash.source.values import LARGEST_ID, as_json, is_storable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.database import Database

type Row = sa.Row[*tuple[Any, ...]]
type Expression = sa.ColumnElement[Any]

_INSTANTS = frozenset({"createdAt", "expiresAt"})

_GIVEN = sa.text("(SELECT value FROM json_each(:given))")
"""Written as text, because SQLAlchemy takes longer to build this than SQLite to run the query."""


class SourceQueries:
    """Builds and runs statements. Values come as the driver has them, and RowValidator validates them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_ours = database.is_ours
        self.is_sqlite = database.kind == "sqlite"
        self._tables: dict[tuple[str, str | None], sa.FromClause] = {}

    def has(self, table: str, *columns: str) -> bool:
        """Tell whether the database has that table with those columns."""
        return self._database.has_table(table) and self._database.columns(table).issuperset(columns)

    def columns(self, table: str) -> frozenset[str]:
        """Return the columns of a table."""
        return self._database.columns(table)

    def table(self, name: str, alias: str | None = None) -> sa.FromClause:
        """Return a table of the columns that the database has, untyped. It is the same object every time."""
        key = (name, alias)
        if key not in self._tables:
            table = sa.table(name, *map(sa.column, sorted(self.columns(name))))
            self._tables[key] = table.alias(alias) if alias else table
        return self._tables[key]

    def values(self, table: sa.FromClause, name: str, columns: Sequence[str]) -> list[Expression]:
        """Return columns to select: NULL for an absent one, text for an instant that its driver might refuse."""
        present = self.columns(name)
        return [
            sa.null().label(column)
            if column not in present
            else sa.cast(table.c[column], sa.Text).label(column)
            if column in _INSTANTS and not self.is_sqlite
            else table.c[column]
            for column in columns
        ]

    def within(self, column: Expression, values: Collection[int] | Collection[str]) -> Expression:
        """Compare a column with any number of values, as one parameter."""
        is_text = isinstance(next(iter(values), None), str)
        kept = [one for one in values if (is_storable(one) if is_text else -LARGEST_ID <= one <= LARGEST_ID)]  # type: ignore[operator]  # of one type
        if self.is_sqlite:
            given: sa.BindParameter[str] = sa.bindparam("given", as_json(kept), unique=True)
            return column.op("IN", is_comparison=True)(_GIVEN.bindparams(given))
        kind: sa.types.TypeEngine[Any] = sa.Text() if is_text else sa.BigInteger()
        return column == sa.any_(sa.bindparam(None, kept, type_=sa.ARRAY(kind)))

    def has_file(self, media: sa.FromClause) -> Expression:
        """Select media rows with a file on disk. Payloads do not tell, so in our own database every row counts."""
        if self.is_ours:
            return sa.true()
        signs: list[Expression] = []
        if "is_downloaded" in media.c:
            signs.append(sa.cast(media.c.is_downloaded, sa.Integer) == 1)
        if "local_filename" in media.c:
            signs.append(sa.func.coalesce(media.c.local_filename, "") != "")
        return sa.or_(sa.false(), *signs)

    async def rows(self, connection: AsyncConnection, statement: sa.Executable) -> Sequence[Row]:
        """Return all rows of a statement."""
        return (await connection.execute(statement)).all()

    async def is_empty(self, connection: AsyncConnection, name: str) -> bool:
        """Tell whether a table is absent or without rows."""
        if not self._database.has_table(name):
            return True
        one: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(sa.table(name)).limit(1)
        return not await self.rows(connection, one)

    async def by(
        self,
        connection: AsyncConnection,
        name: str,
        columns: Sequence[str],
        key: tuple[str, Collection[int]],
    ) -> Sequence[Row]:
        """Return the rows of a table whose key column is one of the values. An absent table has none."""
        if not key[1] or not self.has(name, key[0]):
            return ()
        table = self.table(name)
        wanted = self.within(table.c[key[0]], key[1])
        return await self.rows(connection, sa.select(*self.values(table, name, columns)).where(wanted))
