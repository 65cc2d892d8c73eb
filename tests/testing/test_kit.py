"""The counter, the factories, the in-process Stash, and the plugin in a project of its own."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Image, Scene, Tag

from stash import testing
from stash.source.items import ItemHashtag
from stash.testing import (
    CreatorFactory,
    ItemFactory,
    ItemHashtagFactory,
    ItemMediaFactory,
    add_image,
    add_scene,
    count_api_calls,
    create_hashtag,
)

if TYPE_CHECKING:
    from stash.embedded import EmbeddedStash
    from stash.processing import StashProcessing
    from stash.store import StashStore

ROOT = Path(__file__).resolve().parents[2]


async def test_reads_and_writes_are_counted(stash_store: StashStore) -> None:
    """Reads, writes and mutations count apart, from the beginning of the block to its end."""
    await stash_store.get(Tag, "1")
    with count_api_calls() as counter:
        assert counter.total_calls == 0
        tag = await stash_store.get(Tag, "2")
        tag.name = "red"
        await stash_store.save(tag)
        assert (counter.reads, counter.writes, counter.mutations, counter.total_calls) == (1, 1, 1, 2)
    await stash_store.get(Tag, "3")
    assert counter.total_calls == 2


async def test_a_failed_block_is_counted(stash_store: StashStore) -> None:
    """A block that ends in an error has its figures too."""
    await stash_store.get(Tag, "1")
    with suppress(ZeroDivisionError), count_api_calls() as counter:
        await stash_store.get(Tag, str(1 // len(await stash_store.find(Tag, name="red"))))
    await stash_store.get(Tag, "2")
    assert counter.total_calls == 1


async def test_scans_are_counted(
    embedded_stash_processor: StashProcessing, embedded_stash: EmbeddedStash
) -> None:
    """The requests of a scan are part of the total, and neither reads nor writes."""
    with count_api_calls() as counter:
        await add_image(embedded_stash_processor.store, embedded_stash.library[0] / "a.jpg")
    assert counter.total_calls > counter.reads + counter.writes
    assert counter.writes == 0


def test_without_a_store_nothing_is_counted() -> None:
    """Without an open store the block does not begin, and the sentence says what to do."""
    with pytest.raises(AssertionError, match="no open store; use a fixture"), count_api_calls():
        pytest.fail("it began")


@pytest.mark.integration
@pytest.mark.parametrize(("add", "kind", "name"), [(add_scene, Scene, "a.mp4"), (add_image, Image, "a.jpg")])
async def test_files_are_added(
    embedded_stash_processor: StashProcessing,
    embedded_stash: EmbeddedStash,
    add: object,
    kind: type,
    name: str,
) -> None:
    """A file that is added stands in the library, and Stash has its entity with the values given."""
    store = embedded_stash_processor.store
    path = embedded_stash.library[0] / "creator" / name
    added = await add(store, path, code="7", title="A title")
    assert path.is_file()
    store.invalidate_all()
    [found] = await store.find(kind, code="7")
    files = found.visual_files if kind is Image else found.files
    assert found is added
    assert (found.title, [file.path for file in files]) == ("A title", [str(path)])


@pytest.mark.parametrize("name", [name for name in testing.__all__ if name.endswith("Factory")])
def test_every_factory_builds(name: str) -> None:
    """Two built objects differ, and one takes the values that it is given."""
    factory = getattr(testing, name)
    first, second = factory.build(), factory.build()
    assert first is not second
    assert first != second
    field = "value" if name == "ItemHashtagFactory" else "media" if name == "ItemMediaFactory" else None
    field = field or ("handle" if name == "MentionFactory" else "id")
    assert getattr(factory.build(**{field: getattr(first, field)}), field) == getattr(first, field)


def test_an_item_holds_what_it_is_given() -> None:
    """Items, their media and their hashtags fit together."""
    item = ItemFactory.build(account=CreatorFactory.build(username="anna"), hashtags=(ItemHashtagFactory(),))
    item = dataclasses.replace(item, media=(ItemMediaFactory.build(owner=item.ref),))
    assert (item.account.displayName, item.media[0].owner) == ("Anna", item.ref)
    assert re.search(rf"_id_{item.media[0].media.id}\.jpg$", item.media[0].media.local_filename)


@pytest.mark.parametrize("value", ["red", "#red"])
def test_a_hashtag_has_no_sign(value: str) -> None:
    """A hashtag is what the reader returns, with or without the sign in front."""
    assert create_hashtag(value) == ItemHashtag("red")


def in_a_project(folder: Path, test: str, settings: str) -> subprocess.CompletedProcess[str]:
    """Run a test in a project whose conftest names the plugin."""
    (folder / "conftest.py").write_text('pytest_plugins = ["stash.testing.plugin"]\n')
    (folder / "test_it.py").write_text(test)
    (folder / "pytest.ini").write_text(f"[pytest]\n{settings}")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )


STRICT = "asyncio_mode = strict\nasyncio_default_fixture_loop_scope = function\naddopts = --strict-markers\nfilterwarnings = error\n"
SNIPPET = """
from unittest.mock import patch
import pytest
from stash_graphql_client.types import Performer, Scene, UNSET

@pytest.mark.asyncio
async def test_identity_map_deduplication(stash_store):
    performer1 = await stash_store.get(Performer, "123")
    performer2 = await stash_store.get(Performer, "123")
    assert performer1 is performer2

@pytest.mark.asyncio
async def test_unset_preserves_fields(stash_store, stash_client):
    scene = await stash_store.get(Scene, "123")
    scene.title = "New Title"
    scene.organized = UNSET
    with patch.object(scene, "save"):
        await scene.save(stash_client)

@pytest.mark.integration
def test_marked():
    pass
"""


def test_a_strict_project_takes_the_plugin(tmp_path: Path) -> None:
    """Fixtures and marker work where markers, asyncio and warnings are strict."""
    done = in_a_project(tmp_path, SNIPPET, STRICT)
    assert "3 passed" in done.stdout, done.stdout
