"""Regular expressions by which Stash finds files. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def in_folders(folders: Sequence[str]) -> str:
    """Return the pattern of the files that lie in one of these folders, which end with a separator."""
    name = "[^/]+" if folders[0].startswith("/") else r"[^/\\]+"
    return f"^(?:{_any_of(folders)}){name}$"


def of_paths(paths: Iterable[str]) -> str:
    """Return the pattern of these paths."""
    return f"^(?:{_any_of(paths)})$"


def with_names(names: Iterable[str]) -> str:
    """Return the pattern of the files with one of these base names, in any folder."""
    return rf"[/\\](?:{_any_of(sorted(names))})$"


def _any_of(texts: Iterable[str]) -> str:
    return "|".join(map(re.escape, texts))
