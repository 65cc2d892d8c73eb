"""Settled parts: what needs no decision while nothing changes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "sync_part",
        sa.Column(
            "server_id", sa.String(32), sa.ForeignKey("sync_server.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("standing", sa.String(32), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
