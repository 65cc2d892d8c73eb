"""Lookups of the store: filters, paging, refused lookups."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Image, Scene, Tag

from stash.errors import LookupRefusedError

if TYPE_CHECKING:
    from stash.store import StashStore
    from tests.conftest import Server


async def test_exact_is_exact(store: StashStore, name: str) -> None:
    """An exact lookup finds neither another case nor what an underscore would match as a wildcard."""
    await store.create(Tag, name=f"{name}a_x")
    await store.create(Tag, name=f"{name}abx")
    assert [t.name for t in await store.find(Tag, name=f"{name}a_x")] == [f"{name}a_x"]
    assert await store.find_one(Tag, name=f"{name}A_X") is None
    assert (await store.find_one(Tag, name__iexact=f"{name}A_X")).name == f"{name}a_x"


async def test_contains_takes_a_phrase(store: StashStore, name: str) -> None:
    """Several words are looked for as one phrase, not one by one."""
    both = await store.create(Tag, name=f"{name} two words")
    await store.create(Tag, name=f"{name} words")
    assert await store.find(Tag, name__contains=f"{name} TWO words") == [both]


async def test_in_finds_any_number_of_values(store: StashStore, name: str) -> None:
    """`__in` takes more values than a question does, and finds exactly those that exist."""
    tags = await asyncio.gather(*(store.create(Tag, name=f"{name}{i}") for i in range(3)))
    wanted = [f"{name}{i}" for i in range(2500)]
    before = store.requests.reads
    assert {t.id for t in await store.find(Tag, name__in=wanted)} == {t.id for t in tags}
    assert store.requests.reads - before == 3


async def test_booleans_and_null_are_plain(store: StashStore, server: Server) -> None:
    """A boolean field takes a boolean, and `__null` tells empty from filled."""
    scene, other = await server.scenes(store, 2)
    scene.organized, scene.code = True, server.prefix
    await store.flush()
    here = {"path__contains": f"/{server.prefix}"}
    assert await store.find(Scene, organized=True, **here) == [scene]
    assert await store.find(Scene, organized=False, **here) == [other]
    assert await store.find(Scene, code__null=True, **here) == [other]
    assert await store.find(Scene, code__null=False, **here) == [scene]


async def test_bounds_are_inclusive_where_they_say_so(store: StashStore, server: Server) -> None:
    """gte, lte and between include their bounds, gt and lt do not; both bounds of a field go together."""
    images = await server.images(store, 3)
    for image, rating, day in zip(
        images, (20, 40, 60), ("2024-01-01", "2024-06-01", "2025-01-01"), strict=True
    ):
        image.rating100, image.date = rating, day
    await store.flush()
    here = {"path__contains": f"/{server.prefix}"}

    async def ratings(**lookups: object) -> list[int]:
        return sorted(image.rating100 for image in await store.find(Image, **here, **lookups))

    assert await ratings(rating100__gte=40) == [40, 60]
    assert await ratings(rating100__gt=40) == [60]
    assert await ratings(rating100__lte=40) == [20, 40]
    assert await ratings(rating100__gte=30, rating100__lte=50) == [40]
    assert await ratings(date__between=("2024-01-01", "2024-12-31")) == [20, 40]
    assert await ratings(rating100__in=[20, 60]) == [20, 60]


async def test_a_criterion_of_stash_goes_as_it_is(store: StashStore, server: Server) -> None:
    """Stash's own filter dict is sent unchanged, of an id too: entities and raw rows are those it lets through."""
    images = await server.images(store, 3)
    ids = sorted((image.id for image in images), key=int)
    within = {"value": int(ids[1]), "value2": int(ids[2]), "modifier": "BETWEEN"}
    assert sorted(image.id for image in await store.find(Image, id=within)) == sorted(ids[1:])
    assert sorted([row["id"] async for row in store.rows(Image, "id", id=within)]) == sorted(ids[1:])


async def test_rows_are_not_looked_up_by_ids(store: StashStore) -> None:
    """Ids are no filter of Stash's: raw rows by ids are refused before anything is sent, not answered by all rows."""
    before = store.requests.total
    with pytest.raises(LookupRefusedError, match="Rows of Image"):
        [row async for row in store.rows(Image, "id", id__in=["1"])]
    assert store.requests.total == before


async def test_any_number_of_hits_is_paged_through(store: StashStore, name: str) -> None:
    """More hits than a page are all found, a request a page."""
    await asyncio.gather(*(store.create(Tag, name=f"{name}{i}") for i in range(1005)))
    before = store.requests.reads
    assert len(await store.find(Tag, name__contains=name)) == 1005
    assert store.requests.reads - before == 2


@pytest.mark.parametrize(
    ("lookup", "value", "names"),
    [
        ("colour", "red", "colour"),
        ("name__startswith", "a", "Tag.name"),
        ("name", 5, "Tag.name"),
        ("favorite", "yes", "Tag.favorite"),
        ("name__in", "abc", "Tag.name__in"),
        ("scene_count__between", 5, "Tag.scene_count__between"),
    ],
)
async def test_a_lookup_that_cannot_be_is_refused_before_anything_is_sent(
    store: StashStore, lookup: str, value: object, names: str
) -> None:
    """An unknown field or operator, or a value of the wrong type, is named, and costs no request."""
    before = store.requests.total
    with pytest.raises(LookupRefusedError, match=names):
        await store.find(Tag, **{lookup: value})
    assert store.requests.total == before
