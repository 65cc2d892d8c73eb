"""Helpers of `test_which_file.py`, `test_unusable_files.py`."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from stash_graphql_client.types import Image

if TYPE_CHECKING:
    from tests.mapping.conftest import Case


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    # A socket's path has to be short, so it is made where it is.
    here = Path.cwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


KINDS = {
    "file": lambda path: path.write_bytes(b"x"),
    "link": lambda path: path.symlink_to(_content(path)),
    "dangling": lambda path: path.symlink_to("nowhere"),
    "loop": lambda path: path.symlink_to(path.name),
    "fifo": _fifo,
    "socket": _socket,
    "folder": lambda path: path.mkdir(),
}


USABLE = {"file", "link"}


def _content(path: Path) -> Path:
    content = path.with_name(f"content {path.name.encode().hex()}")
    content.write_bytes(b"x")
    return content


async def stamped(case: Case) -> set[str]:
    """The names of the files that have a code in Stash."""
    async with case.stash() as store:
        return {Path(one.visual_files[0].path).name for one in await store.find(Image) if one.code}
