"""The rig itself: each fault does what it says, in process and on a socket, and a dump sees what differs."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stash.embedded import serve
from tests.faults.dials import (
    Fault,
    Faults,
    FaultyTransport,
    RandomFaults,
    failing,
)
from tests.faults.rig import URL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.rig import Dumped, Rig

MAKE = 'mutation($n: String!) { a: tagCreate(input: {name: $n}) { id __typename } b: tagCreate(input: {name: "b"}) { id } }'
FIND = "{ findTags { tags { name } } }"


async def post(http: httpx.AsyncClient, document: str, **variables: Any) -> httpx.Response:
    """Ask something."""
    return await http.post("/graphql", json={"query": document, "variables": variables})


async def names(rig: Rig) -> set[str]:
    """The tags that there are."""
    async with httpx.AsyncClient(transport=rig.transport, base_url=URL) as http:
        found = (await post(http, FIND)).json()["data"]["findTags"]["tags"]
    return {tag["name"] for tag in found}


async def meet(rig: Rig, fault: Fault, way: str) -> httpx.Response | httpx.TransportError:
    """What a client gets that makes two tags, in process or on a socket."""
    dial = Faults([fault])
    if way == "in process":
        transport = FaultyTransport(rig.transport, dial)
        async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
            return await answer(http)
    rig.stash.middleware.append(failing(rig.stash, dial))
    async with serve(rig.stash) as url, httpx.AsyncClient(base_url=url) as http:
        found = await answer(http)
    rig.stash.middleware.pop()
    return found


async def answer(http: httpx.AsyncClient) -> httpx.Response | httpx.TransportError:
    """A reply, or why there is none."""
    try:
        return await post(http, MAKE, n="a")
    except httpx.TransportError as error:
        return error


WAYS = ["in process", "on a socket"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", ["500", "502", "503", "504", "429(3)", "html", "null"])
async def test_bad_replies(rig: Rig, way: str, moment: str, kind: str) -> None:
    """A status, a page or no data comes back; the mutation was done, or not, as the moment says."""
    found = await meet(rig, Fault(1, kind, moment), way)
    assert isinstance(found, httpx.Response)
    assert found.status_code == (int(kind[:3]) if kind[0].isdigit() else 200)
    assert found.headers.get("retry-after") == ("3" if kind == "429(3)" else None)
    assert ("<title>" in found.text) == (kind == "html")
    if kind == "null":
        assert found.json() == {"data": None}
    assert await names(rig) == ({"a", "b"} if moment == "after" else set())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", ["refused", "reset", "timeout", "truncated"])
async def test_lost_replies(rig: Rig, way: str, moment: str, kind: str) -> None:
    """No whole reply comes back; the mutation was done, or not, as the moment says."""
    found = await meet(rig, Fault(1, kind, moment), way)
    if isinstance(found, httpx.Response):
        assert kind == "truncated"
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            found.json()
    assert await names(rig) == ({"a", "b"} if moment == "after" else set())


@pytest.mark.parametrize("way", WAYS)
async def test_some_fields_fail(rig: Rig, way: str) -> None:
    """Of a partial reply the named fields are null with an error; before, they were not done; after, they were."""
    found = await meet(rig, Fault(1, "partial(1)", "before"), way)
    assert isinstance(found, httpx.Response)
    assert found.json()["data"]["a"] is None
    assert found.json()["data"]["b"]["id"]
    assert [error["path"] for error in found.json()["errors"]] == [["a"]]
    assert await names(rig) == {"b"}
    found = await meet(rig, Fault(1, "partial(1)", "after"), way)
    assert isinstance(found, httpx.Response)
    assert found.json()["data"]["a"] is None
    assert await names(rig) == {"a", "b"}
    found = await meet(rig, Fault(1, "partial(1,2)", "before"), way)
    assert isinstance(found, httpx.Response)
    assert found.json()["data"] == {"a": None, "b": None}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("moment", "expected"), [("before", set()), ("after", {"a", "b"})])
async def test_a_locked_database(rig: Rig, way: str, moment: str, expected: set[str]) -> None:
    """Every field fails with the words of a Stash whose database is locked."""
    found = await meet(rig, Fault(1, "locked", moment), way)
    assert isinstance(found, httpx.Response)
    assert found.json()["data"] == {"a": None, "b": None}
    assert {error["message"] for error in found.json()["errors"]} == {"database is locked"}
    assert await names(rig) == expected


@pytest.mark.parametrize("way", WAYS)
async def test_types_and_drips(rig: Rig, way: str) -> None:
    """Every type is a wrong one; a slow reply is whole."""
    found = await meet(rig, Fault(1, "typename"), way)
    assert isinstance(found, httpx.Response)
    assert found.json()["data"]["a"]["__typename"] == "Nonsense"
    found = await meet(rig, Fault(1, "slow"), way)
    assert isinstance(found, httpx.Response)
    assert found.json()["errors"]


def test_a_fault_that_is_spelt_wrong_is_refused() -> None:
    """A kind or a moment that does not exist is an error, so that no test passes because nothing failed."""
    for wrong in (("nonsense",), ("",), ("500", "sometimes"), ("partial(", "after")):
        with pytest.raises(ValueError, match="there is no fault"):
            Fault(1, *wrong)


def test_requests_are_counted() -> None:
    """A fault is met once, at its request among those that match; random ones are the same for a seed."""
    makes = re.compile("tagCreate").search
    dial = Faults([Fault(2, "500"), Fault(2, "502", matching=lambda document: makes(document) is not None)])
    met = [fault.kind if (fault := dial(document)) else None for document in (MAKE, FIND, MAKE, MAKE, FIND)]
    assert met == [None, "500", "502", None, None]
    assert (dial.requests, len(dial.met)) == (5, 2)
    first, second = RandomFaults(7, 0.3), RandomFaults(7, 0.3)
    assert [first(FIND) for _ in range(200)] == [second(FIND) for _ in range(200)]
    assert 40 < len(first.met) < 80
    assert RandomFaults(8, 0.0)(FIND) is None


CHANGES: dict[str, Callable[[sqlite3.Connection], object]] = {
    "a title": lambda c: c.execute("UPDATE image SET title = 'x' WHERE id = (SELECT min(id) FROM image)"),
    "a link": lambda c: c.execute(
        "DELETE FROM gallery_image WHERE image_id = (SELECT min(image_id) FROM gallery_image)"
    ),
    "a gallery": lambda c: c.execute("DELETE FROM gallery WHERE id = 1"),
}


@pytest.mark.parametrize("what", list(CHANGES))
async def test_a_dump_sees_what_differs(rig: Rig, clean: Dumped, what: str) -> None:
    """One other title, one link less, one gallery less: the dump is another."""
    assert (await rig.run()).exit_code == 0
    assert clean.differences(await rig.dumped()) == ""
    assert rig.stash.database.path is not None
    with closing(sqlite3.connect(rig.stash.database.path)) as connection, connection:
        CHANGES[what](connection)
    assert clean.differences(await rig.dumped()) != ""


async def test_a_dump_sees_the_local_rows(rig: Rig) -> None:
    """A stamp that is gone, and a memory that is another, make another dump; ids and times do not."""
    assert (await rig.run()).exit_code == 0
    for table, change in {
        "sync_entity": "UPDATE sync_entity SET seen_and_wrote = replace(seen_and_wrote, 'title', 'tilte')",
        "media": "UPDATE media SET stash_id = NULL",
        "sync_part": "DELETE FROM sync_part",
    }.items():
        before = await rig.dumped()
        with closing(sqlite3.connect(rig.database)) as connection, connection:
            connection.execute(change)
        assert table in before.differences(await rig.dumped())
    with closing(sqlite3.connect(rig.database)) as connection, connection:
        before = await rig.dumped()
        connection.execute("UPDATE sync_entity SET created_at = 'another time'")
        connection.execute("UPDATE sync_run SET outcome = 'another'")
    assert before.differences(await rig.dumped()) == ""
