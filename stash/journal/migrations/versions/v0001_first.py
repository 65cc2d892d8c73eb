"""The first form of the tables."""

from alembic import op

from stash.journal.models import schema

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the four tables."""
    schema.create_all(op.get_bind(), checkfirst=True)
