"""The pytest plugin: `pytest_plugins = ["stash.testing.plugin"]` in a `conftest.py` brings these fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
import pytest_asyncio
import respx

from stash.embedded import EmbeddedStash
from stash.processing import StashProcessing
from stash.store import StashContext
from stash.testing.stash_replies import StashReplies
from stash.testing.transport import RootFieldTransport
from stash.transport.graphql import TransportConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from stash.store import StashStore
    from stash.transport.client import Connection

STASH_URL = "http://localhost:9999"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of tests on the in-process Stash, and allow `patch.object(scene, "save")`."""
    config.addinivalue_line("markers", "integration: a test on the in-process Stash of stash.testing")
    # The library takes the name for a field that Stash answered, and warns.
    category = "stash_graphql_client.types.base.StashUnmappedFieldWarning"
    config.addinivalue_line("filterwarnings", f"ignore:.*Unmapped fields from server. save:{category}")


@pytest.fixture
def stash_replies() -> StashReplies:
    """Return the canned replies of the mocked Stash, and what it was asked for."""
    return StashReplies()


@pytest_asyncio.fixture
async def respx_stash_processor(stash_replies: StashReplies) -> AsyncIterator[StashProcessing]:
    """Give a processor on a mocked Stash, whose route a test may mock anew with replies by root field."""
    config = TransportConfig(STASH_URL, patience=0, connect_patience=0, transport=RootFieldTransport())
    with respx.mock:
        respx.post(f"{STASH_URL}/graphql").mock(side_effect=stash_replies.answer)
        async for processor in _connected(config):
            respx.reset()  # the calls of connecting
            yield processor


@pytest_asyncio.fixture
async def stash_store(respx_stash_processor: StashProcessing) -> StashStore:
    """Return the store of `respx_stash_processor`."""
    return respx_stash_processor.context.store


@pytest_asyncio.fixture
async def stash_client(respx_stash_processor: StashProcessing) -> Connection:
    """Return the client of `respx_stash_processor`."""
    return respx_stash_processor.store.connection


@pytest.fixture
def embedded_stash(tmp_path: Path) -> Iterator[EmbeddedStash]:
    """Give an in-process Stash with an empty library, whose folder is `embedded_stash.library[0]`."""
    library = tmp_path / "stash-library"
    library.mkdir()
    with EmbeddedStash([library]) as embedded:
        yield embedded


@pytest_asyncio.fixture
async def embedded_stash_processor(embedded_stash: EmbeddedStash) -> AsyncIterator[StashProcessing]:
    """Give a processor on the in-process Stash."""
    transport = httpx.ASGITransport(app=embedded_stash.app)
    async for processor in _connected(TransportConfig("http://stash.embedded", transport=transport)):
        yield processor


async def _connected(config: TransportConfig) -> AsyncIterator[StashProcessing]:
    context = StashContext(config=config)
    await context.get_client()
    try:
        yield StashProcessing(context)
    finally:
        await context.close(force=True)
