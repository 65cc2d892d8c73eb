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

    anna: Account
    bea: Account
    posts: dict[str, Any] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)


async def downloaded(case: Case) -> Source:
    """A creator with a text, no text, a preview, a variant, a shared picture, a mention, a message, a missing file."""
    anna = case.rows.account(username="anna", displayName="Anna Display", about="About Anna")
    bea = case.rows.account(username="bea", displayName="Bea Display")
    source = Source(anna, bea)
    shared, preview, told = (case.picture(anna) for _ in range(3))
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
    }
    offered = [case.rows.offered(shared), case.rows.offered(parent)]
    group = case.rows.group(anna, case.rows.account(username="reader"))
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
    case.rows.tag(source.posts["first"], "Red", "blue")
    case.rows.add(PostMentionFactory(postId=source.posts["first"].id, handle="bea", accountId=bea.id))
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
            alias_list=["anna"],
            urls=["https://fansly.com/anna"],
            details=source.anna.about,
        )
        bea = await store.create(
            Performer, name="Bea Display", alias_list=["bea"], urls=["https://fansly.com/bea"]
        )
        network = await store.create(Studio, name="Fansly (network)")
        studio = await store.create(
            Studio, name="anna (Fansly)", parent_studio=network, urls=["https://fansly.com/anna"]
        )
        self.studio, self.people = studio, [anna, bea]
        self.tags = [await store.create(Tag, name=name) for name in ("red", "blue")]
        self.trailer = await store.create(Tag, name="Trailer")
        images = {image.visual_files[0].basename: image for image in await store.find(Image)}
        (scene,) = await store.find(Scene)
        media = source.media
        shared, preview, told = (images[media[name].local_filename] for name in ("shared", "preview", "told"))
        # The later post was synced first, and the earlier one is of the same file: both ways are seen.
        stamped_by = "first" if self.era == "after" else "later"
        await self._stamp(shared, "shared", stamped_by, tags=self.tags)
        await self._stamp(scene, "variant" if self.era == "after" else "parent", "first", tags=self.tags)
        await self._stamp(preview, "preview", "preview")
        if self.era == "after":
            preview.tags = [self.trailer]
        await self._stamp(told, "told", "told")
        if self.era == "before":
            told.title = "anna - Media from 2025/01/05"
        await store.flush()
        await self._gallery("first", [shared], [scene], tags=self.tags)
        await self._gallery("preview", [preview], [])
        await self._gallery("later", [shared], [])
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
        for _ in range(2 if self.era == "after" else 1):  # v0.15.1 adds what is linked once more
            await self.store.flush()

    def _title(self, row: Any) -> str:
        line = (row.content or "").split("\n")[0]
        return line if len(line) >= 10 else f"anna - {row.createdAt:%Y/%m/%d}"
