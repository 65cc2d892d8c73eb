"""The journal: runs, what they did, and what we saw and wrote."""

from stash.journal.journal import Journal
from stash.journal.parts import SettledPart
from stash.journal.rows import GONE, Declined, Memory, Operation, Outcome, RunRow, SourceKey, as_text, redone

__all__ = [
    "GONE",
    "Declined",
    "Journal",
    "Memory",
    "Operation",
    "Outcome",
    "RunRow",
    "SettledPart",
    "SourceKey",
    "as_text",
    "redone",
]
