"""Changes are recorded as operations on an entity. The table that they replace was never filled."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table anew."""
    op.drop_table("sync_change")
    op.create_table(
        "sync_change",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "server_id", sa.String(32), sa.ForeignKey("sync_server.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("run_id", sa.Integer, sa.ForeignKey("sync_run.id", ondelete="CASCADE"), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("stash_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_index("sync_change_run", "sync_change", ["run_id"])
    is_planned = sa.text("state = 'planned'")
    op.create_index(
        "sync_change_planned",
        "sync_change",
        ["server_id", "type", "kind", "source_id"],
        sqlite_where=is_planned,
        postgresql_where=is_planned,
    )
