"""The commands of the README, the tutorial and the how-to pages, run one after the other as a reader does."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from metadata.ingest import ingest_paths
from metadata.making import open_or_make
from stash.demo import write_world
from stash.embedded import EmbeddedStash, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
NOT_HERE = re.compile(r"^(?:python3 -m venv|\S*pip|systemctl|export PATH=|make) .*$", re.MULTILINE)
"""Lines that would change the machine; each has been run by hand."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def served(library: Path) -> Iterator[int]:
    """Serve the embedded Stash from another process, with this library."""
    port = free_port()
    command = [str(BIN / "stash-sync"), "embedded", "--port", str(port), "--library", str(library)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with socket.socket() as tried:
                    if tried.connect_ex(("127.0.0.1", port)) == 0:
                        break
            yield port
        finally:
            server.terminate()


def made(folder: Path) -> tuple[Path, Path]:
    """Make a small library of one's own. Return its database and its downloads."""
    world = write_world(folder, items=16)
    database = folder / "own.sqlite"

    async def ingest() -> None:
        opened = await open_or_make(str(database))
        await ingest_paths(opened, [world.payloads])
        await opened.close()

    asyncio.run(ingest())
    return database, world.downloads


def read(page: str) -> str:
    """Return the shell blocks of a page as one script."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    return "".join(blocks)


def run(script: str, folder: Path) -> str:
    """Run a script in a folder, to its first failure. Return what it said."""
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, script + done.stdout + done.stderr
    return done.stdout


def as_here(script: str, port: int, database: Path, downloads: Path) -> str:
    """Put this machine's addresses and paths in the place of those of a page."""
    for theirs, ours in (
        ("~/stash-sync/bin/", ""),
        (" STASH_API_KEY=YOUR_KEY", ""),
        ("/path/to/metadata.sqlite", str(database)),
        ("/path/to/downloads", str(downloads)),
        ("/home/me/downloads", str(downloads)),
        ("sync anna", "sync lena_fields"),
    ):
        script = script.replace(theirs, ours)
    script = re.sub(r"http://[a-z-]+:9999", f"http://127.0.0.1:{port}", script)
    return NOT_HERE.sub("true", script)


def settings(port: int, database: Path, downloads: Path) -> str:
    """Return the lines by which a page that names none finds everything."""
    return (
        f"export STASH_URL=http://127.0.0.1:{port} STASH_SYNC_DATABASE_URL={database}\n"
        f"export STASH_SYNC_DOWNLOADS={downloads}\n"
    )


def test_the_readme(tmp_path: Path) -> None:
    """All commands of the README end well, one after the other, and the sync writes."""
    database, downloads = made(tmp_path)
    with served(downloads) as port:
        said = run(as_here(read("README.md"), port, database, downloads), tmp_path)
    assert "First run: everything is new." in said
    assert "would change; --html FILE shows each." in said
    assert said.rstrip().endswith("`stash-sync undo 1` takes it back.")


def test_the_tutorial(tmp_path: Path) -> None:
    """The tutorial ends well from its first command to its last, and says what it is told to say."""
    database, downloads = made(tmp_path / "own")
    script = read("docs/tutorial.md").replace(
        "embedded --library", f"embedded --port {(demo := free_port())} --library"
    )
    script = script.replace("http://127.0.0.1:9998", f"http://127.0.0.1:{demo}")
    with served(downloads) as port:
        said = run(as_here(script, port, database, downloads), tmp_path)
    told = re.findall(r"```text\n(.*?)```", (ROOT / "docs" / "tutorial.md").read_text("utf-8"), re.DOTALL)
    assert len(told) == 3
    assert [block for block in told if block not in said] == []
    assert said.count(" 0 problems;") == 2
    assert "57 galleries" in said.split("Run 1 is taken back.")[1].split("Run 1;")[0]
    assert "My own title" in said
    assert {"run.html", "plan.html"} <= {path.name for path in tmp_path.rglob("*.html")}


def test_stash_in_docker(tmp_path: Path) -> None:
    """With the files under another path, the doctor finds a problem first, and none with the map of the page."""
    database, downloads = made(tmp_path)
    inside = tmp_path / "data" / "of"
    shutil.copytree(downloads, inside)
    script = read("docs/how-to/docker-paths.md").replace(
        "stash-sync doctor", "stash-sync doctor || test $? = 2", 1
    )
    script = as_here(script, 1, database, downloads).replace("/data/of", str(inside))
    scan = f"stash-sync sync --dry-run --scan --quiet --path-map {downloads}={inside}\n"
    with served(inside) as port:
        script = script.replace("http://127.0.0.1:1", f"http://127.0.0.1:{port}")
        said = run(f"{settings(port, database, downloads)}{scan}{script}", tmp_path)
    assert f"export STASH_SYNC_PATH_MAP={downloads}={inside}" in said
    assert (said.count(" 1 problem;"), said.count(" 0 problems;")) == (1, 1)


def test_moving_stash(tmp_path: Path) -> None:
    """All commands about a Stash that moved, was restored or was made anew are taken, and end well."""
    database, downloads = made(tmp_path)
    with served(downloads) as port:
        script = f"{settings(port, database, downloads)}stash-sync sync --quiet\n{read('docs/how-to/moving-stash.md')}"
        said = run(as_here(script, port, database, downloads), tmp_path)
    assert " 0 problems;" in said


def test_undo(tmp_path: Path) -> None:
    """The page about undo takes the only run back, and a sync brings it again."""
    database, downloads = made(tmp_path)
    with served(downloads) as port:
        script = (
            f"{settings(port, database, downloads)}stash-sync sync --quiet\n{read('docs/how-to/undo.md')}"
        )
        said = run(as_here(script, port, database, downloads), tmp_path)
    assert "Nothing was written; `stash-sync undo 1` does it." in said
    assert said.count("Run 1 is taken back.") == 1
    assert said.count("Nothing to do: nothing of run 1 is left that could be taken back.") == 2


def test_uninstall(tmp_path: Path) -> None:
    """After the page about uninstalling nothing is remembered, and the files are those that it names."""
    database, downloads = made(tmp_path)
    with served(downloads) as port:
        script = f"{settings(port, database, downloads)}stash-sync sync --quiet\n{read('docs/how-to/uninstall.md')}"
        said = run(as_here(script, port, database, downloads), tmp_path)
    assert "Forgotten." in said
    page = (ROOT / "docs" / "how-to" / "uninstall.md").read_text("utf-8").split("## 3.")[1]
    beside = {path.name.removeprefix(database.name) for path in tmp_path.glob(f"{database.name}.*")}
    assert {name for name in beside if f"`…{name}`" not in page} == set()
    assert ".before-forget" in beside


def test_schedule(tmp_path: Path) -> None:
    """The commands for a schedule end well, in the folder of their settings."""
    database, downloads = made(tmp_path)
    (tmp_path / "stash-sync-settings").mkdir()
    with served(downloads) as port:
        script = settings(port, database, downloads) + read("docs/how-to/schedule.md")
        run(
            as_here(script, port, database, downloads).replace("python fansly_downloader_ng.py", "true"),
            tmp_path,
        )


@pytest.mark.parametrize("page", ["docs/reference/store.md"])
async def test_the_script_of_the_store(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script on the page about the store runs as it stands, but for the address."""
    found = re.search(r"```python\n(import.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    assert found is not None
    script = tmp_path / "script.py"
    with EmbeddedStash([tmp_path]) as stash:
        async with serve(stash) as url:
            script.write_text(found[1].replace("http://localhost:9999", url))
            monkeypatch.setenv("PYTHONPATH", str(ROOT))
            process = await asyncio.create_subprocess_exec(
                sys.executable, str(script), stdout=subprocess.PIPE
            )
            out, _ = await process.communicate()
    assert process.returncode == 0
    assert out.startswith(b"Requests(reads=")
