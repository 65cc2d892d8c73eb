"""Web pages of strangers: what a browser sends on their behalf is refused, over HTTP and WebSocket."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from stash.embedded import serve
from tests.contract.media import mp4

from .conftest import ask, pictures

_VERSION = '{"query": "{ systemStatus { appSchema } }"}'
_DESTROY = "mutation { imagesDestroy(input: {ids: [1, 2], delete_file: true}) }"

ORIGINS = (
    "null", "", "*", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1", "http://localhost",
    "http://127.0.0.1:{other}", "http://localhost:{other}", "http://127.0.0.1.evil.com",
    "http://127.0.0.1.evil.com:{port}", "http://evil.com:{port}", "HTTP://EVIL.COM:{port}", "http://LOCALHOST:{other}",
    "http://[::1]:{other}", "http://[::1].evil.com:{port}", "http://127.0.0.1.:{port}", "http://localhost.:{port}",
    "http://127.0.0.1:{port}@evil.com", "http://user:pass@127.0.0.1:{port}", "http://evil.com#127.0.0.1:{port}",
    "http://127.0.0.1:{port}/", "http://127.0.0.1:{port}.evil.com", "http://127.0.0.1:{port}, http://evil.com",
    "http://0.0.0.0:{port}", "http://127.0.0.2:{port}", "http://2130706433:{port}", "http://0x7f.1:{port}",
    "file://", "chrome-extension://abcdefgh", "ws://127.0.0.1:{port}", "http://127.0.0.1:0{port}",
    "http://\u0661\u0662\u0667.0.0.1:{port}",
)  # fmt: skip
HOSTS = (
    None, "", "evil.example", "evil.example:{port}",
    "127.0.0.1.evil.com:{port}", "127.0.0.1.:{port}", "localhost.:{port}", "localhost.evil.com:{port}",
    "EVIL.COM:{port}", "127.0.0.1:{port}.evil.com", "user@127.0.0.1:{port}", "127.0.0.1:{port}@evil.com",
    "::1:{port}", "[::1%25lo]:{port}", "0.0.0.0:{port}", "127.0.0.2:{port}", "127.1:{port}",
    "2130706433:{port}", "0x7f.0.0.1:{port}", "127.0.0.1:0{port}", "127.0.0.1:{port}/", "192.168.1.1:{port}",
    "localhost:{port}, evil.com", "rebound.evil.example:{port}",
)  # fmt: skip
ROUTES = (
    "/",
    "/graphql?query={{systemStatus{{appSchema}}}}",
    "/healthz",
    "/image/1/image",
    "/scene/1/stream",
    "/nothing",
)


def own(port):
    """The addresses under which a server on 127.0.0.1 is itself."""
    return [f"{name}:{port}" for name in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]")] + ["127.0.0.1:1"]


def request(port, method, path, headers, body=b""):
    """Send exactly these headers, whatever they are, and return the status."""
    lines = [
        f"{method} {path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers),
        "Connection: close",
    ]
    lines += [f"Content-Length: {len(body)}"] if body else []
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall("\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body)
        reply = http.client.HTTPResponse(raw)
        reply.begin()
        return reply.status


async def graphql(port, *headers, body=_VERSION, kind="application/json"):
    """The status of a POST with these headers in place of the usual ones."""
    given = [*headers, ("Content-Type", kind)]
    return await asyncio.to_thread(request, port, "POST", "/graphql", given, body.encode())


async def handshake(port, headers, path="/graphql"):
    """The status of a WebSocket's handshake."""
    given = [
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ]
    lines = [
        f"GET {path} HTTP/1.1",
        "Connection: Upgrade",
        *(f"{name}: {value}" for name, value in [*given, *headers]),
    ]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write("\r\n".join(lines).encode("utf-8") + b"\r\n\r\n")
        return int((await asyncio.wait_for(reader.readline(), 10)).split()[1])
    finally:
        writer.close()


@pytest.fixture
async def port(stash, library):
    """The port of an embedded Stash with two pictures and a video."""
    (library / "a.mp4").write_bytes(mp4())
    await pictures(stash, 2)
    async with serve(stash) as url:
        yield int(url.rpartition(":")[2])


async def test_its_own_addresses_are_served(port):
    """Each loopback name with the own port is answered, with its own Origin, with none, and from the address bar."""
    for host in own(port):
        for more in (
            [],
            [("Origin", f"http://{host}")],
            [("Sec-Fetch-Site", "same-origin")],
            [("Sec-Fetch-Site", "none")],
        ):
            assert await graphql(port, ("Host", host), *more) == 200, (host, more)
            assert await handshake(port, [("Host", host), *more]) == 101, (host, more)


@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_foreign_origin_is_refused(port, origin):
    """A request or handshake on behalf of another page is refused at every route, whatever its Host."""
    named = origin.format(port=port, other=port + 1)
    for host in own(port):
        headers = [("Host", host), ("Origin", named)]
        assert await graphql(port, *headers) == 403
        assert await handshake(port, headers) == 403
        for route in ROUTES:
            assert await asyncio.to_thread(request, port, "GET", route.format(), headers) == 403


@pytest.mark.parametrize("host", HOSTS)
async def test_a_foreign_host_is_refused(port, host):
    """A name that merely resolves to this machine is refused at every route, by both protocols, with any Origin."""
    named = None if host is None else host.format(port=port, other=port + 1)
    hosts = [] if named is None else [("Host", named)]
    for headers in (
        hosts,
        [*hosts, ("Origin", f"http://{named}")],
        [*hosts, ("Origin", f"http://127.0.0.1:{port}")],
    ):
        assert await graphql(port, *headers) in {400, 403}
        assert await handshake(port, headers) in {400, 403}
        for route in ROUTES:
            assert await asyncio.to_thread(request, port, "GET", route.format(), headers) in {400, 403}


@pytest.mark.parametrize(
    "headers",
    [
        [("Host", "127.0.0.1:{port}"), ("Host", "evil.example")],
        [("Host", "127.0.0.1:{port}"), ("Origin", "http://127.0.0.1:{port}"), ("Origin", "http://evil.example")],
        [("Host", "127.0.0.1:{port}"), ("Origin", "http://localhost:{port}")],
        [("Host", "127.0.0.1:{port}"), ("Sec-Fetch-Site", "cross-site")],
        [("Host", "127.0.0.1:{port}"), ("Sec-Fetch-Site", "same-site")],
        [("Host", "127.0.0.1:{port}"), ("Sec-Fetch-Site", "Cross-Site")],
        [("Host", "evil.example"), ("X-Forwarded-Host", "127.0.0.1:{port}")],
        [("Host", "evil.example"), ("Forwarded", "host=127.0.0.1:{port}"), ("X-Forwarded-For", "127.0.0.1")],
    ],
)  # fmt: skip
async def test_two_answers_are_none(port, headers):
    """Doubled, contradicting and forwarded headers do not open what one foreign header closes."""
    named = [(name, value.format(port=port)) for name, value in headers]
    assert await graphql(port, *named) in {400, 403}
    assert await handshake(port, named) in {400, 403}
    assert await asyncio.to_thread(request, port, "GET", "/image/1/image", named) in {400, 403}


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/graphql",
        "text/plain; application/json", "application/json-patch+json", "application/jsonp", "text/json",
        "application/json, text/plain", "multipart/form-data; boundary=application/json", "application/octet-stream",
    ],
)  # fmt: skip
async def test_only_json_is_read(port, stash, kind):
    """A body of any type that a page may send without asking first is refused with 415, and nothing is done."""
    for document in (_VERSION, json.dumps({"query": _DESTROY})):
        assert await graphql(port, ("Host", f"127.0.0.1:{port}"), body=document, kind=kind) == 415
    assert (await ask(stash, "{ findImages { count } }"))["data"]["findImages"]["count"] == 2


async def test_json_of_any_spelling_is_read(port):
    """The type counts in any case and with parameters."""
    for kind in (
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json ;x=y",
    ):
        assert await graphql(port, ("Host", f"127.0.0.1:{port}"), kind=kind) == 200


async def test_a_get_never_changes_anything(port, stash):
    """A mutation in the address is refused, whichever operation the name chooses."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for query in (
            {"query": _DESTROY},
            {
                "query": f"query A {{ version {{ hash }} }} {_DESTROY.replace('mutation', 'mutation B')}",
                "operationName": "B",
            },
        ):
            assert (await client.get("/graphql", params=query)).status_code == 406
    assert (await ask(stash, "{ findImages { count } }"))["data"]["findImages"]["count"] == 2


async def test_preflights_promise_nothing(port):
    """A browser that asks first whether a page may send JSON is never told yes."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for origin in ("http://evil.example", f"http://127.0.0.1:{port}"):
            reply = await client.options(
                "/graphql", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
            )
            assert reply.status_code in {403, 405}
            assert not [name for name in reply.headers if name.startswith("access-control-")]


async def test_in_process_too(stash):
    """The application refuses foreigners without a socket as well: the guard is part of it."""
    transport = httpx.ASGITransport(stash.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://embedded.test") as client:
        for headers, status in (
            ({}, 200),
            ({"Origin": "http://embedded.test"}, 200),
            ({"Host": "evil.example"}, 403),
            ({"Origin": "http://evil.example"}, 403),
        ):
            reply = await client.post("/graphql", json=json.loads(_VERSION), headers=headers)
            assert reply.status_code == status


async def test_another_loopback_address_is_its_own(stash):
    """Bound to another address of the loopback, that one is its Host, and no third one."""
    async with serve(stash, host="127.0.0.2") as url, httpx.AsyncClient(base_url=url) as client:
        own_port = url.rpartition(":")[2]
        for host, status in ((f"127.0.0.2:{own_port}", 200), (f"127.0.0.3:{own_port}", 403)):
            assert (await client.get("/healthz", headers={"Host": host})).status_code == status


async def test_a_foreign_handshake_does_nothing(port, stash):
    """The client library's handshake works; with a foreign Origin nothing that it sends is executed."""
    address = f"ws://127.0.0.1:{port}/graphql"
    with pytest.raises(InvalidStatus) as refused:
        await connect(address, origin="http://evil.example", subprotocols=["graphql-transport-ws"])
    assert refused.value.response.status_code == 403
    async with connect(address, origin=f"http://127.0.0.1:{port}", subprotocols=["graphql-transport-ws"]):
        pass
    assert (await ask(stash, "{ findImages { count } }"))["data"]["findImages"]["count"] == 2


async def test_the_address_in_a_browser(port):
    """The printed address shows what this is and what to do with it, also where a key is needed."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        reply = await client.get("/")
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/html")
    assert f"STASH_URL=http://127.0.0.1:{port}" in reply.text
    assert "<script" not in reply.text
