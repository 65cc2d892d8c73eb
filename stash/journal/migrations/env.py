"""Alembic's entry: migrates on the connection that the journal hands over."""

from alembic import context

from stash.journal.models import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema,
    version_table="sync_alembic_version",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
