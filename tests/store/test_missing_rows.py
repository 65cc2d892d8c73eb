"""A reply that lacks rows which Stash has is never used: whatever is taken for missing would be made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stash_graphql_client.types import Performer, Studio, Tag

from stash.embedded import EmbeddedStash
from stash.embedded.service import Reply as EmbeddedReply
from stash.errors import DamagedReplyError
from stash.store import StashStore, connect, finder, preloading, reading
from stash.store.entity_types import ENTITY_TYPES
from stash.store.reply_validation import all_rows_in, page_in, rows_of_ids
from stash.transport.graphql import Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from stash.embedded.service import Call

TAG = ENTITY_TYPES["Tag"]


def reply(rows: int, count: object) -> Reply:
    """A reply with so many tags that counts so many."""
    return Reply({"f0": {"count": count, "tags": [{"id": str(number)} for number in range(1, rows + 1)]}})


@given(rows=st.integers(0, 12), count=st.integers(0, 12))
def test_all_rows_are_as_many_as_were_counted(rows: int, count: int) -> None:
    """Rows without pages are used where they are exactly as many as Stash counted."""
    if rows == count:
        assert len(all_rows_in(reply(rows, count), 0, TAG)) == rows
    else:
        with pytest.raises(DamagedReplyError, match="lacks some"):
            all_rows_in(reply(rows, count), 0, TAG)


@given(total=st.integers(0, 30), page=st.integers(1, 8), per_page=st.integers(1, 7), lost=st.integers(-2, 3))
def test_a_page_has_its_part_of_the_count(total: int, page: int, per_page: int, lost: int) -> None:
    """A page is used where it has its whole part of the count: one row less, or more, is a damaged reply."""
    whole = len(range(total)[(page - 1) * per_page : page * per_page])
    said = max(0, whole - lost)
    if said == whole:
        rows, count = page_in(reply(said, total), 0, TAG, page, per_page)
        assert (len(rows), count) == (whole, total)
    else:
        with pytest.raises(DamagedReplyError, match="lacks some"):
            page_in(reply(said, total), 0, TAG, page, per_page)


@pytest.mark.parametrize("count", [None, "2", 2.0, [], {}])
def test_a_count_of_another_type_is_none(count: object) -> None:
    """A count that is no number says nothing of the rows."""
    with pytest.raises(DamagedReplyError):
        all_rows_in(reply(2, count), 0, TAG)


@pytest.mark.parametrize(
    ("asked", "is_whole"),
    [({"1", "2"}, True), ({"1"}, True), ({"1", "2", "3"}, False), ({"1", "4"}, False), (set(), True)],
    ids=["both", "some", "more", "others", "none"],
)
def test_rows_of_ids_are_those_that_were_asked_for(asked: set[str], *, is_whole: bool) -> None:
    """Stash refuses ids that it lacks, so a reply without one of them is damaged."""
    if is_whole:
        assert {row["id"] for row in rows_of_ids(reply(2, None), 0, TAG, asked)} == asked
    else:
        with pytest.raises(DamagedReplyError, match="lacks some"):
            rows_of_ids(reply(2, None), 0, TAG, asked)


def reached(stash: EmbeddedStash) -> AbstractAsyncContextManager[StashStore]:
    """A store on an embedded Stash."""
    return connect("http://stash.test", transport=httpx.ASGITransport(stash.app))


LOOKS: dict[str, Callable[[StashStore, list[str]], Awaitable[object]]] = {
    "index": lambda store, _: store.preload_index(Performer, Tag, Studio),
    "find": lambda store, _: store.find(Tag, name__regex="^t"),
    "find by names": lambda store, _: store.find(Tag, name__in=[f"t{number}" for number in range(7)]),
    "preload": lambda store, _: store.preload(Tag, name__in=[f"t{number}" for number in range(7)]),
    "get_many": lambda store, ids: store.get_many(Tag, ids),
    "ids": lambda store, ids: store.preload_ids({Tag: ids}),
    "standing": lambda store, ids: store.standing({Tag: ids}),
    "uses": lambda store, ids: store.uses({"Tag": ids}),
    "get_or_create": lambda store, _: store.get_or_create(Tag, name="t3"),
}
DROPPED = {"first": 0, "middle": 3, "last": -1}


@pytest.mark.parametrize("row", DROPPED)
@pytest.mark.parametrize("look", [name for name in LOOKS if not name.startswith(("find", "get_or"))])
async def test_a_row_that_is_lost_on_the_way_ends_as_a_damaged_reply(
    monkeypatch: pytest.MonkeyPatch, look: str, row: str
) -> None:
    """Whichever question it is, an answer that lost one of seven tags is not used, and nothing is written."""
    monkeypatch.setattr(finder, "INDEX_PAGE", 3)
    monkeypatch.setattr(preloading, "INDEX_PAGE", 3)
    monkeypatch.setattr(reading, "ID_PAGE", 7)
    with EmbeddedStash([]) as stash:
        async with reached(stash) as store:
            ids = [(await store.create(Tag, name=f"t{number}")).id for number in range(7)]
        async with reached(stash) as store, store.session():
            await LOOKS[look](store, ids)
        stash.middleware.append(dropping(DROPPED[row]))
        async with reached(stash) as store:
            async with store.session():
                with pytest.raises(DamagedReplyError, match="lacks some"):
                    await LOOKS[look](store, ids)
            assert store.requests.mutations == 0


@pytest.mark.parametrize("look", ["find", "find by names", "get_or_create"])
async def test_outside_of_a_session_too(look: str) -> None:
    """A lost row is no reason to make the tag again outside of a session either."""
    with EmbeddedStash([]) as stash:
        async with reached(stash) as store:
            for number in range(7):
                await store.create(Tag, name=f"t{number}")
        stash.middleware.append(dropping(0))
        async with reached(stash) as store:
            with pytest.raises(DamagedReplyError, match="lacks some"):
                await LOOKS[look](store, [])
            assert store.requests.mutations == 0


async def test_a_damaged_row_of_a_creation_is_read_again() -> None:
    """A creation whose reply is damaged is looked for: half of a row is never taken, and nothing is made twice."""

    async def damaged(call: Call, proceed: Callable[[], Any]) -> Any:
        answer = await proceed()
        if call.operation == "mutation":
            answer.data["f0"]["created_at"] = 5
        return answer

    with EmbeddedStash([]) as stash:
        stash.middleware.append(damaged)
        async with reached(stash) as store:
            tag = store.new(Tag, name="art")
            store.queue(tag)
            await store.flush()
            (found,) = await store.find(Tag)
            assert (tag.id, tag.created_at) == (found.id, found.created_at)


def dropping(place: int) -> Callable[[Call, Callable[[], Awaitable[Any]]], Awaitable[Any]]:
    """Take one row out of each list of tags that is answered; what is counted stays."""

    async def around(call: Call, proceed: Callable[[], Awaitable[Any]]) -> Any:
        answer = await proceed()
        if call.operation == "query" and isinstance(answer, EmbeddedReply):
            for part in (answer.data or {}).values():
                if isinstance(part, dict) and part.get("tags"):
                    rows = part["tags"]
                    del rows[place if place < len(rows) else -1]
        return answer

    return around


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("look", ["index", "find"])
async def test_every_page_is_looked_at(monkeypatch: pytest.MonkeyPatch, look: str, page: int) -> None:
    """Of seven tags on three pages each page has to be whole, the last one too."""
    monkeypatch.setattr(finder, "ID_PAGE", 3)
    monkeypatch.setattr(preloading, "INDEX_PAGE", 3)
    answered = 0
    drop = dropping(0)

    async def around(call: Call, proceed: Callable[[], Awaitable[Any]]) -> Any:
        nonlocal answered
        answered += "tags" in call.document
        return await (drop(call, proceed) if answered == page else proceed())

    with EmbeddedStash([]) as stash:
        async with reached(stash) as store:
            for number in range(7):
                await store.create(Tag, name=f"t{number}")
        stash.middleware.append(around)
        async with reached(stash) as store, store.session():
            with pytest.raises(DamagedReplyError, match="lacks some"):
                await LOOKS[look](store, [])
        assert answered == page
