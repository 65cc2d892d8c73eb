"""Calls of the client library pass the transport."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.client.batch import BatchOperation
from stash_graphql_client.errors import StashBatchError, StashGraphQLError
from stash_graphql_client.types import Tag

from stash.errors import (
    DamagedReplyError,
)
from stash.store import StashContext, connect
from tests.unit.answering import URL, answers

if TYPE_CHECKING:
    import respx


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
