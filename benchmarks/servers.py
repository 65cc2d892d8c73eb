"""The Stash under the benchmark: the embedded one in a process of its own, or a real one that the environment names."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Server:
    """A Stash, and the folder that is its library."""

    url: str
    library: Path
    name: str

    def ask(self, query: str) -> dict[str, Any]:
        """One request."""
        reply = httpx.post(f"{self.url}/graphql", json={"query": query}, timeout=600)
        return dict(reply.json()["data"])

    def scan(self) -> None:
        """Scan the library, and wait for it."""
        self.ask("mutation { metadataScan(input: {}) }")
        while self.ask("{ jobQueue { id } }")["jobQueue"]:
            time.sleep(0.2)


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A Stash for the length of a block."""
    if url := os.environ.get("STASH_URL"):
        yield Server(url, Path(os.environ["STASH_LIBRARY"]), "a real Stash")
        return
    library = folder / "library"
    library.mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "stash.cli", "embedded", "--port", str(port), "--library", str(library)]
    command += ["--embedded-dir", str(folder / "stash")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Server(f"http://127.0.0.1:{port}", library, "the embedded Stash")
    try:
        _wait(server, process)
        yield server
    finally:
        process.terminate()
        process.wait()


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        try:
            server.ask("{ version { version } }")
        except httpx.TransportError:
            assert process.poll() is None, "the embedded Stash did not start"
            time.sleep(0.1)
        else:
            return
