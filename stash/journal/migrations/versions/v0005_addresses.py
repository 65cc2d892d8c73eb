"""Addresses without secrets: what a user wrote into STASH_URL beside the address is not kept."""

import sqlalchemy as sa
from alembic import op

from stash.transport.addresses import StashAddress

revision = "0005"
down_revision = "0004"

_SERVERS = sa.table("sync_server", sa.column("id", sa.String), sa.column("url", sa.Text))
_RUNS = sa.table("sync_run", sa.column("server_id", sa.String), sa.column("counts", sa.Text))


def upgrade() -> None:
    """Clean each address, and the reports of its runs, which may quote it."""
    connection = op.get_bind()
    for server in connection.execute(sa.select(_SERVERS)).all():
        clear = str(StashAddress(server.url))
        if clear == server.url:
            continue
        if connection.dialect.name == "sqlite":
            # SQLite leaves what was there before in the file, unless it is told otherwise.
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        connection.execute(sa.update(_SERVERS).where(_SERVERS.c.id == server.id).values(url=clear))
        quoted = sa.func.replace(_RUNS.c.counts, server.url, clear)
        connection.execute(sa.update(_RUNS).where(_RUNS.c.server_id == server.id).values(counts=quoted))
