"""Files and folders that may not be read or written: as another user where the tests run as root, to whom everything is open."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user reaches, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="stash-sync-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(folder)


@contextmanager
def read_only(folder: Path, *, also_files: bool = True) -> Iterator[None]:
    """Within it a folder may not be written, nor its files, unless those are to be left."""
    files = [path for path in folder.iterdir() if path.is_file()]
    modes = {path: path.stat().st_mode for path in (folder, *files)}
    for path in files:
        path.chmod(0o444 if also_files else 0o666)
    folder.chmod(0o555)
    try:
        with as_nobody():
            yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Within it root is a user without rights. Any other user is as before."""
    is_root = os.getuid() == 0
    if is_root:
        os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        if is_root:
            os.setresuid(0, 0, 0)
