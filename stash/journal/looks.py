"""Looks: what a run looked at, one for each choice of creators."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, insert, select

from stash.journal.models import sync_look, sync_run, sync_server

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.journal.connection import JournalConnection


class StoredLook(NamedTuple):
    """A look that no later run has made doubtful.

    `server` is the id of its Stash, `run` the number of its run. `wrote_since` tells whether a later run wrote to that
    Stash.
    """

    server: str
    run: int
    content: str
    wrote_since: bool


class Looks:
    """Stores looks, and finds them before the Stash that answers is known."""

    def __init__(self, connection: JournalConnection) -> None:
        self._db = connection

    async def at(self, url: str, selection: str) -> StoredLook | None:
        """Return the newest look of a choice of creators at the Stash of an address.

        None if a later run did not end well, or was no sync. What it left of Stash is unknown.
        """
        if not self._db.tables.has_looks:
            return None
        query = (
            select(sync_look)
            .join(sync_server, sync_server.c.id == sync_look.c.server_id)
            .where(sync_server.c.url == url, sync_look.c.selection == selection)
            .order_by(sync_look.c.run_id.desc())
            .limit(1)
        )
        async with self._db.reading() as connection:
            row = (await connection.execute(query)).first()
            if row is None:
                return None
            # A schedule adds any number of runs that had nothing to do. Their kinds are few.
            wrote = sync_run.c.stash_time.is_not(None).label("wrote")
            kinds = select(sync_run.c.command, sync_run.c.outcome, wrote).distinct()
            is_later = sync_run.c.server_id == row.server_id, sync_run.c.id > row.run_id
            later = (await connection.execute(kinds.where(*is_later))).all()
        if any((kind.command, kind.outcome) != ("sync", "done") for kind in later):
            return None
        return StoredLook(row.server_id, row.run_id, row.content, any(kind.wrote for kind in later))

    async def store(self, selection: str, run: int, content: str | None) -> None:
        """Replace the look of a choice of creators. None deletes it."""
        async with self._db.writing() as connection:
            await self._delete(connection, selection)
            if content is not None:
                row = {"selection": selection, "run_id": run, "content": content}
                await connection.execute(insert(sync_look).values(row | {"server_id": self._db.server}))

    async def _delete(self, connection: AsyncConnection, selection: str) -> None:
        of_server = sync_look.c.server_id == self._db.server
        await connection.execute(delete(sync_look).where(of_server, sync_look.c.selection == selection))
