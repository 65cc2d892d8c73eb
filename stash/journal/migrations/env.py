"""Alembic's entry: migrates on the connection that the journal hands over."""

from alembic import context

from stash.journal.models import VERSION_TABLE, schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
