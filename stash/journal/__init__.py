"""The journal: runs, what they did, and what we saw and wrote."""

from stash.journal.journal import Journal
from stash.journal.looking_back import MediaKept
from stash.journal.parts import SURVEYED, SettledPart
from stash.journal.rolling_back import LOST
from stash.journal.rows import (
    GONE,
    PICTURES,
    Declined,
    Memory,
    Operation,
    Outcome,
    RunRow,
    SourceKey,
    as_text,
    redone,
)
from stash.journal.servers import SAMPLED, ServerRow
from stash.journal.state import open_state

__all__ = [
    "GONE",
    "LOST",
    "PICTURES",
    "SAMPLED",
    "SURVEYED",
    "Declined",
    "Journal",
    "MediaKept",
    "Memory",
    "Operation",
    "Outcome",
    "RunRow",
    "ServerRow",
    "SettledPart",
    "SourceKey",
    "as_text",
    "open_state",
    "redone",
]
