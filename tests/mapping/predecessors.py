"""What earlier programs left in a Stash, made through its API by their rules; written from what they are known to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag

from tests.metadata.factories import MediaVariantFactory, PostMentionFactory, moment

if TYPE_CHECKING:
    from metadata.models import Account, Media
    from stash.store import StashStore
    from tests.mapping.conftest import Case

Era = Literal["before", "during", "after"]
"""Before the migration, after it, and v0.15.1."""

FIRST_TEXT = "A text with enough words to be a title\nand more"
LATER_TEXT = "The same picture, posted once more"


@dataclass
class Source:
    """What was downloaded: the rows that the predecessor knew."""

    word: str
    anna: Account
    bea: Account
    posts: dict[str, Any] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)


async def downloaded(case: Case) -> Source:
    """A creator with a text, no text, a preview, a variant, a shared picture, a mention, a message, a missing file."""
    word = case.server.prefix
    anna = case.rows.account(username=f"{word}anna", displayName=f"{word} Anna", about="About Anna")
    bea = case.rows.account(username=f"{word}bea", displayName=f"{word} Bea")
    source = Source(word, anna, bea)
    shared, preview, told, opening = (case.picture(anna) for _ in range(4))
    parent = case.rows.media(anna, mimetype="video/mp4", local_filename=None, is_downloaded=False)
    variant = case.video(anna)
    case.rows.add(MediaVariantFactory(mediaId=parent.id, variantId=variant.id))
    locked = case.rows.media(anna, local_filename=None, is_downloaded=False)
    lost = case.rows.media(anna)
    source.media = {
        "shared": shared,
        "parent": parent,
        "variant": variant,
        "preview": preview,
        "told": told,
        "lost": lost,
        "opening": opening,
    }
    offered = [case.rows.offered(one) for one in (opening, shared, parent)]
    group = case.rows.group(anna, case.rows.account(username=f"{word}reader"))
    source.posts = {
        "first": case.rows.post(anna, *offered, content=FIRST_TEXT, createdAt=moment(1)),
        "preview": case.rows.post(
            anna, case.rows.offered(locked, preview, access=False), content="", createdAt=moment(30)
        ),
        "later": case.rows.post(anna, case.rows.offered(shared), content=LATER_TEXT, createdAt=moment(60)),
        "lost": case.rows.post(
            anna, case.rows.offered(lost), content="Its file is nowhere", createdAt=moment(90)
        ),
        "told": case.rows.message(
            anna, case.rows.offered(told), content="", createdAt=moment(100), groupId=group.id
        ),
    }
    source.posts["carrying"] = case.rows.post(
        anna, source.posts["later"], content="It carries another one", createdAt=moment(99)
    )
    case.rows.tag(source.posts["first"], f"{word}Red", f"{word}blue")
    mention = PostMentionFactory(postId=source.posts["first"].id, handle=bea.username, accountId=bea.id)
    case.rows.add(mention)
    await case.save()
    return source


async def left_behind(case: Case, source: Source, era: Era) -> None:
    """Make the library of one predecessor."""
    await case.scan()
    async with case.stash() as store:
        await _Predecessor(store, source, era).work()


class _Predecessor:
    def __init__(self, store: StashStore, source: Source, era: Era) -> None:
        self.store, self.source, self.era = store, source, era

    async def work(self) -> None:
        source, store = self.source, self.store
        anna = await store.create(
            Performer,
            name=source.anna.displayName,
            alias_list=[source.anna.username],
            urls=[f"https://fansly.com/{source.anna.username}"],
            details=source.anna.about,
        )
        bea = await store.create(
            Performer,
            name=source.bea.displayName,
            alias_list=[source.bea.username],
            urls=[f"https://fansly.com/{source.bea.username}"],
        )
        network = await store.get_or_create(Studio, name="Fansly (network)")
        studio = await store.create(
            Studio, name=f"{source.anna.username} (Fansly)", parent_studio=network, urls=anna.urls
        )
        self.studio, self.people = studio, [anna, bea]
        self.tags = [await store.create(Tag, name=f"{source.word}{name}") for name in ("red", "blue")]
        self.trailer = await store.get_or_create(Tag, name="Trailer")
        here = {"path__contains": f"/{source.word}_downloads/"}
        images = {image.visual_files[0].basename: image for image in await store.find(Image, **here)}
        (scene,) = await store.find(Scene, **here)
        media = source.media
        shared, preview, told, opening = (
            images[media[name].local_filename] for name in ("shared", "preview", "told", "opening")
        )
        # The later post was synced first, and the earlier one is of the same file: both ways are seen.
        stamped_by = "first" if self.era == "after" else "later"
        await self._stamp(shared, "shared", stamped_by, tags=self.tags)
        await self._stamp(scene, "variant" if self.era == "after" else "parent", "first", tags=self.tags)
        await self._stamp(opening, "opening", "first", tags=self.tags)
        await self._stamp(preview, "preview", "preview")
        if self.era == "after":
            preview.tags = [self.trailer]
        await self._stamp(told, "told", "told")
        if self.era == "before":
            told.title = f"{source.anna.username} - Media from 2025/01/05"
        await store.flush()
        await self._gallery("first", [shared, opening], [scene], tags=self.tags)
        await self._gallery("preview", [preview], [])
        await self._gallery("later", [shared], [])
        await self._gallery("carrying", [shared], [])
        await self._gallery("told", [told], [])
        if self.era != "after":
            await self._gallery("lost", [], [])

    async def _stamp(self, entity: Image | Scene, code: str, item: str, tags: list[Tag] = ()) -> None:  # type: ignore[assignment]
        row = self.source.posts[item]
        entity.code = str(self.source.media[code].id)
        entity.title, entity.details = self._title(row), row.content
        entity.date = f"{row.createdAt:%Y-%m-%d}"
        entity.studio = self.studio
        entity.performers = self.people if item == "first" else self.people[:1]
        entity.tags = list(tags)
        if item != "told":
            entity.urls = [f"https://fansly.com/post/{row.id}"]

    async def _gallery(
        self, item: str, images: list[Image], scenes: list[Scene], tags: list[Tag] = ()
    ) -> None:  # type: ignore[assignment]
        row = self.source.posts[item]
        path = f"messages/{row.groupId}/{row.id}" if item == "told" else f"post/{row.id}"
        gallery = await self.store.create(
            Gallery,
            title=self._title(row),
            details=row.content,
            code=str(row.id),
            date=f"{row.createdAt:%Y-%m-%d}",
            organized=True,
            studio=self.studio,
            performers=self.people[:1],
            urls=[f"https://fansly.com/{path}"],
            tags=list(tags),
            scenes=scenes,
        )
        for image in images:
            await image.add_to_gallery(gallery)
        await self.store.flush()
        if self.era == "after":  # v0.15.1 adds what is linked once more
            document = (
                "mutation($g: ID!, $i: [ID!]!) { addGalleryImages(input: {gallery_id: $g, image_ids: $i}) }"
            )
            for _ in images:
                variables = {"g": gallery.id, "i": [image.id for image in images]}
                assert not (await self.store.connection.mutate(document, variables, fields=1)).errors

    def _title(self, row: Any) -> str:
        line = (row.content or "").split("\n")[0]
        return line if len(line) >= 10 else f"{self.source.anna.username} - {row.createdAt:%Y/%m/%d}"
