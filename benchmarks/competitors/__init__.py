"""Four ways to bring one world into Stash; each module has `async def sync(world: Task) -> None`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Task:
    """Where Stash is, and what to bring into it."""

    url: str
    database: Path
    downloads: Path
    username: str


NETWORK = "Fansly (network)"
PREVIEW_TAG = "Trailer"
