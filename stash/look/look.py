"""The look of a run: the source and Stash as they were then. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from stash.look.answer import Answer, marks_of, nothing_went

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stash.look.answer import Marks


@dataclass(frozen=True)
class SourceState:
    """The source at one moment.

    Args:
        settings: a digest of everything else that a run depends on: the settings, the flags, the version.
        rows: a digest of the rows.
        files: a digest of the paths in the downloads.
        folders: the times of the folders of the downloads, in nanoseconds. Empty if one was changed just now.
    """

    settings: str
    rows: str
    files: str
    folders: dict[str, int]

    def is_same(self, other: SourceState) -> bool:
        """Tell whether nothing differs but the times of folders."""
        return (self.settings, self.rows, self.files) == (other.settings, other.rows, other.files)


@dataclass(frozen=True)
class Look:
    """The source and Stash as a run saw them.

    Args:
        full_at: when all was looked at the last time, in seconds since 1970.
        source: the source when the run began.
        sample: entities that were asked about at its end, by type and id.
        answer: the answer of Stash at its end.
        is_clean: whether nothing was left to do.
        report: the report of the same run made once more, as JSON.
        warnings: those of the report.
    """

    full_at: float
    source: SourceState
    sample: list[tuple[str, str]]
    answer: Answer
    is_clean: bool
    report: dict[str, Any]
    warnings: list[str]

    def is_due(self, days: int, now: datetime) -> bool:
        """Tell whether all is to be looked at again. A clock that was put back makes it due too."""
        age = now - datetime.fromtimestamp(self.full_at, UTC)
        return not timedelta() <= age < timedelta(days=days)

    def holds_of(self, marks: Marks) -> bool:
        """Tell whether Stash still has every entity that it had."""
        return nothing_went(marks_of(self.answer), marks)

    def to_json(self) -> str:
        """Return the look as it is stored."""
        return json.dumps(asdict(self))


_LOOK = TypeAdapter(Look)


def look_of(text: str) -> Look | None:
    """Return a stored look. None if it is of another version."""
    try:
        return _LOOK.validate_python(json.loads(text))
    except ValidationError:
        return None


def digest_of(said: Iterable[Any]) -> str:
    """Return a digest of plain values."""
    content = json.dumps(list(said), sort_keys=True, default=str).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()
