"""The versions of the `sync_` tables."""
