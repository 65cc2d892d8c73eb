"""The journal: runs, and what we saw and wrote."""

from stash.journal.journal import Journal, Memory, RunRow, SourceKey

__all__ = ["Journal", "Memory", "RunRow", "SourceKey"]
