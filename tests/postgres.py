"""A PostgreSQL of the tests' own: a fresh cluster in a temporary folder, on a free loopback port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_USER = "postgres"
_HOMES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


class Cluster:
    """A running PostgreSQL server; every database in it is of a test."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries, self._folder = binaries, folder
        self._numbers = count(1)
        self.port = _free_port()

    def start(self) -> None:
        """Make the cluster and start its server."""
        data = self._folder / "data"
        self._run("initdb", "-D", data, "-A", "trust", "-U", _USER, "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-h 127.0.0.1 -p {self.port} -k {self._folder} -c fsync=off"
        self._run("pg_ctl", "-D", data, "-w", "-l", self._folder / "log", "-o", options, "start")

    def stop(self) -> None:
        """Stop the server."""
        self._run("pg_ctl", "-D", self._folder / "data", "-m", "immediate", "stop")

    def create(self, script: str = "") -> str:
        """A new database, filled by a script of psql; the answer is its URL."""
        name = f"test_{next(self._numbers)}"
        reach = ("-h", "127.0.0.1", "-p", str(self.port), "-U", _USER)
        self._run("createdb", *reach, name)
        self._run("psql", *reach, "-q", "-v", "ON_ERROR_STOP=1", "-d", name, script=script)
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str | Path, script: str = "") -> None:
        command = [str(self._binaries / program), *map(str, arguments)]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--init-groups", *command]
        # The server inherits the files of pg_ctl, so these must not be pipes that somebody waits on.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                command,
                input=script.encode(),
                stdout=output,
                stderr=output,
                check=False,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C"},
                timeout=120,
            )
            output.seek(0)
            assert done.returncode == 0, f"{program}: {output.read().decode(errors='replace')}"


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def _cluster(binaries: Path) -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, _USER, _USER)
    cluster = Cluster(binaries, folder)
    try:
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A PostgreSQL server for the whole session; skipped where none is installed."""
    if not _HOMES:
        pytest.skip("no PostgreSQL server is installed below /usr/lib/postgresql")
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL refuses to run as root, and there is no setpriv to leave it")
    with _cluster(_HOMES[0]) as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> str:
    """The URL of an empty PostgreSQL database."""
    return postgres_cluster.create()


@pytest.fixture
def postgres_database(postgres_cluster: Cluster) -> Callable[[str], str]:
    """Makes a PostgreSQL database of a script of psql; the answer is its URL."""
    return postgres_cluster.create
