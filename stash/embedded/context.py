"""Context of a resolver."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from .database import Database
    from .jobs import Jobs


@dataclass(frozen=True, slots=True)
class Context:
    """The server's state, and how this client reaches it.

    Attributes:
        library: the folders that may be scanned.
        url: the server's address as the client wrote it, without a slash at its end.
        scans: the input of each metadataScan so far, oldest first.
        own: the folder that the embedded Stash made, whose files it may delete and move; None where it made none.
    """

    database: Database
    jobs: Jobs
    library: tuple[Path, ...]
    url: str = ""
    scans: list[dict[str, Any]] = field(default_factory=list)
    own: Path | None = None
