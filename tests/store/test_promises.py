"""The promises of the guide, each as the store keeps it (docs/promises of the store)."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Gallery, GalleryChapter, Image, Performer, Scene, Studio, Tag
from stash_graphql_client.types.unset import UNSET

from stash.errors import LookupRefusedError, RejectedError, RetriableError, UsageError
from stash.store import connect

if TYPE_CHECKING:
    from stash.store import StashStore
    from tests.conftest import Server


@pytest.fixture
def name(server: Server) -> str:
    """A name that nothing else has."""
    return server.prefix


# --- lookups (P1) ---


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


# --- the identity map (P2, P3) ---


async def test_one_id_is_one_object(store: StashStore, name: str) -> None:
    """The same id is the same object however it is come by, and a known one costs no request."""
    made = await store.create(Performer, name=name, urls=[f"https://x/{name}"])
    got = await store.get(Performer, made.id)
    before = store.requests.total
    assert await store.get(Performer, int(made.id)) is made is got
    assert store.requests.total == before
    assert await store.find_one(Performer, name=name) is made


async def test_nobody_is_handed_a_stub(store: StashStore, server: Server) -> None:
    """What is reached through a relation is complete too."""
    (scene,) = await server.scenes(store, 1)
    performer = await store.create(Performer, name=server.prefix)
    await scene.add_performer(performer)
    await store.flush()
    performer_id, scene_id = performer.id, scene.id
    async with _fresh(store):
        seen = await store.get(Scene, scene_id)
        assert seen.performers[0].name == server.prefix
        assert (await store.get(Performer, performer_id)).name == server.prefix


def _fresh(store: StashStore):
    """Forget everything that is known, as a new process would."""

    class Forgetting:
        async def __aenter__(self) -> None:
            for kind in (Scene, Image, Gallery, Performer, Studio, Tag):
                for entity in store.all_cached(kind):
                    store.registry.forget(entity)

        async def __aexit__(self, *_: object) -> None:
            pass

    return Forgetting()


async def test_none_means_that_stash_has_none(store: StashStore) -> None:
    """An unknown id answers None; an id that is none raises."""
    assert await store.get(Tag, "99999999") is None
    with pytest.raises(RejectedError):
        await store.get(Tag, "abc")


async def test_many_ids_cost_one_request(store: StashStore, name: str) -> None:
    """get_many keeps the order, names unknown ids, and costs a request a page (two where one is unknown)."""
    tags = await asyncio.gather(*(store.create(Tag, name=f"{name}{i}") for i in range(5)))
    ids = [tag.id for tag in reversed(tags)]
    async with _fresh(store):
        before = store.requests.total
        assert [tag.id for tag in await store.get_many(Tag, ids)] == ids
        assert store.requests.total - before == 1
        found = await store.get_many(Tag, [*ids, "99999999"])
        assert found.missing == ("99999999",)


# --- making (P4, P5, P6, P11) ---


async def test_create_answers_what_exists_already(store: StashStore, name: str) -> None:
    """A create that meets an existing name answers that entity, and makes no second one."""
    first = await store.create(Tag, name=name)
    second = await store.create(Tag, name=name.upper())
    assert second.id == first.id
    assert len(await store.find(Tag, name__iexact=name)) == 1


async def test_get_or_create_searches_by_the_natural_key_alone(store: StashStore, name: str) -> None:
    """The other arguments are for creation: an entity that differs in them is found, and left as it is."""
    made = await store.get_or_create(Performer, name=name, urls=[f"https://x/{name}"], details="one")
    again = await store.get_or_create(Performer, name=name, urls=["https://x/other"], details="two")
    assert again is made
    assert not made.is_new()
    assert (again.details, again.urls) == ("one", [f"https://x/{name}"])


async def test_get_or_create_finds_tags_by_alias(store: StashStore, name: str) -> None:
    """A tag is found by any of its names, ignoring case, and never by a part of one."""
    tag = await store.create(Tag, name=name, aliases=[f"{name} Act"])
    assert await store.get_or_create(Tag, name=f"{name} ACT") is tag
    assert await store.get_or_create(Tag, name=f"{name} Ac") is not tag


async def test_concurrent_callers_share_one_object(store: StashStore, name: str) -> None:
    """Five callers at once get one object, and one create is sent."""
    before = store.requests.mutations
    five = await asyncio.gather(*(store.get_or_create(Studio, name=name) for _ in range(5)))
    assert len({id(studio) for studio in five}) == 1
    assert store.requests.mutations - before == 1


@pytest.mark.parametrize("count", [20, 1000])
async def test_any_number_of_hashtags_costs_three_requests(store: StashStore, name: str, count: int) -> None:
    """20 or 1,000 names in one go need at most 3 requests, and known ones need none but the question."""
    before = store.requests.total
    tags = await asyncio.gather(*(store.get_or_create(Tag, name=f"{name}{i}") for i in range(count)))
    assert store.requests.total - before <= 3
    assert [tag.name for tag in tags] == [f"{name}{i}" for i in range(count)]
    assert not any(tag.is_new() for tag in tags)


async def test_a_race_with_another_process_ends_in_one_entity(store: StashStore, name: str) -> None:
    """A name that somebody else took between our question and our create is found, and used."""
    async with store.session():
        await store.preload(Tag)
        mine = await store.get_or_create(Tag, name=name)
        document = "mutation($input: TagCreateInput!) { tagCreate(input: $input) { id } }"
        reply = await store.connection.mutate(document, {"input": {"name": name.upper()}}, fields=1)
        flushed = await store.flush()
    assert not flushed.failed
    assert mine.id == reply.data["tagCreate"]["id"]


async def test_creation_fields_are_checked(store: StashStore, name: str) -> None:
    """A field that the type has not is refused before anything is sent, and so is a missing key."""
    for fields in ({"name": name, "colour": "red"}, {"description": "x"}):
        with pytest.raises(LookupRefusedError):
            await store.get_or_create(Tag, **fields)


async def test_the_guides_studio_example_works(store: StashStore, name: str) -> None:
    """A studio is created with its parent given as an object; performers, which Stash has no place for, do no harm."""
    parent = await store.get_or_create(Studio, name=f"{name} network")
    studio = await store.create(Studio, name=name, parent_studio=parent, urls=["https://x"], performers=[])
    async with _fresh(store):
        assert (await store.get(Studio, studio.id)).parent_studio.name == f"{name} network"


# --- only what changed (P8) ---


async def test_only_changed_fields_are_sent(embedded: Server) -> None:
    """An update carries the id and the changed fields, nothing else; None clears; a clean entity sends nothing."""
    async with embedded.store() as store:
        (scene,) = await embedded.scenes(store, 1)
        sent: list[dict] = []
        assert embedded.embedded is not None

        async def record(call, execute):
            sent.append(call.variables)
            return await execute()

        embedded.embedded.middleware.append(record)
        scene.title, scene.rating100 = "New Title", None
        await scene.save(store.connection)
        scene.rating100 = 80
        scene.title = " New Title "
        await store.save(scene)
        scene.rating100 = None
        await store.save(scene)
        await store.save(scene)
        assert [call["input0"] for call in sent] == [
            {"id": scene.id, "title": "New Title"},
            {"id": scene.id, "rating100": 80},
            {"id": scene.id, "rating100": None},
        ]


async def test_unset_leaves_the_field_alone(store: StashStore, server: Server) -> None:
    """Assigning UNSET sends nothing."""
    (scene,) = await server.scenes(store, 1)
    scene.organized = UNSET
    before = store.requests.writes
    await store.save(scene)
    assert store.requests.writes == before


async def test_a_reread_keeps_unsaved_edits(store: StashStore, server: Server) -> None:
    """Neither the store's nor the library's own reads drop an unsaved edit."""
    (image,) = await server.images(store, 1)
    image.title = "mine"
    await store.find(Image, path__contains=f"/{server.prefix}")
    await store.connection.find_image(image.id)
    await store.populate(image, ["details"], force_refetch=True)
    assert image.title == "mine"
    await store.save(image)
    async with _fresh(store):
        assert (await store.get(Image, image.id)).title == "mine"


async def test_an_emptied_relation_is_sent(store: StashStore, server: Server) -> None:
    """A relation that was emptied, by assignment or by removing the last one, is empty in Stash too."""
    first, second = await server.images(store, 2)
    tag = await store.create(Tag, name=server.prefix)
    for image in (first, second):
        await image.add_tag(tag)
    await store.flush()
    first.tags = []
    await second.remove_tag(tag)
    await store.flush()
    async with _fresh(store):
        assert [image.tags for image in await store.get_many(Image, [first.id, second.id])] == [[], []]


async def test_an_edit_during_a_flush_stays_an_edit(embedded: Server) -> None:
    """What is changed while a flush is under way is sent by the next one."""
    async with embedded.store() as store:
        (image,) = await embedded.images(store, 1)
        assert embedded.embedded is not None

        async def edit(_call, execute):
            reply = await execute()
            image.title = "during"
            return reply

        image.title = "before"
        embedded.embedded.middleware.append(edit)
        await store.flush()
        embedded.embedded.middleware.clear()
        assert [change.after for change in store.pending()] == [{"title": "during"}]


async def test_flushes_overlap(embedded: Server) -> None:
    """While one flush links, the next creates; one after the other they would wait for each other here."""
    async with embedded.store() as store:
        first, second = await embedded.images(store, 2)
        assert embedded.embedded is not None
        created = asyncio.Event()

        async def hold(call, execute):
            if "addGalleryImages" in call.document and not created.is_set():
                async with asyncio.timeout(5):
                    await created.wait()
            reply = await execute()
            if '"second"' in json.dumps(call.variables):
                created.set()
            return reply

        embedded.embedded.middleware.append(hold)
        async with store.session():
            galleries = [store.new(Gallery, title=name, code=name) for name in ("first", "second")]
            for gallery, image in zip(galleries, (first, second), strict=True):
                await store.make(gallery)
                await image.add_to_gallery(gallery)
            done = await asyncio.gather(
                store.flush([galleries[0], first]), store.flush([galleries[1], second])
            )
            assert not store.pending()
        assert [[change.action for change in one.applied] for one in done] == [["create", "link"]] * 2


async def test_updates_of_the_next_flush_go_out_before_the_answer(embedded: Server) -> None:
    """Two flushes update side by side, but never the same image: that one is sent once, and its later edit after it."""
    async with embedded.store() as store:
        first, second = await embedded.images(store, 2)
        assert embedded.embedded is not None
        other = asyncio.Event()
        sent = []

        async def hold(call, execute):
            titles = [one["title"] for one in call.variables.values() if "title" in one]
            sent.append(titles)
            if titles == ["one"]:
                async with asyncio.timeout(5):
                    await other.wait()
            if titles == ["two"]:
                other.set()
            return await execute()

        embedded.embedded.middleware.append(hold)
        first.title, second.title = "one", "two"
        await asyncio.gather(*(store.flush([image]) for image in (first, second, first)))
        embedded.embedded.middleware.clear()
        assert sent == [["one"], ["two"]]


async def test_creates_of_the_next_flush_go_out_before_the_answer(embedded: Server) -> None:
    """Two flushes create side by side; what both need is created once, and who needs it waits for that one."""
    async with embedded.store() as store, store.session():
        assert embedded.embedded is not None
        other = asyncio.Event()
        sent = []

        async def hold(call, execute):
            names = [one.get("title") or one["name"] for one in call.variables.values()]
            sent.append(names)
            if names == ["first"]:
                async with asyncio.timeout(5):
                    await other.wait()
            if names == ["second"]:
                other.set()
            return await execute()

        galleries = [store.new(Gallery, title=name) for name in ("first", "second", "third", "fourth")]
        for gallery in galleries:
            await store.make(gallery)
        tag = await store.get_or_create(Tag, name=embedded.prefix)
        for gallery in galleries[2:]:
            await gallery.add_tag(tag)
        embedded.embedded.middleware.append(hold)
        await asyncio.gather(*(store.flush([gallery]) for gallery in galleries))
        embedded.embedded.middleware.clear()
        assert not store.pending()
    assert sent == [["first"], ["second"], [tag.name], ["third"], ["fourth"]]


async def test_names_are_created_ahead(embedded: Server) -> None:
    """A flush that is told to creates every tag that is queued by then, and no other that is not named."""
    async with embedded.store() as store, store.session():
        gallery, other = (store.new(Gallery, title=f"{embedded.prefix} {n}") for n in range(2))
        await store.make(gallery)
        await store.make(other)
        tag = await store.get_or_create(Tag, name=embedded.prefix)
        done = await store.flush([gallery], with_names=True)
        assert [change.entity for change in done.applied] == [gallery, tag]
        assert [change.entity for change in store.pending()] == [other]


# --- relations (P9) ---


async def test_links_cost_nothing(store: StashStore, server: Server) -> None:
    """Links are set without a request, keep what is there, and are all sent by one flush."""
    images = await server.images(store, 20)
    performer = await store.create(Performer, name=server.prefix)
    studio = await store.create(Studio, name=server.prefix)
    gallery = await store.create(Gallery, title=server.prefix, code=server.prefix)
    before = store.requests.total
    for image in images:
        await image.add_performer(performer)
        await image.set_studio(studio)
        image.set_studio(studio)
        await image.add_to_gallery(gallery)
    await gallery.set_studio(studio)
    assert store.requests.total == before
    assert performer.images is UNSET
    await store.flush()
    assert store.requests.total - before == 2
    async with _fresh(store):
        seen = await store.get_many(Image, [image.id for image in images])
        assert all(i.performers[0].id == performer.id and i.studio.id == studio.id for i in seen)
        assert (await store.get(Gallery, gallery.id)).image_count == 20


async def test_a_link_costs_the_same_at_any_size(store: StashStore) -> None:
    """A performer with 50,000 images: one more link is no request, and as many steps as the first one."""
    performer = await store.create(Performer, name=f"of many {uuid.uuid4().hex}")
    images = [store.new(Image, title=str(number)) for number in range(50_000)]
    before = store.requests.total
    steps = []
    for number, image in enumerate(images):
        counted = _Steps()
        sys.setprofile(counted if number % 9_999 == 0 else None)
        await image.add_performer(performer)
        sys.setprofile(None)
        steps.append(counted.number)
    assert store.requests.total == before
    assert set(steps[::9_999]) == {steps[0]} != {0}
    assert all(image.performers == [performer] for image in (images[0], images[-1]))


class _Steps:
    """Counts calls, of Python's and of built-in functions."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, _frame: object, event: str, _argument: object) -> None:
        self.number += event in {"call", "c_call"}


async def test_bounded_relations_stay_in_step(store: StashStore, server: Server) -> None:
    """A scene's galleries and a gallery's scenes tell the same, and only one side is sent."""
    (scene,) = await server.scenes(store, 1)
    gallery = await store.get(
        Gallery, (await store.create(Gallery, title=server.prefix, code=server.prefix)).id
    )
    await store.populate(gallery, ["scenes"])
    await scene.add_to_gallery(gallery)
    assert gallery.scenes == [scene]
    assert [change.entity for change in store.pending()] == [scene]
    await scene.remove_from_gallery(gallery)
    assert gallery.scenes == []
    assert store.pending() == []


async def test_links_on_unread_relations_join_what_is_there(store: StashStore, server: Server) -> None:
    """A link set on an entity of which only the id is known adds to what Stash has."""
    (image,) = await server.images(store, 1)
    one, two = [await store.create(Tag, name=f"{server.prefix}{i}") for i in range(2)]
    await image.add_tag(one)
    await store.flush()
    async with _fresh(store):
        stub = Image(id=image.id)
        await stub.add_tag(two)
        await store.flush()
    async with _fresh(store):
        assert {tag.id for tag in (await store.get(Image, image.id)).tags} == {one.id, two.id}


async def test_images_can_be_added_from_the_gallery(store: StashStore, server: Server) -> None:
    """gallery.add_image and image.add_to_gallery end in the same links, also when mixed."""
    first, second = await server.images(store, 2)
    gallery = await store.create(Gallery, title=server.prefix, code=server.prefix)
    await gallery.add_image(first)
    await second.add_to_gallery(gallery)
    await store.flush()
    await store.invalidate(Gallery, gallery.id)
    assert (await store.get(Gallery, gallery.id)).image_count == 2


async def test_a_window_is_a_session(store: StashStore, name: str) -> None:
    """In a `window` as in a `session` a new entity waits for the flush."""
    for opened in (store.session, store.window):
        before = store.requests.mutations
        async with opened():
            tag = await store.get_or_create(Tag, name=f"{name} {before}")
            assert tag.is_new()
            assert store.requests.mutations == before
            await store.flush()
        assert store.requests.mutations == before + 1


async def test_chapters_and_cover_are_written_after_the_links(store: StashStore, server: Server) -> None:
    """One flush makes a gallery, links its images, then sets its chapter and its cover."""
    first, second = await server.images(store, 2)
    async with store.session():
        gallery = Gallery(title=server.prefix, code=server.prefix, cover=second)
        store.add(gallery)
        for image in (first, second):
            await image.add_to_gallery(gallery)
        store.add(GalleryChapter(gallery=gallery, title="two", image_index=2))
        flushed = await store.flush()
    assert not flushed.failed
    async with _fresh(store):
        seen = await store.get(Gallery, gallery.id)
        assert (seen.cover.id, [(c.title, c.image_index) for c in seen.chapters]) == (second.id, [("two", 2)])


# --- the flush (P12) ---


async def test_a_refused_entity_stays_pending_and_harms_nobody(store: StashStore, server: Server) -> None:
    """Of many updates the bad one is named and stays dirty; the others are written."""
    images = await server.images(store, 5)
    for image in images:
        image.title = "good"
    images[2].date = "not a date"
    flushed = await store.flush()
    assert [failure.entity for failure in flushed.failed] == [images[2]]
    assert {change.entity for change in store.pending()} == {images[2]}
    async with _fresh(store):
        titles = [image.title for image in await store.get_many(Image, [i.id for i in images])]
        assert titles == ["good", "good", "", "good", "good"]


async def test_save_raises_where_the_object_was_refused(store: StashStore, server: Server) -> None:
    """obj.save and store.save raise with Stash's words; the object keeps its edit."""
    (image,) = await server.images(store, 1)
    image.date = "not a date"
    with pytest.raises(RejectedError, match="date"):
        await image.save(store.connection)
    with pytest.raises(RejectedError, match="date"):
        await store.save(image)
    assert image.date == "not a date"


async def test_a_failed_link_is_named_and_the_others_stand(store: StashStore, server: Server) -> None:
    """Of several galleries, one that is gone fails alone; the images of the others are linked."""
    images = await server.images(store, 3)
    galleries = [await store.create(Gallery, title=f"{server.prefix}{i}", code=f"{i}") for i in range(3)]
    document = "mutation($ids: [ID!]!) { galleryDestroy(input: {ids: $ids}) }"
    await store.connection.mutate(document, {"ids": [galleries[1].id]}, fields=1)
    for image, gallery in zip(images, galleries, strict=True):
        await image.add_to_gallery(gallery)
    flushed = await store.flush()
    assert [failure.entity for failure in flushed.failed] == [galleries[1]]
    assert [(c.entity, c.after) for c in store.pending()] == [(galleries[1], {"images": [images[1]]})]
    store.rollback()
    assert not store.pending()


async def test_flush_orders_what_depends_on_each_other(store: StashStore, name: str) -> None:
    """New entities that point to new ones are created after them, whatever the order they were added in."""
    async with store.session():
        network = Studio(name=f"{name} network")
        gallery = Gallery(title=name, code=name, studio=Studio(name=name, parent_studio=network))
        gallery.tags = [Tag(name=name)]
        store.add(gallery)
        flushed = await store.flush()
    assert not flushed.failed
    async with _fresh(store):
        seen = await store.find_one(Gallery, code=name)
        assert (seen.studio.name, seen.tags[0].name) == (name, name)


# --- staleness (P13) ---


async def test_invalidate_keeps_identity(store: StashStore, name: str) -> None:
    """After invalidate, awaited or not, get reads afresh into the same object."""
    tag = await store.get(Tag, (await store.create(Tag, name=name)).id)
    document = "mutation($input: TagUpdateInput!) { tagUpdate(input: $input) { id } }"
    await store.connection.mutate(document, {"input": {"id": tag.id, "description": "new"}}, fields=1)
    assert (await store.get(Tag, tag.id)).description == ""
    await store.invalidate(Tag, tag.id)
    assert not store.is_cached(Tag, tag.id)
    assert (await store.get(Tag, tag.id)) is tag
    assert tag.description == "new"
    store.invalidate(tag)
    store.invalidate_type(Tag)
    await store.invalidate_all()
    assert (await store.get(Tag, tag.id)) is tag


# --- the wire (P10, P17) ---


async def test_one_store_a_process(embedded: Server) -> None:
    """A second live store is refused; after the first is closed the next one opens."""
    async with embedded.store():
        with pytest.raises(UsageError, match="open in this process"):
            async with connect(embedded.url, transport=embedded.transport):
                pass
    async with embedded.store() as store:
        assert store.requests.reads == 1


async def test_the_optimal_pattern_of_the_guide(store: StashStore, server: Server) -> None:
    """The guide's own example costs at most 8 requests for its first item, and 2 for every further one."""
    scenes = await server.scenes(store, 3)
    network = await store.get_or_create(Studio, name=f"{server.prefix} network")

    async def process(scene_id: str) -> None:
        performer = await store.get_or_create(
            Performer, name=server.prefix, urls=[f"https://fansly.com/{server.prefix}"], details=""
        )
        studio = await store.get_or_create(Studio, name=f"{server.prefix} (Fansly)", parent_studio=network)
        tags = await asyncio.gather(
            *(store.get_or_create(Tag, name=f"{server.prefix}{i}") for i in range(20))
        )
        scene = await store.get(Scene, scene_id)
        await scene.add_performer(performer)
        await scene.set_studio(studio)
        for tag in tags:
            await scene.add_tag(tag)
        scene.title, scene.details, scene.date = "A title", "Some text", "2024-05-01"
        await scene.save(store.connection)

    costs = []
    async with _fresh(store):
        for scene in scenes:
            before = store.requests.total
            await process(scene.id)
            costs.append(store.requests.total - before)
    assert costs[0] <= 8
    assert max(costs[1:]) <= 2


async def test_nothing_listens_there() -> None:
    """An address where nothing answers is said to be so, within the budget."""
    with pytest.raises(RetriableError, match="does not answer"):
        async with connect("http://127.0.0.1:9", connect_patience=0.1):
            pass
