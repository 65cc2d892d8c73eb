"""The first form of the tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the four tables, as they were then."""
    op.create_table(
        "sync_server",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("database_path", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "sync_run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "server_id", sa.String(32), sa.ForeignKey("sync_server.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("command", sa.String(32), nullable=False),
        sa.Column("creators", sa.Text, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.String(32)),
        sa.Column("counts", sa.Text),
    )
    _make_entities()
    op.create_table(
        "sync_change",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.Integer, sa.ForeignKey("sync_run.id", ondelete="CASCADE"), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("field", sa.String(64), nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.Text),
    )
    op.create_index("sync_change_run", "sync_change", ["run_id"])


def _make_entities() -> None:
    op.create_table(
        "sync_entity",
        sa.Column(
            "server_id", sa.String(32), sa.ForeignKey("sync_server.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("type", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("source_id", sa.Text, primary_key=True),
        sa.Column("stash_id", sa.String(32), nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("seen_and_wrote", sa.Text, nullable=False),
    )
    op.create_index("sync_entity_stash_id", "sync_entity", ["server_id", "type", "stash_id"])
