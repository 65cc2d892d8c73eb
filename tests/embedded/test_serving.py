"""How it is reached: over a socket or in process, with a key, by middleware, by WebSocket."""

from __future__ import annotations

import asyncio
import base64
import socket

import httpx
import pytest
from starlette.responses import HTMLResponse

from stash.embedded import EmbeddedStash, Reply, run, serve
from tests.contract.media import mp4

from .conftest import ask, client, pictures

_VERSION = {"query": "{ systemStatus { appSchema } }"}


async def test_only_this_machine(stash):
    """It serves the loopback address only, and says so when a port is taken."""
    with pytest.raises(ValueError, match="not a loopback address"):
        async with serve(stash, host="0.0.0.0"):
            pass
    async with serve(stash) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            async with serve(stash, port):
                pass


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2"])
async def test_addresses(stash, host):
    """Each address of the loopback will do."""
    async with serve(stash, host=host) as url, httpx.AsyncClient() as http:
        assert (await http.post(f"{url}/graphql", json=_VERSION)).json()["data"]["systemStatus"] == {
            "appSchema": 75
        }


async def test_an_ipv6_address(stash):
    """The loopback address of IPv6 will do where there is one."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    async with serve(stash, host="::1") as url, httpx.AsyncClient() as http:
        assert (await http.post(f"{url}/graphql", json=_VERSION)).status_code == 200


def test_run_serves_until_interrupted(library):
    """Running blocks until it is interrupted, then closes the state."""
    stash = EmbeddedStash([library])
    seen = []

    def ready(url):
        seen.append(url)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(stash, 0, ready=ready)
    assert seen[0].startswith("http://127.0.0.1:")


async def test_d1_d2_key(guarded):
    """D1, D2: the key comes in the header ApiKey or as apikey; otherwise 401, an empty body, FormBased."""
    async with client(guarded) as http:
        for headers in ({"ApiKey": "secret"}, {"apikey": "secret"}):
            assert (await http.post("/graphql", json=_VERSION, headers=headers)).status_code == 200
        assert (await http.post("/graphql?apikey=secret", json=_VERSION)).status_code == 200
        for headers in ({}, {"ApiKey": "wrong"}, {"ApiKey": ""}, {"Authorization": "Bearer secret"}):
            reply = await http.post("/graphql", json=_VERSION, headers=headers)
            assert (reply.status_code, reply.content) == (401, b"")
            assert reply.headers["WWW-Authenticate"] == "FormBased"
        reply = await http.get("/image/1/image")
        assert (reply.status_code, reply.headers["location"]) == (302, "/login")
        assert (await http.get("/healthz")).status_code == 200


async def test_pictures_and_files_are_served(stash, library):
    """A picture that was set, and the file of an image or scene, can be fetched; anything else is 404."""
    (library / "a.mp4").write_bytes(mp4())
    [image] = await pictures(stash, 1)
    data = base64.b64encode(b"bytes").decode()
    document = 'mutation($i: String) { performerCreate(input: {name: "a", image: $i}) { image_path } }'
    made = await ask(stash, document, {"i": f"data:image/png;base64,{data}"})
    path = made["data"]["performerCreate"]["image_path"]
    assert path.startswith("http://embedded/performer/1/image?t=")
    async with client(stash) as http:
        assert (await http.get(path)).content == b"bytes"
        assert (await http.get(f"/image/{image}/image")).content == (library / "0.jpg").read_bytes()
        assert (await http.get("/scene/1/stream")).content == (library / "a.mp4").read_bytes()
        for missing in ("/performer/2/image", "/image/99/image", "/gallery/1/cover", "/scene/1/screenshot"):
            assert (await http.get(missing)).status_code == 404


async def test_middleware_stands_around_each_request(stash):
    """Middleware sees what is asked before it is done, and the reply after; the first one is outermost."""
    seen = []

    def watch(name):
        async def around(call, proceed):
            seen.append((name, call.operation, call.fields))
            reply = await proceed()
            seen.append((name, reply.data))
            return reply

        return around

    stash.middleware += [watch("outer"), watch("inner")]
    await ask(
        stash, 'mutation { a: tagCreate(input: {name: "a"}) { id } b: tagCreate(input: {name: "b"}) { id } }'
    )
    data = {"a": {"id": "1"}, "b": {"id": "2"}}
    call = ("mutation", ("tagCreate", "tagCreate"))
    assert seen == [("outer", *call), ("inner", *call), ("inner", data), ("outer", data)]
    await ask(stash, "{ nope }")
    assert seen[4] == ("outer", "", ())


async def test_middleware_may_fail_before_or_after_the_commit(stash):
    """A middleware that does not proceed leaves nothing behind; one that loses the reply leaves all."""

    async def before(_call, _proceed):
        return Reply(errors=[{"message": "lost"}])

    async def after(_call, proceed):
        await proceed()
        return Reply(errors=[{"message": "lost"}])

    for middleware, count in ((before, 0), (after, 1)):
        stash.middleware[:] = [middleware]
        reply = await ask(stash, 'mutation { tagCreate(input: {name: "a"}) { id } }')
        assert reply == {"errors": [{"message": "lost"}], "data": None}
        stash.middleware.clear()
        assert (await ask(stash, "{ findTags { count } }"))["data"]["findTags"]["count"] == count


async def test_middleware_may_answer_with_any_response(stash):
    """A middleware may answer with a response of its own: a status, a type, a body that is no JSON."""

    async def broken(_call, proceed):
        await proceed()
        return HTMLResponse("<h1>Bad gateway</h1>", 502)

    stash.middleware.append(broken)
    async with client(stash) as http:
        reply = await http.post("/graphql", json=_VERSION)
    assert (reply.status_code, reply.headers["content-type"]) == (502, "text/html; charset=utf-8")


async def test_b10_a_client_that_leaves_stops_its_request(stash):
    """B10: where the client hangs up in the middle of many aliases, those not yet begun are left undone."""
    fields = " ".join(f't{number}: tagCreate(input: {{name: "{number}"}}) {{ id }}' for number in range(1000))
    call = stash.service.read(f"mutation {{ {fields} }}", {}, None)
    asked = []

    async def gone():
        asked.append(True)
        return len(asked) > 2

    reply = await stash.service.execute(call, stash.context(), gone)
    made = (await ask(stash, "{ findTags { count } }"))["data"]["findTags"]["count"]
    assert made == len(reply.data) == 75


async def test_what_is_not_supported_says_so(stash):
    """What the embedded Stash cannot do is an honest error, not an empty answer."""
    for document, name in (
        ("{ findGroups { count } }", "findGroups"),
        ("mutation { metadataIdentify(input: {sources: []}) }", "metadataIdentify"),
        (
            "{ findTags(tag_filter: {marker_count: {value: 1, modifier: EQUALS}}) { count } }",
            "criterion marker_count of tag",
        ),
    ):
        reply = await ask(stash, document)
        assert reply["errors"][0]["message"] == f"not supported by the embedded Stash: {name}"
    reply = await ask(
        stash,
        "{ configuration { general { stashBoxes { name max_requests_per_minute } } dlna { enabled } } }",
    )
    assert "errors" not in reply
    reply = await ask(
        stash, "{ systemStatus { appSchema ffmpegPath } configuration { defaults { scan { rescan } } } }"
    )
    assert reply["data"]["configuration"] == {"defaults": {"scan": None}}


async def test_configuration(stash, library):
    """The configuration names the library; settings are kept, but another library is refused."""
    document = "{ configuration { general { stashes { path } imageExtensions createGalleriesFromFolders } } }"
    shown = (await ask(stash, document))["data"]["configuration"]["general"]
    assert shown["stashes"] == [{"path": str(library)}]
    assert "jpg" in shown["imageExtensions"]
    assert shown["createGalleriesFromFolders"] is False
    change = (
        "mutation($i: ConfigGeneralInput!) { configureGeneral(input: $i) { parallelTasks stashes { path } } }"
    )
    same = {"path": str(library), "excludeVideo": False, "excludeImage": False}
    changed = await ask(stash, change, {"i": {"parallelTasks": 7, "stashes": [same]}})
    assert changed["data"]["configureGeneral"] == {"parallelTasks": 7, "stashes": [{"path": str(library)}]}
    reply = await ask(stash, change, {"i": {"stashes": [{**same, "path": "/elsewhere"}]}})
    assert "other library folders" in reply["errors"][0]["message"]


async def test_stats(stash):
    """The figures count what is there."""
    await pictures(stash, 3)
    await ask(stash, 'mutation { tagCreate(input: {name: "a"}) { id } }')
    shown = await ask(
        stash, "{ stats { image_count scene_count tag_count images_size total_o_count group_count } }"
    )
    size = shown["data"]["stats"].pop("images_size")
    assert size > 0
    assert shown["data"]["stats"] == {
        "image_count": 3, "scene_count": 0, "tag_count": 1, "total_o_count": 0, "group_count": 0,
    }  # fmt: skip


async def test_requests_at_once_do_not_disturb_each_other(stash):
    """B12: many requests at once are all answered, and each sees whole mutations."""
    documents = [f'mutation {{ tagCreate(input: {{name: "t{number}"}}) {{ id }} }}' for number in range(30)]
    replies = await asyncio.gather(*(ask(stash, document) for document in documents))
    assert {reply["data"]["tagCreate"]["id"] for reply in replies} == {str(number) for number in range(1, 31)}
