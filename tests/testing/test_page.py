"""The tests of the page for whoever keeps a downloader, run as a reader has them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from stash_graphql_client.types import Scene

from stash import testing

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "test-your-downloader.md").read_text("utf-8")


def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    """Every test of the page passes in a project with the settings that pytest has by itself."""
    blocks = re.findall(r"<!-- run as (\w+\.py) -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    for name, text in [*blocks, ("conftest.py", 'pytest_plugins = ["stash.testing.plugin"]\n')]:
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "."],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "5 passed" in done.stdout, done.stdout
    assert len(blocks) == PAGE.count("```python") - 1


def test_names_of_the_page_exist() -> None:
    """Each name that the page imports from the kit is one of its own."""
    named = {one for line in re.findall(r"from stash\.testing import (.+)", PAGE) for one in line.split(", ")}
    assert {*named, "Refusal", "add_image"} <= set(testing.__all__)


async def test_a_patched_save_sends_nothing(stash_store, stash_replies) -> None:
    """A `save` that is patched on an entity or on its class sends no mutation, and the next one does."""
    scene = await stash_store.get(Scene, "123")
    scene.title = "One"
    with patch.object(scene, "save") as save:
        await scene.save()
    save.assert_awaited_once()
    assert stash_replies.mutations == []
    await scene.save()
    assert len(stash_replies.mutations) == 1
    scene.title = "Two"
    with patch.object(type(scene), "save") as save:
        await scene.save()
    save.assert_awaited_once()
    assert len(stash_replies.mutations) == 1
