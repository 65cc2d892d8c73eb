"""A code alone is nobody's: other sites number their things too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stash_graphql_client.types import Gallery, Image, Scene

from stash import jobs
from stash.demo.files import jpeg
from tests.faults.dials import Fault, Faults, FaultyTransport
from tests.mapping.conftest import little_case

if TYPE_CHECKING:
    from stash.store import StashStore
    from tests.mapping.conftest import Case

TEXT = "The text of the post, long enough"
DAY = "2025-01-01"
FOREIGN = "https://another.example/sets/900001"
F3 = {
    "title": "A studio set from another site",
    "urls": [FOREIGN],
    "date": "2019-05-05",
    "details": "From a studio",
}
FIELDS = ("title", "code", "details", "urls", "organized", "date")


async def posted(case: Case, item: int = 900001, **post: Any) -> tuple[Any, Any]:
    """A creator with one post with one picture, scanned; answers the account and the picture."""
    anna = case.rows.account(username="anna", displayName="Anna")
    media = case.picture(anna)
    case.post(anna, media, **{"id": item, "content": TEXT} | post)
    await case.save()
    await case.scan()
    return anna, media


async def shown(store: StashStore, gallery: Gallery) -> dict[str, Any]:
    """All that a sync writes of a gallery."""
    found = await store.get(Gallery, gallery.id)
    links = {name: getattr(found, name) for name in ("studio", "performers", "tags", "scenes", "image_count")}
    return {name: str(getattr(found, name)) for name in FIELDS} | links


async def galleries_of(case: Case, code: str = "900001") -> list[Gallery]:
    """The galleries of a code."""
    async with case.stash() as store:
        return await store.find(Gallery, code=code)


STRANGERS: list[dict[str, Any]] = [
    F3,
    {"title": "My set"},
    {"title": TEXT, "urls": [FOREIGN]},
    {"title": TEXT, "date": "2019-05-05"},
    {"title": TEXT, "details": "Words of my own"},
    {"title": "My set", "date": DAY, "details": TEXT},
    {"title": TEXT, "urls": ["https://fansly.com.example/post/900001"]},
]


@pytest.mark.parametrize("stranger", STRANGERS, ids=[str(number) for number in range(len(STRANGERS))])
async def test_a_gallery_that_merely_has_the_code_is_left_alone(
    everywhere: Case, stranger: dict[str, Any]
) -> None:
    """It stays as it is, another one is made beside it, and the second run is silent, with a journal and without."""
    case = everywhere
    item = 900_000 + int(case.server.prefix[1:6], 16)
    await posted(case, item)
    stranger = {**stranger, "title": stranger["title"], "code": str(item)}
    async with case.stash() as store:
        gallery = await store.create(Gallery, **stranger)
        before = await shown(store, gallery)
    report = await case.settled()
    assert (report.exit_code, report.kept) == (0, [])
    assert len(case.inputs("galleryCreate")) == 1
    async with case.stash() as store:
        assert await shown(store, gallery) == before
        await store.connection.mutate(
            "mutation($ids: [ID!]!) { galleryDestroy(input: {ids: $ids}) }", {"ids": [gallery.id]}, fields=1
        )
    assert len(await galleries_of(case, str(item))) == 1


OURS: list[dict[str, Any]] = [
    {"title": TEXT},
    {"title": TEXT, "date": DAY, "details": TEXT},
    {"title": "anna - 2025/01/01", "date": DAY},
    {"title": "anna - Media from 2025/01/01"},
    {"title": "My set", "date": "2019-05-05", "urls": ["https://fansly.com/post/900001"]},
    {"title": "My set", "urls": [FOREIGN, "HTTPS://www.Fansly.com/post/900001/"]},
]


@pytest.mark.parametrize("gallery", OURS, ids=[str(number) for number in range(len(OURS))])
async def test_a_gallery_that_says_more_than_the_code_is_adopted(case: Case, gallery: dict[str, Any]) -> None:
    """A url of the site, or nothing but what a sync or an earlier program writes, makes the gallery of that code ours."""
    await posted(case, content=TEXT if "anna" not in gallery["title"] else "")
    async with case.stash() as store:
        await store.create(Gallery, code="900001", **gallery)
    assert (await case.settled()).exit_code == 0
    assert case.inputs("galleryCreate") == []


async def test_a_gallery_without_urls_that_holds_the_files_is_adopted(case: Case) -> None:
    """Whatever its title is: the files of the item say whose it is."""
    await posted(case)
    async with case.stash() as store:
        gallery = await store.create(Gallery, code="900001", title="My set", date="2019-05-05")
        (image,) = await store.find(Image)
        await image.add_to_gallery(gallery)
        await store.flush()
    await case.settled()
    assert case.inputs("galleryCreate") == []


async def test_a_gallery_that_a_user_gave_another_code_stays_ours(case: Case) -> None:
    """What was recorded is told by its id and its time, whatever its code and urls are now."""
    await posted(case)
    await case.settled()
    async with case.stash() as store:
        (gallery,) = await store.find(Gallery)
        gallery.code, gallery.urls, gallery.title = "12", [], "Mine"
        await store.flush()
    report = await case.settled()
    assert case.inputs("galleryCreate") == []
    assert {one.field for one in report.kept} == {"code", "title"}


@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not done"])
async def test_a_lost_reply_never_adopts_a_stranger(case: Case, *, is_done: bool) -> None:
    """A gallery whose creation was not answered is found again by its url, beside a user's of the same code."""
    await posted(case)
    async with case.stash() as store:
        gallery = await store.create(Gallery, code="900001", **F3)
        before = await shown(store, gallery)
    assert case.server.transport is not None
    kind = Fault(1, "reset", "after" if is_done else "before", matching=lambda text: "galleryCreate" in text)
    faults = Faults([kind])
    inner, case.server.transport = case.server.transport, FaultyTransport(case.server.transport, faults)
    report = await case.sync()
    assert len(faults.met) == 1
    case.server.transport = inner
    assert report.exit_code == 0
    found = await galleries_of(case)
    assert len(found) == 2
    assert (await case.sync()).header.requests["mutations"] == 0
    async with case.stash() as store:
        assert await shown(store, gallery) == before


async def media_by_code(case: Case, kind: str, **values: Any) -> tuple[Any, str]:
    """A post whose file Stash has not scanned, and a scanned file of the user's with its code; answers that one's id."""
    anna = case.rows.account(username="anna", displayName="Anna")
    media = case.rows.media(anna, id=900002)
    case.post(anna, media, content=TEXT)
    case.write(anna, f"Timeline/Pictures/{media.local_filename}", "900002")
    await case.save()
    mine = case.server.library / "mine"
    mine.mkdir()
    (mine / f"some.{kind}").write_bytes(jpeg("mine"))
    cls = {"jpeg": Image, "mp4": Scene}[kind]
    async with case.stash() as store:
        await jobs.scan(store.connection, [str(mine)], 60)
        (entity,) = await store.find(cls)
        for name, value in {"code": "900002", **values}.items():
            setattr(entity, name, value)
        await store.flush()
    return cls, entity.id


@pytest.mark.parametrize(
    ("values", "is_ours"),
    [
        ({"title": "Mine", "urls": [FOREIGN], "date": "2019-05-05"}, False),
        ({"title": "Mine"}, False),
        ({"date": "2019-05-05"}, False),
        ({}, True),
        ({"title": TEXT, "details": TEXT, "date": DAY}, True),
        ({"title": "Mine", "urls": ["https://fansly.com/post/1"]}, True),
    ],
)
async def test_an_image_that_merely_has_the_code_is_left_alone(
    case: Case, values: dict[str, Any], *, is_ours: bool
) -> None:
    """An image that no file of the media makes ours is ours only if it says more than the code."""
    cls, mine = await media_by_code(case, "jpeg", **values)
    await case.sync(scan=False)
    async with case.stash() as store:
        image = await store.get(cls, mine)
        assert bool(image.performers) is is_ours
    if not is_ours:
        assert case.inputs("imagesUpdate") == case.inputs("imageUpdate") == []


_OWN = {
    "title": st.sampled_from(["My set", TEXT, "anna - 2025/01/01"]),
    "details": st.sampled_from(["", TEXT, "My words"]),
    "date": st.sampled_from(["2019-05-05", DAY]) | st.none(),
    "urls": st.lists(
        st.sampled_from([FOREIGN, "https://fansly.com/post/900001", "https://fansly.com/post/7"]), unique=True
    ),
}


@settings(max_examples=10, deadline=None)
@given(st.lists(st.fixed_dictionaries(_OWN), min_size=1, max_size=3))
async def test_any_galleries_of_the_code(standing: list[dict[str, Any]]) -> None:
    """Of any galleries of the code one at most is taken, that says more than it; the others stay as they are."""
    with little_case() as case:
        await posted(case)
        async with case.stash() as store:
            made = [await store.create(Gallery, code="900001", organized=False, **one) for one in standing]
            before = {one.id: await shown(store, one) for one in made}
        await case.settled()
        async with case.stash() as store:
            changed = [one for one in made if await shown(store, one) != before[one.id]]
        is_ours = [
            any("fansly.com" in url for url in one["urls"])
            or (
                not one["urls"]
                and one["title"] in {TEXT, "anna - 2025/01/01"}
                and one["details"] in {"", TEXT}
                and one["date"] in {None, DAY}
            )
            for one in standing
        ]
        told = [one for one, own in zip(made, is_ours, strict=True) if own]
        assert len(case.inputs("galleryCreate")) == (not told)
        assert [one.id for one in changed] == [one.id for one in told[:1]]
