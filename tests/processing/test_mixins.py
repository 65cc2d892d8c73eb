"""Each mixin on a mocked Stash: what it asks, what it finds, what it sends."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Image, Performer, Scene, Studio, Tag

from stash.demo import files
from stash.files.local import list_downloads
from stash.files.paths import PathMap
from stash.files.stash_index import StashFileIndex
from stash.journal import Baseline, SourceKey
from stash.processing.chunk import GalleryContents, ItemGallery
from stash.processing.context import RunContext
from stash.report import Report
from stash.source.items import AggregatedPost, Creator, ItemHashtag, StoredMedia
from tests.processing.conftest import CreatorFactory, ItemFactory, MediaFactory, held

if TYPE_CHECKING:
    from pathlib import Path

    from stash.processing import StashProcessing
    from tests.processing.conftest import Stash

ANNA = Creator(7, "anna", "Anna", "About Anna")
WHEN = "2026-01-01T00:00:00+00:00"


def performer(
    name: str, *, aliases: tuple[str, ...] = (), urls: tuple[str, ...] = (), **more: object
) -> dict:
    """A performer as Stash answers one."""
    return {
        "name": name,
        "disambiguation": "",
        "alias_list": list(aliases),
        "urls": list(urls),
        "details": "",
        **more,
    }


# Account


async def test_the_store_is_the_contexts(processor: StashProcessing) -> None:
    """`processor.store` and `processor.context.store` are one, and the context has its client."""
    assert processor.store is processor.context.store
    assert processor.context.client is processor.store.connection


@pytest.mark.parametrize(
    "row",
    [
        performer("Somebody", urls=("https://fansly.com/anna",)),
        performer("Somebody", aliases=("ANNA",)),
        performer("anna"),
        performer("Anna"),
    ],
)
async def test_a_performer_is_found(processor: StashProcessing, stash: Stash, row: dict) -> None:
    """A performer is found by its URL, by an alias that is the username, or by its name; nothing is sent."""
    stash.has("performers", **row)
    assert (await processor._find_existing_performer(ANNA)).name == row["name"]
    assert stash.mutations == []


@pytest.mark.parametrize(
    "row",
    [
        performer("annabelle", aliases=("annabelle",)),
        performer("Anna", urls=("https://fansly.com/another",)),
        performer("Somebody", urls=("https://fansly.com/anna2",)),
    ],
)
async def test_somebody_else_is_not_taken(processor: StashProcessing, stash: Stash, row: dict) -> None:
    """A longer name, another account's URL, or a URL that only begins alike is somebody else."""
    stash.has("performers", **row)
    assert await processor._find_existing_performer(ANNA) is None


async def test_two_of_one_name_are_not_guessed(processor: StashProcessing, stash: Stash) -> None:
    """Of two performers of that name none is taken."""
    stash.has("performers", **performer("Anna", disambiguation="x"))
    stash.has("performers", **performer("Anna", disambiguation="y"))
    assert await processor._find_existing_performer(ANNA) is None


async def test_a_missing_performer_is_created(processor: StashProcessing, stash: Stash) -> None:
    """A new performer carries name, username as alias, URL and text; it is saved at once outside of a window."""
    made = await processor._get_or_create_performer(ANNA)
    assert not made.is_new()
    assert stash.mutations == [
        (
            "performerCreate",
            {
                "name": "Anna",
                "alias_list": [],
                "urls": ["https://fansly.com/anna"],
                "details": "About Anna",
            },
        )
    ]
    assert await processor._get_or_create_performer(ANNA) is made


async def test_an_alias_is_never_the_name(processor: StashProcessing, stash: Stash) -> None:
    """The username is an alias only where it differs from the name ignoring case."""
    await processor._get_or_create_performer(Creator(8, "lena_x", "Lena"))
    await processor._get_or_create_performer(Creator(9, "mia", None))
    assert [content.get("alias_list") for _, content in stash.mutations] == [["lena_x"], []]


async def test_a_taken_name_gets_a_disambiguation(processor: StashProcessing, stash: Stash) -> None:
    """Where the name is another account's, the new performer is told apart by its username."""
    stash.has("performers", **performer("Anna", urls=("https://fansly.com/another",)))
    await processor._get_or_create_performer(ANNA)
    assert stash.mutations[0][1]["disambiguation"] == "anna"


async def test_a_recorded_performer_is_found_by_its_id(processor: StashProcessing, stash: Stash) -> None:
    """A recorded id is taken whatever the performer is called now, if it was created when we recorded it."""
    stash.has("performers", **performer("Renamed"))
    key = SourceKey("account", "7")
    processor.work.baselines.put(("Performer", key), Baseline("Performer", key, "1", WHEN))
    assert (await processor._find_existing_performer(ANNA)).name == "Renamed"
    processor.work.baselines.put(
        ("Performer", key), Baseline("Performer", key, "1", "2020-01-01T00:00:00+00:00")
    )
    assert await processor._find_existing_performer(ANNA) is None


async def test_the_downloaders_stash_id_is_checked(processor: StashProcessing, stash: Stash) -> None:
    """A stash_id of the database counts only for a performer that is called so."""
    stash.has("performers", **performer("Nobody we know"))
    assert await processor._find_existing_performer(CreatorFactory.build(stash_id=1)) is None
    stash.rows["performers"][0]["alias_list"] = ["anna"]
    processor.store.invalidate_all()
    assert await processor._find_existing_performer(Creator(7, "anna", stash_id=1)) is not None


async def test_the_avatar_is_sent_where_stash_has_none(
    processor: StashProcessing, stash: Stash, tmp_path: Path
) -> None:
    """The avatar's file goes as a data URL where Stash shows its default picture, and never over another."""
    folder = tmp_path / "dl" / "anna_fansly"
    folder.mkdir(parents=True)
    (folder / "x_id_55.jpeg").write_bytes(files.jpeg("avatar"))
    processor.begin(RunContext(Report(), StashFileIndex(PathMap(), list_downloads(tmp_path / "dl").files)))
    account = Creator(7, "anna", avatar=StoredMedia(55, 7, "image/jpeg"))
    for path, count in (("/performer/1/image?t=1&default=true", 1), ("/performer/1/image?t=1", 0)):
        stash.mutations.clear()
        stash.rows.clear()
        stash.has("performers", **performer("anna", urls=("https://fansly.com/anna",), image_path=path))
        processor.store.invalidate_all()
        processor.cache.performers.clear()
        found = await processor.process_creator(account)
        await processor.store.flush()
        assert found.name == "anna"
        sent = [content for name, content in stash.mutations if name == "performerUpdate"]
        assert len(sent) == count
        for content in sent:
            assert base64.b64decode(content["image"].partition(",")[2]) == files.jpeg("avatar")


# Studio


async def test_studios_are_made_where_missing(processor: StashProcessing, stash: Stash) -> None:
    """The network and the creator's studio are created, the one under the other, and only once."""
    studio = await processor.process_creator_studio(ANNA, None)
    assert await processor.process_creator_studio(ANNA) is studio
    assert [(name, content["name"]) for name, content in stash.mutations] == [
        ("studioCreate", "Fansly (network)"),
        ("studioCreate", "anna (Fansly)"),
    ]
    assert stash.mutations[1][1]["parent_id"] == "101"
    assert stash.mutations[1][1]["urls"] == ["https://fansly.com/anna"]


async def test_an_existing_studio_is_completed(processor: StashProcessing, stash: Stash) -> None:
    """A studio that is there already gets its URL and its parent, and keeps what it has."""
    stash.has("studios", name="Fansly (network)", urls=[], aliases=[], parent_studio=None)
    stash.has("studios", name="anna (Fansly)", urls=["https://mine"], aliases=[], parent_studio=None)
    assert await processor._find_existing_studio(ANNA) is not None
    await processor.process_creator_studio(ANNA)
    await processor.store.flush()
    assert stash.mutations == [
        ("studioUpdate", {"id": "2", "parent_id": "1", "urls": ["https://mine", "https://fansly.com/anna"]})
    ]


# Tag


async def test_hashtags_become_tags_in_order(processor: StashProcessing, stash: Stash) -> None:
    """Twenty hashtags cost one question and one mutation request; the tags come in the order given."""
    stash.has("tags", name="Act", aliases=["tag3"])
    before = processor.store.requests.total
    tags = await processor._process_hashtags_to_tags([ItemHashtag(f"Tag{i}") for i in range(20)])
    assert processor.store.requests.total - before == 2
    assert [tag.name for tag in tags] == [
        *(f"tag{i}" for i in range(3)),
        "Act",
        *(f"tag{i}" for i in range(4, 20)),
    ]
    assert len(stash.mutations) == 19


async def test_a_tag_is_never_a_part_of_another(processor: StashProcessing, stash: Stash) -> None:
    """A hashtag does not match a tag that only contains it."""
    stash.has("tags", name="glass", aliases=["glasses"])
    (tag,) = await processor._process_hashtags_to_tags([ItemHashtag("ass")])
    assert tag.name == "ass"


async def test_a_recorded_tag_is_found_whatever_its_name(processor: StashProcessing, stash: Stash) -> None:
    """A tag that the user renamed is still the tag of its hashtag."""
    stash.has("tags", name="Red hair", aliases=[])
    key = SourceKey("hashtag", "red")
    processor.work.baselines.put(("Tag", key), Baseline("Tag", key, "1", WHEN))
    (tag,) = await processor._process_hashtags_to_tags([ItemHashtag("red")])
    assert tag.name == "Red hair"
    assert stash.mutations == []


async def test_a_preview_is_marked(processor: StashProcessing, stash: Stash) -> None:
    """A preview gets the tag Trailer, made where it is missing."""
    stash.has("images", **image())
    found = await processor.store.get(Image, "1")
    await processor._add_preview_tag(found)
    assert [tag.name for tag in found.tags] == ["Trailer"]


# Media


def image(**more: object) -> dict:
    """An image as Stash answers one."""
    row = {"title": "", "code": "", "details": "", "date": None, "urls": [], "organized": False}
    return {**row, "studio": None, "performers": [], "tags": [], "galleries": [], "visual_files": [], **more}


async def test_a_file_is_stamped(processor: StashProcessing, stash: Stash) -> None:
    """An image gets the media's id as code, title, text, UTC day, studio, people, tags and the post's URL."""
    stash.has("images", **image())
    item = ItemFactory.build()
    found = await processor.store.get(Image, "1")
    people = [await processor._get_or_create_performer(item.account)]
    studio = await processor.process_creator_studio(item.account)
    tags = await processor._process_hashtags_to_tags(item.hashtags)
    await processor._update_stash_metadata(
        found, item, item.account, 5, studio=studio, performers=people, tags=tags
    )
    stash.mutations.clear()
    await processor.store.flush()
    ((name, content),) = stash.mutations
    assert name == "imageUpdate"
    assert content == {
        "id": "1",
        "code": "5",
        "title": "A first line that is long enough",
        "details": item.content,
        "date": "2024-05-01",
        "urls": [f"https://fansly.com/post/{item.id}"],
        "studio_id": studio.id,
        "performer_ids": [people[0].id],
        "tag_ids": [tags[0].id],
    }


async def test_a_message_gives_no_url(processor: StashProcessing, stash: Stash) -> None:
    """Files of messages carry no URL."""
    stash.has("images", **image())
    item = ItemFactory.build(kind="message", groupId=3)
    found = await processor.store.get(Image, "1")
    await processor._update_stash_metadata(found, item, item.account, 5)
    assert found.urls == []


async def test_an_organized_file_is_left_alone(processor: StashProcessing, stash: Stash) -> None:
    """What the user marked organized keeps all its values, and the report says so."""
    stash.has("images", **image(organized=True))
    item = ItemFactory.build()
    await processor._update_stash_metadata(await processor.store.get(Image, "1"), item, item.account, 5)
    assert processor.store.pending() == []
    assert [kept.field for kept in processor.run.report.kept] == ["organized"]


async def test_what_a_predecessor_wrote_is_taken_over(processor: StashProcessing, stash: Stash) -> None:
    """A code that is a variant's id and a placeholder title are replaced; a title of the user's is not."""
    stash.has("images", **image(code="6", title="Media from Anna"))
    stash.has("images", **image(code="", title="Mine"))
    item = ItemFactory.build()
    first, second = await processor.store.get(Image, "1"), await processor.store.get(Image, "2")
    await processor._update_stash_metadata(first, item, item.account, 5, variant_ids=[6])
    await processor._update_stash_metadata(second, item, item.account, 7)
    assert (first.code, first.title) == ("5", "A first line that is long enough")
    assert (second.code, second.title) == ("7", "Mine")


async def test_files_are_matched_by_name_by_id_and_by_code(
    processor: StashProcessing, stash: Stash, tmp_path: Path
) -> None:
    """A media is found by the name in its row, by an id in a file's name (a variant's too), and by its code."""
    folder = tmp_path / "dl" / "anna_fansly"
    folder.mkdir(parents=True)
    for name in ("a_id_11.jpeg", "renamed.jpeg", "b_id_33.jpeg", "c_id_44.jpeg"):
        (folder / name).write_bytes(files.jpeg(name))
    for name in ("a_id_11.jpeg", "renamed.jpeg", "b_id_33.jpeg"):
        stash.has(
            "images",
            **image(visual_files=[{"__typename": "ImageFile", "id": name, "path": str(folder / name)}]),
        )
    processor.begin(RunContext(Report(), StashFileIndex(PathMap(), list_downloads(tmp_path / "dl").files)))
    await processor.run.files.read(processor.store, processor.run.files.on_host)
    media = [
        MediaFactory.build(id=11),
        MediaFactory.build(id=22, local_filename="/old/path/renamed.jpeg"),
        MediaFactory.build(id=30, variants=(MediaFactory.build(id=33),)),
        MediaFactory.build(id=44),
    ]
    async with processor.store.session():
        found = await processor._find_stash_files(media)
    assert {media_id: entity.id for media_id, entity in found.items()} == {11: "1", 22: "2", 30: "3"}
    stash.rows["images"] = [{"id": "9", **image(code="44")}]
    async with processor.store.session():
        again = await processor._find_stash_files(media[3:])
    assert {media_id: entity.id for media_id, entity in again.items()} == {44: "9"}


# Gallery


def gallery(**more: object) -> dict:
    """A gallery as Stash answers one."""
    row = {
        "title": "",
        "code": "",
        "details": "",
        "date": None,
        "urls": [],
        "organized": False,
        "image_count": 0,
    }
    links = {"studio": None, "performers": [], "tags": [], "scenes": [], "cover": None, "chapters": []}
    return {**row, **links, "folder": None, "files": [], **more}


async def test_a_gallery_is_found_by_code_or_url(processor: StashProcessing, stash: Stash) -> None:
    """The gallery of an item is found by its code, else by its URL; a title says nothing."""
    item = ItemFactory.build()
    url = f"https://fansly.com/post/{item.id}"
    for row, is_found in (
        (gallery(code=str(item.id)), True),
        (gallery(urls=[url]), True),
        (gallery(title="A first line that is long enough"), False),
        (gallery(code=str(item.id), folder={"id": "1"}), False),
        (gallery(urls=[url], files=[{"__typename": "GalleryFile", "id": "1", "path": "/x.zip"}]), False),
    ):
        stash.rows.clear()
        stash.has("galleries", **row)
        processor.store.invalidate_all()
        assert (await processor._find_gallery(item) is not None) == is_found


async def test_a_missing_gallery_is_created(processor: StashProcessing, stash: Stash) -> None:
    """A new gallery carries the item's id as code, its title, text, day and URL, and is organized."""
    item = ItemFactory.build(kind="message", groupId=3)
    made = await processor._get_or_create_gallery(item, item.account)
    assert not made.is_new()
    ((name, content),) = stash.mutations
    assert name == "galleryCreate"
    assert content == {
        "code": str(item.id),
        "title": "A first line that is long enough",
        "details": item.content,
        "date": "2024-05-01",
        "urls": [f"https://fansly.com/messages/3/{item.id}"],
        "organized": True,
        "studio_id": None,
        "performer_ids": [],
        "tag_ids": [],
    }


async def test_a_gallery_gets_its_files_cover_and_chapter(processor: StashProcessing, stash: Stash) -> None:
    """Images are linked by one mutation, scenes by theirs, the first image is the cover, a chapter has its place."""
    for _ in range(2):
        stash.has("images", **image())
    stash.has("scenes", **{**image(), "files": []})
    media = [MediaFactory.build(id=i) for i in (1, 2, 3)]
    item = ItemFactory.build(id=50)
    post = AggregatedPost(
        60, item.account, "The text of an earlier post", item.createdAt, (held(50, media[1]),)
    )
    item = ItemFactory.build(id=50, aggregated=(post,), media=tuple(held(50, one) for one in media))
    async with processor.store.session():
        found = {1: await processor.store.get(Image, "1"), 2: await processor.store.get(Image, "2")}
        content = GalleryContents(files={**found, 3: await processor.store.get(Scene, "1")})
        made = await processor._process_item_gallery(item, item.account, content)
        await processor.store.flush()
        await processor._process_chapters([ItemGallery(item, made, content)])
        await processor.store.flush()
    sent = [(name, body) for name, body in stash.mutations if name != "galleryCreate"]
    assert sent == [
        ("sceneUpdate", {"id": "1", "gallery_ids": [made.id]}),
        ("addGalleryImages", {"gallery_id": made.id, "image_ids": ["1", "2"]}),
        ("setGalleryCover", {"gallery_id": made.id, "cover_image_id": "1"}),
        (
            "galleryChapterCreate",
            {"gallery_id": made.id, "title": "The text of an earlier post", "image_index": 2},
        ),
    ]


async def test_a_file_that_the_source_dropped_leaves_the_gallery(
    processor: StashProcessing, stash: Stash
) -> None:
    """A link that an earlier sync added goes when the item no longer holds the media; a user's link stays."""
    stash.has("galleries", **gallery(code="50"))
    for _ in range(3):
        stash.has("images", **image(galleries=[{"id": "1"}]))
    key = SourceKey("post", "50")
    memory = Baseline(
        "Gallery", key, "1", WHEN, known_members={"images": ["1", "2"]}, last_applied={"images": ["1", "2"]}
    )
    processor.work.baselines.put(("Gallery", key), memory)
    item = ItemFactory.build(id=50, media=(held(50, MediaFactory.build(id=1)),))
    async with processor.store.session():
        content = GalleryContents(files={1: await processor.store.get(Image, "1")})
        await processor.store.get(Image, "3")
        await processor._process_item_gallery(item, item.account, content)
        await processor.store.flush()
    assert [body for name, body in stash.mutations if name == "removeGalleryImages"] == [
        {"gallery_id": "1", "image_ids": ["2"]}
    ]


async def test_nothing_is_asked_twice_in_a_window(processor: StashProcessing, stash: Stash) -> None:
    """Once the index is read, people, studios and tags cost no request until the flush."""
    async with processor.store.session():
        await processor.store.preload_index(Tag, Performer, Studio)
        before = processor.store.requests.total
        for number in range(20):
            account = Creator(number + 1, f"user{number}")
            await processor._get_or_create_performer(account)
            await processor.process_creator_studio(account)
            await processor._process_hashtags_to_tags([ItemHashtag("red"), ItemHashtag(f"tag{number}")])
        assert processor.store.requests.total == before
        await processor.store.flush()
    assert len([1 for name, _ in stash.mutations if name == "tagCreate"]) == 21
