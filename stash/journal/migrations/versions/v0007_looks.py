"""Looks: a run compares the present with what an earlier run looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table of looks."""
    op.create_table(
        "sync_look",
        sa.Column(
            "server_id", sa.String(32), sa.ForeignKey("sync_server.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("selection", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
