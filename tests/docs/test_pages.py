"""The pages: what they name exists, and what they tell to run runs."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from metadata.ingest import ingest_paths
from metadata.making import open_or_make
from stash.demo import write_world
from stash.embedded import EmbeddedStash, serve

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
COMMAND = str(Path(sys.executable).parent / "stash-sync")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the project leads to one."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_files_and_tests_exist(page: Path) -> None:
    """Every file that a page names exists, and every test in it."""
    text = page.read_text("utf-8")
    for path, _, test in re.findall(r"`((?:stash|metadata|tests|docs)/[\w./]+\.(?:py|md))(::(\w+))?`", text):
        assert (ROOT / path).is_file(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text("utf-8"), f"{path}::{test}"


def test_make_targets_exist() -> None:
    """Every make target that a page names is one."""
    named = {t for page in PAGES for t in re.findall(r"`?make ([a-z]+)`?", page.read_text("utf-8"))} - {
        "sure"
    }
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert named - targets - {"run", "them", "again", "itself"} == set()
    assert {"demo", "test", "install", "check", "help"} <= targets


def test_processing_is_clean() -> None:
    """The processing package holds no filter dict, no call of the client and no cache invalidation."""
    for path in (ROOT / "stash" / "processing").rglob("*.py"):
        assert not re.search(r'"modifier"|\bclient\.\w+\(|invalidate', path.read_text("utf-8")), path


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_the_readmes_real_use(tmp_path: Path) -> None:
    """The five lines of real use end well, with a Stash that another process serves."""
    world = write_world(tmp_path, items=16)
    database = tmp_path / "metadata.sqlite"

    async def ingest() -> None:
        opened = await open_or_make(str(database))
        await ingest_paths(opened, [world.payloads])
        await opened.close()

    asyncio.run(ingest())
    port = free_port()
    serving = [COMMAND, "embedded", "--port", str(port), "--library", str(world.downloads)]
    lines = re.search(
        r"```console\n(\$ make install.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL
    )
    assert lines is not None
    script = re.sub(r"^\$ ", "", lines[1], flags=re.MULTILINE)
    script = (
        script.replace("make install", "true")
        .replace("http://localhost:9999 STASH_API_KEY=…", f"http://127.0.0.1:{port}")
        .replace("/path/to/metadata.sqlite", str(database))
        .replace("/path/to/downloads", str(world.downloads))
        .replace(".venv/bin/stash-sync", COMMAND)
    )
    with subprocess.Popen(serving, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(port)
            environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
            done = subprocess.run(
                ["bash", "-ec", script],
                capture_output=True,
                text=True,
                env=environment,
                check=False,
                timeout=120,
            )
        finally:
            server.terminate()
    assert "would change" in done.stdout or "Nothing to do" in done.stdout
    assert "Done." in done.stdout, done.stdout + done.stderr


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError("the embedded Stash did not start")


async def test_the_readmes_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script of the README runs as it stands, but for the address."""
    found = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
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
