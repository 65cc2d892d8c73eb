"""WebSockets: the handshake, subscriptions, and the client library that wants them."""

from __future__ import annotations

import json
import logging

import pytest
from stash_graphql_client import StashContext
from stash_graphql_client.types import Gallery, GalleryChapter, Image, Performer, Studio, Tag
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from stash.embedded import serve
from tests.contract.media import gif, jpeg, mp4

from .conftest import ask, pictures


@pytest.mark.parametrize("protocols", [["graphql-transport-ws"], ["graphql-ws"], None])
async def test_d4_handshake(stash, protocols):
    """D4: both sub-protocols, and none, are acknowledged; pings are answered."""
    async with (
        serve(stash) as url,
        connect(f"{url.replace('http', 'ws')}/graphql", subprotocols=protocols) as ws,
    ):
        assert ws.subprotocol == (protocols[0] if protocols else None)
        await ws.send('{"type": "connection_init"}')
        assert json.loads(await ws.recv()) == {"type": "connection_ack"}
        await ws.send('{"type": "ping"}')
        assert json.loads(await ws.recv()) == {"type": "pong"}


async def test_d4_handshake_needs_the_key(guarded):
    """D4: the key is needed at the handshake."""
    async with serve(guarded) as url:
        address = f"{url.replace('http', 'ws')}/graphql"
        with pytest.raises(InvalidStatus):
            await connect(address)
        async with connect(address, additional_headers={"ApiKey": "secret"}):
            pass


async def test_d5_subscriptions(stash, library):
    """D5: a scan is told of as ADD, UPDATE and REMOVE with its last status; then it is complete. Queries work too."""
    (library / "a.jpg").write_bytes(jpeg())
    async with (
        serve(stash) as url,
        connect(f"{url.replace('http', 'ws')}/graphql", subprotocols=["graphql-transport-ws"]) as ws,
    ):
        for key, document in (
            ("jobs", "subscription { jobsSubscribe { type job { id status } } }"),
            ("scans", "subscription { scanCompleteSubscribe }"),
            ("query", "{ systemStatus { appSchema } }"),
        ):
            await ws.send(json.dumps({"id": key, "type": "subscribe", "payload": {"query": document}}))
        replies = [json.loads(await ws.recv()) for _ in range(2)]
        assert replies == [
            {"id": "query", "type": "next", "payload": {"data": {"systemStatus": {"appSchema": 75}}}},
            {"id": "query", "type": "complete"},
        ]
        await ask(stash, "mutation { metadataScan(input: {}) }")
        told = []
        updates = []
        while {"type": "REMOVE", "job": {"id": "1", "status": "FINISHED"}} not in updates or len(told) == len(
            updates
        ):
            told.append(json.loads(await ws.recv()))
            updates = [reply["payload"]["data"]["jobsSubscribe"] for reply in told if reply["id"] == "jobs"]
        assert [update["type"] for update in updates][:2] == ["ADD", "UPDATE"]
        assert [reply["payload"] for reply in told if reply["id"] == "scans"] == [
            {"data": {"scanCompleteSubscribe": True}}
        ]
        await ws.send('{"id": "jobs", "type": "complete"}')


@pytest.fixture
async def context(guarded):
    """The client library's context, connected to an embedded Stash with a key."""
    logging.getLogger("stash_graphql_client").setLevel(logging.INFO)
    async with serve(guarded) as url:
        port = int(url.rpartition(":")[2])
        connected = StashContext(
            conn={"Scheme": "http", "Host": "127.0.0.1", "Port": port, "ApiKey": "secret"}
        )
        await connected.get_client()
        yield connected
        await connected.close()


async def test_e_the_client_library_scans_and_finds(context, guarded, library):
    """E1, E6, E11: get_client, a scan that is waited for, and finds of the client library work, with a key."""
    for name, content in (("a.jpg", jpeg()), ("b.gif", gif()), ("c.mp4", mp4())):
        (library / name).write_bytes(content)
    job = await context.client.metadata_scan(paths=[str(library)])
    await guarded.jobs.idle()
    assert await context.client.wait_for_job(job) is True
    assert (await context.client.find_images()).count == 2
    assert (await context.client.find_scenes()).count == 1
    [image] = await context.store.find(Image, path__regex=r"a\.jpg$")
    assert image.visual_files[0].path == str(library / "a.jpg")


async def test_e_the_client_library_saves(context, guarded):
    """E3 to E5: what the client library saves, of each type, is there."""
    await pictures(guarded, 1, ApiKey="secret")
    performer, studio, tag = Performer(name="Anna", urls=["https://x"]), Studio(name="S"), Tag(name="t")
    for entity in (performer, studio, tag):
        await context.store.save(entity)
    [image] = await context.store.find(Image)
    image.title, image.performers, image.tags, image.studio = "T", [performer], [tag], studio
    await image.save(context.client)
    gallery = Gallery(title="G", studio=studio)
    await context.store.save(gallery)
    await gallery.add_image(image)
    await context.store.save(gallery)
    await GalleryChapter(gallery=gallery, title="c", image_index=1).save(context.client)
    document = (
        "{ findGallery(id: 1) { title image_count studio { name } chapters { title } "
        "image(index: 0) { title tags { name } performers { name } } } }"
    )
    assert (await ask(guarded, document, ApiKey="secret"))["data"]["findGallery"] == {
        "title": "G",
        "image_count": 1,
        "studio": {"name": "S"},
        "chapters": [{"title": "c"}],
        "image": {"title": "T", "tags": [{"name": "t"}], "performers": [{"name": "Anna"}]},
    }
