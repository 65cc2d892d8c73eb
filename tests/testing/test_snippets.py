"""The guide's four snippets, with the names and calls that it prescribes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from stash_graphql_client.types import Performer, Scene

from stash.testing import add_scene, count_api_calls, create_hashtag

if TYPE_CHECKING:
    from stash.embedded import EmbeddedStash
    from stash.processing import StashProcessing
    from stash.store import StashStore
    from stash.testing import StashReplies
    from stash.transport.client import Connection


@pytest.mark.asyncio
async def test_identity_map_deduplication(stash_store: StashStore, stash_replies: StashReplies) -> None:
    """Two reads of one id give one object, with one request."""
    performer1 = await stash_store.get(Performer, "123")
    performer2 = await stash_store.get(Performer, "123")
    assert performer1 is performer2
    performer1.name = "Updated Name"
    assert performer2.name == "Updated Name"
    assert [(call.name, call.arguments) for call in stash_replies.calls] == [
        ("findPerformers", {"ids": ["123"]})
    ]


@pytest.mark.asyncio
async def test_unset_preserves_fields(
    stash_store: StashStore, stash_client: Connection, stash_replies: StashReplies
) -> None:
    """A field that is UNSET is in no mutation, beside one that is changed."""
    from stash_graphql_client.types import UNSET  # noqa: PLC0415 - as in the guide

    client = stash_client
    scene = await stash_store.get(Scene, "123")
    scene.title = "New Title"
    scene.organized = UNSET
    with patch.object(scene, "save") as mock_save:
        await scene.save(client)
        call_args = mock_save.call_args
    assert call_args.args == (client,)
    assert stash_replies.mutations == []
    await scene.save(client)
    assert [(call.name, call.arguments) for call in stash_replies.mutations] == [
        ("sceneUpdate", {"input": {"id": "123", "title": "New Title"}})
    ]


@pytest.fixture
def processor(embedded_stash_processor: StashProcessing) -> StashProcessing:
    """Return the processor of the guide's integration tests."""
    return embedded_stash_processor


@pytest.mark.integration
async def test_tag_batching_performance(processor: StashProcessing) -> None:
    """Twenty hashtags become twenty tags with at most five requests."""
    hashtags = [create_hashtag(f"tag{i}") for i in range(20)]
    with count_api_calls() as counter:
        tags = await processor._process_hashtags_to_tags(hashtags)
    assert 0 < counter.total_calls <= 5
    assert counter.mutations == 20
    assert len(tags) == 20


@pytest.mark.integration
async def test_identity_map_coherency(processor: StashProcessing, embedded_stash: EmbeddedStash) -> None:
    """A performer found through a scene is the object that was created."""
    store = processor.store
    performer = await store.create(Performer, name="Test")
    folder = embedded_stash.library[0]
    await add_scene(store, folder / "a.mp4", code="test-scene", performers=[performer])

    scene = await store.find_one(Scene, code="test-scene")
    assert scene.performers[0] is performer
    performer.name = "Updated"
    assert scene.performers[0].name == "Updated"
