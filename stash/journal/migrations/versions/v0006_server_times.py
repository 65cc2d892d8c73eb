"""Stash's own times of what was written: by them a Stash that was put back from a backup is told."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the times. Of what was written before they are not known."""
    op.add_column("sync_run", sa.Column("stash_time", sa.String(32)))
    op.execute("ALTER TABLE sync_entity RENAME COLUMN digest TO updated_at")  # a digest was never stored
    op.create_index("sync_entity_updated_at", "sync_entity", ["server_id", "type", "updated_at"])
