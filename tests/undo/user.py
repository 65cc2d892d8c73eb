"""A user at work in Stash, drawn by dice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery, GalleryChapter, Image, Performer, Scene, Studio, Tag

from stash.demo import files
from stash.files.content import picture_url
from tests.undo.source import HASHTAGS

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.undo.source import Source


@dataclass
class User:
    """Edits things, makes things that a sync adopts, and deletes."""

    source: Source
    dice: random.Random
    count: int = 0

    def _number(self) -> int:
        self.count += 1
        return self.count

    async def edit(self) -> None:
        """The user does something in Stash."""
        async with self.source.case.stash() as store:
            what = self.dice.choice(_EDITS)
            await what(self, store)
            await store.flush()

    async def _one(self, store: Any, *kinds: Any) -> Any:
        found = [one for kind in kinds for one in await store.find(kind)]
        return self.dice.choice(found) if found else None

    async def _organize(self, store: Any) -> None:
        for kind in (Image, Scene):
            for one in await store.find(kind):
                if self.dice.random() < 0.2:
                    one.organized = True

    async def _write(self, store: Any) -> None:
        if one := await self._one(store, Image, Scene, Gallery):
            setattr(one, self.dice.choice(("title", "details")), f"my own words {self._number()}")
            one.rating100 = 60

    async def _name_alike(self, store: Any) -> None:
        owner = self.dice.choice(self.source.people)
        number = self._number()
        what = self.dice.choice(("tag", "performer", "studio"))
        if what == "tag":
            name = self.dice.choice(HASHTAGS[:3])
            if not await store.find(Tag, name=name):
                parent = await store.create(Tag, name=f"colours {number}")
                await store.create(
                    Tag, name=name, aliases=[f"b {number}", f"a {number}"], parents=[parent], favorite=True
                )
        elif what == "performer" and not await store.find(Performer, name=f"Somebody {number}"):
            urls = [f"https://example.com/{number}", f"https://fansly.com/{owner.username}"]
            tag = await store.create(Tag, name=f"mine {number}")
            await store.create(
                Performer, name=f"Somebody {number}", urls=urls, alias_list=["Zed", "abc"], tags=[tag]
            )
        elif what == "studio" and not await store.find(Studio, name=f"{owner.username} (Fansly)"):
            parent = await store.create(Studio, name=f"A house {number}")
            urls = [f"https://example.com/s{number}"]
            await store.create(
                Studio,
                name=f"{owner.username} (Fansly)",
                parent_studio=parent,
                aliases=[f"x{number}", f"b{number}"],
                urls=urls,
            )

    async def _picture(self, store: Any) -> None:
        if one := await self._one(store, Performer):
            store.attach(one, image=picture_url(files.jpeg(f"mine {self._number()}")))

    async def _collect(self, store: Any) -> None:
        images = [one for one in await store.find(Image) if self.dice.random() < 0.3]
        made = await store.create(
            Gallery, title=f"my gallery {self._number()}", urls=["https://b.example", "https://a.example"]
        )
        for image in images:
            await image.add_to_gallery(made)
        await store.flush()
        if images:
            if self.dice.random() < 0.5:
                made.cover = self.dice.choice(images)
            store.add(GalleryChapter(gallery=made, title="my chapter", image_index=len(images)))

    async def _predate(self, store: Any) -> None:
        """A gallery of a post that another program made: with its code, one of its images, a chapter."""
        if not self.source.posts:
            return
        code = str(self.dice.choice(self.source.posts))
        if await store.find(Gallery, code=code):
            return
        made = await store.create(Gallery, title="of another program", code=code)
        images = [one for one in await store.find(Image) if self.dice.random() < 0.3]
        for image in images:
            await image.add_to_gallery(made)
        await store.flush()
        if images and self.dice.random() < 0.5:
            made.cover = self.dice.choice(images)

    async def _cover(self, store: Any) -> None:
        gallery = await self._one(store, Gallery)
        images = [one for one in await store.find(Image) if any(g is gallery for g in one.galleries)]
        if images:
            gallery.cover = self.dice.choice(images)

    async def _take_off(self, store: Any) -> None:
        if (one := await self._one(store, Image, Gallery)) and one.tags:
            one.tags = one.tags[1:]

    async def _delete(self, store: Any) -> None:
        if (one := await self._one(store, Gallery)) is not None:
            document = "mutation($i: ID!) { galleryDestroy(input: {ids: [$i]}) }"
            await store.connection.mutate(document, {"i": one.id}, fields=1)

    async def _adorn(self, store: Any) -> None:
        if one := await self._one(store, Performer):
            one.favorite, one.height_cm = True, 170
            one.urls = [*one.urls, f"https://example.com/{self._number()}"]


_EDITS: tuple[Callable[[User, Any], Any], ...] = (
    User._organize,
    User._organize,
    User._write,
    User._write,
    User._name_alike,
    User._name_alike,
    User._name_alike,
    User._picture,
    User._collect,
    User._predate,
    User._predate,
    User._cover,
    User._take_off,
    User._delete,
    User._adorn,
)
