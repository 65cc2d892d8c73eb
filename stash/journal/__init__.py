"""The journal: runs, what they did, and what we saw and wrote."""

from stash.journal.journal import Journal
from stash.journal.parts import SettledPart
from stash.journal.rows import Memory, Operation, RunRow, SourceKey

__all__ = ["Journal", "Memory", "Operation", "RunRow", "SettledPart", "SourceKey"]
