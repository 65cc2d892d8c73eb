"""The journal: runs, what they did, and what we saw and wrote."""

from stash.journal.fingerprints import SURVEYED, ChunkFingerprint
from stash.journal.history import MediaKept
from stash.journal.journal import Journal
from stash.journal.restores import LOST
from stash.journal.servers import SAMPLED, ServerRow
from stash.journal.state import open_state
from stash.journal.values import (
    ENTITY_ITSELF,
    PICTURES,
    Baseline,
    LogEntry,
    Outcome,
    RunRow,
    SourceKey,
    UndoMark,
    as_text,
    without_undo_marks,
)

__all__ = [
    "ENTITY_ITSELF",
    "LOST",
    "PICTURES",
    "SAMPLED",
    "SURVEYED",
    "Baseline",
    "ChunkFingerprint",
    "Journal",
    "LogEntry",
    "MediaKept",
    "Outcome",
    "RunRow",
    "ServerRow",
    "SourceKey",
    "UndoMark",
    "as_text",
    "open_state",
    "without_undo_marks",
]
