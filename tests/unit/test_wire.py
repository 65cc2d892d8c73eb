"""The door to Stash, with respx alone: what is retried, what is not, and how errors are named."""

from __future__ import annotations

import asyncio
import gc
import ssl
import weakref

import httpx
import pytest
import respx
from stash_graphql_client.client.batch import BatchOperation
from stash_graphql_client.errors import StashBatchError, StashGraphQLError
from stash_graphql_client.types import Tag

from stash.errors import (
    AccessRefusedError,
    CertificateError,
    DamagedReplyError,
    RetriableError,
    UnansweredWriteError,
    UnsuitableStashError,
    UsageError,
)
from stash.store import StashContext, connect, sender
from stash.transport.client import Connection
from stash.transport.failures import not_verified
from stash.transport.graphql import GraphQLTransport, TransportConfig

URL = "http://stash.test:9999"
HELLO = {
    "data": {
        "version": {"version": "v0.30.0"},
        "systemStatus": {"appSchema": 75, "status": "OK"},
        "configuration": {"general": {"databasePath": "/db"}},
    }
}


@pytest.fixture
def stash() -> respx.MockRouter:
    """A Stash that answers what a test says; nothing else is reachable."""
    with respx.mock(base_url=URL, assert_all_called=False) as router:
        yield router


def answers(stash: respx.MockRouter, *replies: object) -> respx.Route:
    """Greet, then give these replies in turn."""
    made = [r if isinstance(r, httpx.Response | Exception) else httpx.Response(200, json=r) for r in replies]
    return stash.post("/graphql").mock(side_effect=[httpx.Response(200, json=HELLO), *made])


async def test_respx_alone_is_enough(stash: respx.MockRouter) -> None:
    """Connecting is one POST and no WebSocket; the key goes in its header."""
    route = answers(stash, {"data": {"findTags": {"count": 0, "tags": []}}})
    async with connect(URL, "secret") as store:
        assert store.requests.reads == 1
        assert store.identity == (URL, "/db")
        assert (await store.connection.find_tags()).count == 0
    assert [call.request.headers["apikey"] for call in route.calls] == ["secret", "secret"]


@pytest.mark.parametrize(
    "failure",
    [
        httpx.Response(503),
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.ReadTimeout("slow"),
        httpx.Response(200, text="<html>"),
        {"data": {"f0": None}, "errors": [{"message": "f0 beginning transaction: database is locked"}]},
    ],
)
async def test_a_read_is_retried(stash: respx.MockRouter, failure: object) -> None:
    """A read that fails in passing is asked again, and each attempt is counted."""
    answers(stash, failure, {"data": {"f0": {"count": 0, "tags": []}}})
    async with connect(URL) as store:
        assert await store.find(Tag) == []
        assert store.requests.reads == 3


async def test_a_lone_surrogate_in_a_reply_is_read(stash: respx.MockRouter) -> None:
    """A reply that is JSON for Python is one, though a stricter parser refuses half a character."""
    row = '{"id": "7", "name": "half \\ud83d", "aliases": []}'
    reply = f'{{"data": {{"f0": {{"count": 1, "tags": [{row}]}}}}}}'
    answers(stash, httpx.Response(200, text=reply))
    async with connect(URL) as store:
        assert [tag.name for tag in await store.find(Tag)] == ["half \ud83d"]
        assert store.requests.reads == 2


async def test_a_reply_is_not_kept_once_it_is_read() -> None:
    """What was said leaves memory at once, whether or not Python looks for garbage: a large library's replies are many."""
    said: list[weakref.ref[httpx.Response]] = []

    def answer(_: httpx.Request) -> httpx.Response:
        response = httpx.Response(200, json={"data": {}})
        said.append(weakref.ref(response))
        return response

    door = GraphQLTransport(TransportConfig(URL, transport=httpx.MockTransport(answer)))
    gc.disable()
    try:
        await door.query("{ version { version } }")
        assert [kept() for kept in said] == [None]
    finally:
        gc.enable()
        await door.close()


async def test_an_outage_raises(stash: respx.MockRouter) -> None:
    """An outage is no empty result: the read raises when its budget is used up."""
    stash.post("/graphql").mock(side_effect=[httpx.Response(200, json=HELLO), *[httpx.Response(500)] * 50])
    async with connect(URL, patience=0.2) as store:
        with pytest.raises(RetriableError, match="does not answer"):
            await store.find(Tag)


async def test_a_lost_create_is_looked_for_before_it_is_repeated(stash: respx.MockRouter) -> None:
    """Where the reply of a create is lost, its effect is looked for; what is found is not created again."""
    row = {"id": "7", "name": "red", "aliases": []}
    answers(stash, httpx.ReadTimeout("lost"), {"data": {"f0": {"count": 1, "tags": [row]}}})
    async with connect(URL) as store:
        tag = await store.create(Tag, name="red")
        assert tag.id == "7"
        assert store.requests.writes == 1


async def test_a_lost_create_without_effect_is_repeated_once(stash: respx.MockRouter) -> None:
    """Where the lost create had no effect, it is sent again."""
    answers(
        stash,
        httpx.ReadTimeout("lost"),
        {"data": {"f0": {"count": 0, "tags": []}}},
        {"data": {"f0": {"id": "8", "created_at": "2026-01-01T00:00:00Z"}}},
    )
    async with connect(URL) as store:
        assert (await store.create(Tag, name="red")).id == "8"
        assert store.requests.writes == 2


async def test_a_write_is_never_repeated_blindly(stash: respx.MockRouter) -> None:
    """Of a lost update the effect is looked for: what stands is not sent again, what does not is sent once more."""
    row = {"id": "7", "name": "red", "aliases": [], "description": ""}
    old, new = ({"data": {"f0": {"count": 1, "tags": [row | {"description": d}]}}} for d in ("", "mine"))
    gone, done = httpx.ReadError("gone"), {"data": {"f0": {"id": "7"}}}
    for after, writes in ((new, 1), (old, 2)):
        answers(stash, old, gone, after, done)
        async with connect(URL) as store:
            (tag,) = await store.find(Tag)
            tag.description = "mine"
            flushed = await store.flush()
            assert store.requests.writes == writes
            assert not store.pending()
            assert [list(change.after) for change in flushed.applied] == [["description"]]


async def test_a_write_that_is_lost_every_time_ends_the_run(
    stash: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update whose reply is lost as often as it is sent raises; the entity keeps its edit."""
    monkeypatch.setattr(sender, "FIRST_WAIT", 0)
    row = {"id": "7", "name": "red", "aliases": [], "description": ""}
    found = {"data": {"f0": {"count": 1, "tags": [row]}}}
    lost = [httpx.ReadError("gone"), found] * sender.ATTEMPTS
    answers(stash, found, *lost[:-1])
    async with connect(URL) as store:
        (tag,) = await store.find(Tag)
        tag.description = "mine"
        with pytest.raises(UnansweredWriteError):
            await store.flush()
        assert store.requests.writes == sender.ATTEMPTS
        assert [list(change.after) for change in store.pending()] == [["description"]]


async def test_a_write_that_never_left_says_so(stash: respx.MockRouter) -> None:
    """A connection that cannot be made within the budget means that nothing was written."""
    answers(stash, *[httpx.ConnectError("refused")] * 20)
    async with connect(URL, patience=0.2) as store:
        with pytest.raises(RetriableError) as caught:
            await store.connection.mutate("mutation { x }", {}, fields=1)
        assert not isinstance(caught.value, UnansweredWriteError)


@pytest.mark.parametrize(
    "refusal",
    [httpx.Response(401), httpx.Response(403), httpx.Response(302, headers={"location": "/login?x"})],
)
async def test_a_refused_key_ends_at_once(stash: respx.MockRouter, refusal: httpx.Response) -> None:
    """A wrong key is one request, no retry, and its text holds no key."""
    route = stash.post("/graphql").mock(return_value=refusal)
    with pytest.raises(AccessRefusedError) as caught:
        async with connect(URL, "secret"):
            pass
    assert route.call_count == 1
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (httpx.Response(200, text="<html>router</html>"), "not as a Stash does"),
        (httpx.Response(404, json={"detail": "no"}), "not as a Stash does"),
        (httpx.Response(501, text="Unsupported method ('POST')"), "not as a Stash does"),
        (httpx.Response(200, json={"data": {"hello": 1}}), "not as a Stash does"),
        (httpx.Response(200, json={"data": {"systemStatus": {"appSchema": 74, "status": "OK"}}}), "too old"),
        (
            httpx.Response(200, json={"data": {"systemStatus": {"appSchema": 75, "status": "SETUP"}}}),
            "not set up",
        ),
        (httpx.Response(400, json={"errors": [{"message": "unknown field"}]}), "not as a Stash does"),
    ],
)
async def test_what_is_no_fit_stash_is_said(
    stash: respx.MockRouter, reply: httpx.Response, words: str
) -> None:
    """Something else at that address, a Stash that is too old or not set up: each is named."""
    stash.post("/graphql").mock(return_value=reply)
    with pytest.raises(UnsuitableStashError, match=words):
        async with connect(URL):
            pass


class Untrusted(httpx.AsyncBaseTransport):
    """A server whose certificate cannot be verified."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Fail as httpx does."""
        del request
        raise httpx.ConnectError("tls") from ssl.SSLCertVerificationError(1, "self-signed certificate")


async def test_an_unverified_certificate_is_refused() -> None:
    """A certificate that cannot be verified is named as such, and is not retried."""
    with pytest.raises(CertificateError, match="could not be verified"):
        async with connect(URL, transport=Untrusted()):
            pass


async def test_plain_http_where_tls_was_expected_is_said() -> None:
    """An https:// address of a Stash without TLS is told apart from a certificate that is not trusted; the step is http://."""
    plain = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    assert "write http:// in STASH_URL" in str(not_verified("https://stash.test", str(plain)))
    assert "STASH_SYNC_CA_FILE" in str(not_verified("https://stash.test", "certificate has expired"))


async def test_a_locked_database_of_stash_is_waited_for(stash: respx.MockRouter) -> None:
    """A read that Stash could not do while it wrote itself is sent again, and is no damaged reply."""
    locked = {"data": None, "errors": [{"message": "stats beginning transaction: database is locked"}]}
    answers(stash, locked, {"data": {"stats": {"scene_count": 1}}})
    async with connect(URL) as store:
        reply = await store.connection.query("{ stats { scene_count } }")
        assert reply.data == {"stats": {"scene_count": 1}}


async def test_no_connection_is_told_in_words(stash: respx.MockRouter) -> None:
    """Where no connection can be made, the sentence has what the system said of it."""
    answers(stash, *[httpx.ConnectError("Name or service not known")] * 20)
    async with connect(URL, patience=0.2) as store:
        with pytest.raises(RetriableError, match="no connection: Name or service not known"):
            await store.connection.query("{ x }")


@pytest.mark.parametrize("url", ["", "stash:9999", "ftp://stash", "http://", "http://[::1"])
async def test_what_is_no_address_is_said(url: str) -> None:
    """A text that is no HTTP address is a usage error."""
    with pytest.raises(UsageError, match="no address"):
        async with connect(url):
            pass


def test_a_missing_authority_is_said() -> None:
    """A ca_file that cannot be read is a usage error."""
    with pytest.raises(UsageError, match="ca_file"):
        Connection(TransportConfig("https://stash.test", ca_file="/nowhere.pem"))


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://a:9999", "http://a:9999/graphql"),
        ("https://a/stash/", "https://a/stash/graphql"),
        ("http://a:9999/graphql", "http://a:9999/graphql"),
    ],
)
def test_the_endpoint_follows_the_address(url: str, endpoint: str) -> None:
    """The address is the browser's, with or without a prefix."""
    assert TransportConfig(url).endpoint == endpoint


async def test_the_librarys_own_calls_go_through_the_door(stash: respx.MockRouter) -> None:
    """The client's documents are counted too, and what Stash says against them raises."""
    answers(
        stash,
        {"data": {"tagCreate": {"id": "5"}}},
        {"errors": [{"message": "no", "path": ["findTags"]}], "data": None},
    )
    async with connect(URL) as store:
        made = await store.connection.execute("mutation { tagCreate { id } }")
        assert made == {"tagCreate": {"id": "5"}}
        with pytest.raises(StashGraphQLError, match="no"):
            await store.connection.execute("query { findTags { count } }")
        assert (store.requests.reads, store.requests.writes, store.requests.mutations) == (2, 1, 1)


async def test_the_librarys_batches_name_what_was_refused(stash: respx.MockRouter) -> None:
    """A batch of the library tells the refused operation from the others."""
    answers(
        stash, {"data": {"op0": {"id": "1"}, "op1": None}, "errors": [{"message": "taken", "path": ["op1"]}]}
    )
    operations = [
        BatchOperation(
            mutation_name="tagCreate", input_type_name="TagCreateInput!", variables={"input": {"name": n}}
        )
        for n in "ab"
    ]
    async with connect(URL) as store:
        with pytest.raises(StashBatchError):
            await store.connection.execute_batch(operations)
    assert [operation.error is None for operation in operations] == [True, False]


async def test_the_downloaders_settings_make_a_context(stash: respx.MockRouter) -> None:
    """A context is made from scheme, host, port and apikey in any case, and connects once."""
    route = answers(stash)
    context = StashContext({"scheme": "http", "HOST": "stash.test", "port": 9999, "ApiKey": "k"})
    client = await context.get_client()
    assert await context.get_client() is client is context.client
    assert context.store.connection is client
    await context.close()
    assert route.call_count == 1


async def test_a_number_for_a_text_is_told(stash: respx.MockRouter) -> None:
    """A text that comes as a number is a damaged reply; taken as it is, it would be taken for a user's."""
    answers(stash, {"data": {"f0": {"count": 1, "tags": [{"id": "1", "name": 7, "aliases": []}]}}})
    async with connect(URL) as store:
        with pytest.raises(DamagedReplyError):
            await store.find(Tag, name="x")


async def test_two_writes_are_under_way_at_once(stash: respx.MockRouter) -> None:
    """A third write waits until one of two has its answer."""
    under_way, most = 0, 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        if b"systemStatus" in request.content:
            return httpx.Response(200, json=HELLO)
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return httpx.Response(200, json={"data": {"f0": True}})

    stash.post("/graphql").mock(side_effect=answer)
    async with connect(URL) as store:
        writes = (store.connection.mutate("mutation { f0 }", {}, fields=1) for _ in range(4))
        await asyncio.gather(*writes)
    assert most == 2


@pytest.mark.parametrize("status", [401, 403])
async def test_nothing_is_sent_after_a_refused_key(stash: respx.MockRouter, status: int) -> None:
    """Once Stash has refused the key no further request goes out, neither a read nor a write, and all say the same."""
    route = answers(stash, httpx.Response(status, headers={"WWW-Authenticate": "FormBased"}))
    async with connect(URL, "secret") as store:
        for attempt in range(3):
            with pytest.raises(AccessRefusedError, match="API key"):
                await store.connection.query("{ version { version } }")
            with pytest.raises(AccessRefusedError, match="API key"):
                await store.connection.mutate("mutation { x }", {}, fields=1)
            assert route.call_count == 2, attempt  # the greeting, and the one that was refused
