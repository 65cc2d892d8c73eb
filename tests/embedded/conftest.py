"""An embedded Stash in process, and a way to ask it."""

from __future__ import annotations

from contextlib import asynccontextmanager

import httpx
import pytest

from stash.embedded import EmbeddedStash
from tests.contract.media import jpeg


@pytest.fixture
def library(tmp_path):
    """An empty folder."""
    folder = tmp_path / "library"
    folder.mkdir()
    return folder


@pytest.fixture
def stash(library):
    """An embedded Stash that keeps nothing."""
    with EmbeddedStash([library]) as embedded:
        yield embedded


@pytest.fixture
def guarded(library):
    """An embedded Stash with a key."""
    with EmbeddedStash([library], api_key="secret") as embedded:
        yield embedded


@asynccontextmanager
async def client(embedded, **headers):
    """An HTTP client that reaches an embedded Stash in process."""
    transport = httpx.ASGITransport(embedded.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://embedded", headers=headers) as http:
        yield http


async def ask(embedded, document, variables=None, **headers):
    """The JSON of a reply."""
    async with client(embedded, **headers) as http:
        reply = await http.post("/graphql", json={"query": document, "variables": variables or {}})
        return reply.json()


async def pictures(embedded, count, **headers):
    """Have pictures scanned and return the ids of the images."""
    for number in range(count):
        (embedded.library[0] / f"{number}.jpg").write_bytes(jpeg())
    await ask(embedded, "mutation { metadataScan(input: {}) }", **headers)
    await embedded.jobs.idle()
    found = await ask(
        embedded, '{ findImages(filter: {per_page: -1, sort: "path"}) { images { id } } }', **headers
    )
    return [image["id"] for image in found["data"]["findImages"]["images"]]
