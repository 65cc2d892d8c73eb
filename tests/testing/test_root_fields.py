"""Canned replies by root field, such as a downloader's tests have them, on our aliased documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st
from stash_graphql_client.types import Performer, Tag

from stash.errors import DamagedReplyError, RejectedError
from stash.store.documents import Field, document
from stash.testing import create_hashtag
from stash.testing.execution import root_nodes
from stash.testing.transport import aliased

if TYPE_CHECKING:
    from stash.processing import StashProcessing
    from stash.store import StashStore

GRAPHQL = "http://localhost:9999/graphql"
RED = {"id": "7", "name": "red"}


def canned(*replies: dict) -> respx.Route:
    """Mock Stash with these replies, one a request."""
    return respx.post(GRAPHQL).mock(side_effect=[httpx.Response(200, json=reply) for reply in replies])


async def test_a_find_takes_a_reply_by_root_field(stash_store: StashStore) -> None:
    """`findTags` answers `f0: findTags`, with what the row leaves out empty."""
    route = canned({"data": {"findTags": {"count": 1, "tags": [RED]}}})
    [tag] = await stash_store.find(Tag, name="red")
    assert (tag.id, tag.name, tag.aliases, tag.parents) == ("7", "red", [], [])
    assert route.call_count == 1
    assert "f0: findTags" in json.loads(route.calls.last.request.content)["query"]


async def test_a_count_is_that_of_the_rows(stash_store: StashStore) -> None:
    """A reply without its count has as many as it has rows."""
    canned({"data": {"findTags": {"tags": [RED]}}})
    assert [tag.id for tag in await stash_store.find(Tag, name="red")] == ["7"]


async def test_a_reply_of_one_answers_ids(stash_store: StashStore) -> None:
    """`findPerformer` answers `findPerformers(ids: …)`, in which the store asks for an id."""
    canned({"data": {"findPerformer": {"id": "123", "name": "Anna"}}})
    assert (await stash_store.get(Performer, "123")).name == "Anna"


@pytest.mark.parametrize("rows", [[], [{"id": "5700", "name": "Anna"}]], ids=["none", "another"])
async def test_a_reply_without_an_id_is_a_missing_id(stash_store: StashStore, rows: list) -> None:
    """`findPerformers` without the id that is asked for says that Stash has none, and is not called damaged."""
    route = canned(*[{"data": {"findPerformers": {"count": len(rows), "performers": rows}}}] * 2)
    assert await stash_store.get(Performer, "123") is None
    assert route.call_count == 2


async def test_a_reply_of_none_is_a_missing_id(stash_store: StashStore) -> None:
    """`findPerformer: null` says that Stash has no such id, to both of the store's questions."""
    route = canned(*[{"data": {"findPerformer": None}}] * 2)
    assert await stash_store.get(Performer, "123") is None
    assert route.call_count == 2


async def test_a_processor_takes_them(respx_stash_processor: StashProcessing) -> None:
    """A hashtag becomes the tag of a canned creation, with one question and one write."""
    nothing = {"data": {"findTags": {"count": 0, "tags": []}}}
    route = canned(nothing, {"data": {"tagCreate": RED}})
    [tag] = await respx_stash_processor._process_hashtags_to_tags([create_hashtag("#red")])
    assert tag.id == "7"
    assert route.call_count == 2


TAKEN = {"message": "name is taken"}


@pytest.mark.parametrize(
    "reply",
    [
        {"data": {"tagCreate": None}, "errors": [{**TAKEN, "path": ["tagCreate"]}]},
        {"data": {"tagCreate": None}, "errors": [TAKEN]},
        {"data": None, "errors": [TAKEN]},
        {"errors": [TAKEN]},
    ],
)
async def test_a_refused_write(stash_store: StashStore, reply: dict) -> None:
    """An error of a root field, or of the whole reply, refuses the write with its message."""
    canned(*[reply] * 2)
    with pytest.raises(RejectedError, match="name is taken"):
        await stash_store.save(stash_store.new(Tag, name="red"))


async def test_a_refused_question(stash_store: StashStore) -> None:
    """A find that the schema never answers with null may be refused."""
    canned({"data": {"findTags": None}, "errors": [{**TAKEN, "path": ["findTags"]}]})
    with pytest.raises(RejectedError, match="name is taken"):
        await stash_store.find(Tag, name="red")


def test_an_error_inside_a_value_finds_its_aliases() -> None:
    """An error below a root field is one of each alias under which that field was asked for."""
    body = {"query": "{ f0: findTags { count tags { id } } f1: findTags { count tags { id } } }"}
    reply = {"data": {"findTags": {"tags": []}}, "errors": [{"message": "x", "path": ["findTags", "tags"]}]}
    done = aliased(body, root_nodes(body["query"]), reply)
    assert [error["path"] for error in done["errors"]] == [["f0", "tags"], ["f1", "tags"]]
    assert done["data"] == {key: {"count": 0, "tags": []} for key in ("f0", "f1")}


async def test_a_missing_root_field_is_named(stash_store: StashStore) -> None:
    """The test fails with the name of what Stash was asked for and what the reply has."""
    canned({"data": {"findStudios": {"count": 0, "studios": []}}})
    with pytest.raises(
        AssertionError, match=r"^Stash was asked for findTags, and the canned reply has only findStudios"
    ):
        await stash_store.find(Tag, name="red")


async def test_a_row_without_an_id_does_not_fit(stash_store: StashStore) -> None:
    """A row that Stash could not answer fails the test, with the place of it."""
    canned({"data": {"findTags": {"tags": [{"name": "red"}]}}})
    with pytest.raises(AssertionError, match=r"does not fit Stash's schema.*Tag\.id"):
        await stash_store.find(Tag, name="red")


async def test_a_wrong_count_is_still_damaged(stash_store: StashStore) -> None:
    """The store reads canned replies as strictly as those of a real Stash."""
    canned({"data": {"findTags": {"count": 2, "tags": [RED]}}})
    with pytest.raises(DamagedReplyError, match="lacks some"):
        await stash_store.find(Tag, name="red")


async def test_a_reply_that_is_no_graphql_stays(stash_store: StashStore) -> None:
    """A reply of a proxy, or one without data, reaches the store as it is."""
    respx.post(GRAPHQL).mock(return_value=httpx.Response(404, text="<html>not here</html>"))
    with pytest.raises(Exception, match="404"):
        await stash_store.find(Tag, name="red")


def creation(names: list[str]) -> dict:
    """Return a request that creates these tags."""
    fields = [Field("tagCreate", {"input": ("TagCreateInput!", {"name": name})}, "id") for name in names]
    text, variables = document("mutation", fields)
    return {"query": text, "variables": variables}


@given(st.lists(st.text(min_size=1), min_size=1, max_size=8))
def test_a_list_is_given_out_in_turn(names: list[str]) -> None:
    """Each alias of a mutation gets its own reply of a list, in the order of the request."""
    body, rows = creation(names), [{"id": str(number)} for number, _ in enumerate(names)]
    done = aliased(body, root_nodes(body["query"]), {"data": {"tagCreate": rows}})
    assert done == {"data": {f"f{number}": row for number, row in enumerate(rows)}}


@pytest.mark.parametrize(
    ("reply", "said"), [({"id": "1"}, "can a list of replies"), ([{"id": "1"}], "All 1 canned replies")]
)
def test_one_reply_is_not_given_twice(reply: object, said: str) -> None:
    """Two creations in one request never get the same id."""
    body = creation(["red", "blue"])
    with pytest.raises(AssertionError, match=said):
        aliased(body, root_nodes(body["query"]), {"data": {"tagCreate": reply}})
