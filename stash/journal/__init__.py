"""The journal: the runs of a sync, their write-ahead log, and the baselines of the three-way merge."""

from stash.journal.baseline import (
    ENTITY_ITSELF,
    PICTURES,
    Baseline,
    UndoMark,
    as_text,
    without_undo_marks,
)
from stash.journal.fingerprints import SURVEYED, ChunkFingerprint
from stash.journal.history import SyncedMedia
from stash.journal.journal import Journal
from stash.journal.keys import RecordKey
from stash.journal.log_entry import LogEntry, LogPosition, Outcome
from stash.journal.restores import OUTCOME_LOST
from stash.journal.runs import RunRow
from stash.journal.servers import SAMPLED, ServerRow
from stash.journal.state import open_state
from stash.mapping.keys import SourceKey

__all__ = [
    "ENTITY_ITSELF",
    "OUTCOME_LOST",
    "PICTURES",
    "SAMPLED",
    "SURVEYED",
    "Baseline",
    "ChunkFingerprint",
    "Journal",
    "LogEntry",
    "LogPosition",
    "Outcome",
    "RecordKey",
    "RunRow",
    "ServerRow",
    "SourceKey",
    "SyncedMedia",
    "UndoMark",
    "as_text",
    "open_state",
    "without_undo_marks",
]
