"""Fixes of `doctor --fix`, which change the user's own settings file only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from stash.errors import StateError
from stash.files.whole import write_whole
from stash.settings_file import SETTINGS_FILE
from stash.source.disk import read_bytes, reason_of

if TYPE_CHECKING:
    from stash.doctor.findings import Fix


def apply(fix: Fix) -> str:
    """Apply a fix. Return what was done, in one sentence.

    Raises:
        StateError: the file cannot be written.
    """
    try:
        return _make_private(Path(fix.value)) if fix.kind == "private" else _write_path_map(fix.value)
    except OSError as error:
        raise StateError(
            f"{SETTINGS_FILE} cannot be changed ({reason_of(error)}); do it by hand, as the finding says."
        ) from error


def _make_private(path: Path) -> str:
    path.chmod(0o600)
    return f"{path} can be read by you alone now."


def _write_path_map(text: str) -> str:
    """Write the path map in the first line, because after the head of a table it would belong to that table."""
    path = Path(SETTINGS_FILE)
    before = read_bytes(path).decode("utf-8-sig") if path.exists() else ""
    write_whole(path, f"path_map = {json.dumps(text, ensure_ascii=False)}\n{before}".encode())
    return f"{SETTINGS_FILE} has the path map now."
