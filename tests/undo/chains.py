"""Chains of runs over a source that changes, with a user at work in Stash before them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from stash_graphql_client.types import Gallery, GalleryChapter, Image, Performer, Scene, Studio, Tag

from metadata.models import AccountBanner  # noqa: F401
from stash.demo import files
from stash.pipeline import SyncOptions, undo
from tests.metadata.factories import (
    AvatarFactory,
    MediaVariantFactory,
    PostMentionFactory,
    StoryFactory,
    WallFactory,
    WallPostFactory,
    moment,
)
from tests.undo.states import State, state_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from stash.report import Report
    from tests.mapping.conftest import Case

HASHTAGS = ("red", "green", "blue", "two_words", "two words")
TEXTS = ("A walk along the river", "Another walk\nwith more to say", "A very long story " * 12, "Short", "")
PICTURES = (".jpeg", ".jpeg", ".jpeg", ".png", ".gif")
OVERWRITES = ("title", "details", "date", "code", "cover", "studio", "name", "organized")


@dataclass
class Link:
    """A run of a chain: its number, how Stash stood before it, and whether a user edited between it and the one before."""

    run: int
    before: dict[str, Any]
    is_after_edits: bool


@dataclass
class Chain:
    """A world of two creators, drawn by dice."""

    case: Case
    dice: random.Random
    links: list[Link] = field(default_factory=list)
    media: list[Any] = field(default_factory=list)
    posts: list[int] = field(default_factory=list)
    walls: list[int] = field(default_factory=list)
    is_edited: bool = False
    count: int = 0
    undone: int | None = None

    def __post_init__(self) -> None:
        rows = self.case.rows
        self.people = [
            rows.account(username=f"{name}_{self.case.server.prefix}", displayName=shown, about=about)
            for name, shown, about in (("anna", "Anna", "About her"), ("bea", None, None))
        ]
        self.group = rows.group(*self.people)
        self.case.downloads.mkdir(parents=True, exist_ok=True)

    # --- the source ---

    def _number(self) -> int:
        self.count += 1
        return self.count

    def _new(self, owner: Any) -> Any:
        dice, case = self.dice, self.case
        if dice.random() < 0.25:
            media = case.video(owner)
        else:
            suffix = dice.choice(PICTURES)
            media = case.rows.media(owner)
            name = dice.choice(("2025-01-01_at_12-00_UTC_id_{}", "{n}_id_{}", "Cover_id_{}", "z_id_{}"))
            media.local_filename = name.format(media.id, n=dice.randint(1, 99)) + suffix
            path = f"{dice.choice(('Timeline', 'Messages', 'timeline/sub'))}/Pictures/{media.local_filename}"
            content = str(dice.choice((media.id, media.id, media.id, "the same picture")))
            case.write(owner, path, content)
        self.media.append(media)
        return media

    def _carried(self, owner: Any) -> list[Any]:
        """Media for an item: new ones, old ones once more, in bundles or not, with previews or not."""
        dice, rows = self.dice, self.case.rows
        media = [self._new(owner) for _ in range(dice.randint(0, 3))]
        media += [dice.choice(self.media) for _ in range(dice.randint(0, 2)) if self.media]
        media = list({one.id: one for one in media}.values())
        dice.shuffle(media)
        previews = {one.id: self._new(owner) for one in media[:1] if dice.random() < 0.2}
        held = [rows.offered(one, previews.get(one.id)) for one in media]
        return [rows.bundle(held)] if held and dice.random() < 0.3 else held

    async def download(self) -> None:
        """The source has an item more."""
        dice, rows = self.dice, self.case.rows
        owner = dice.choice(self.people)
        carried = self._carried(owner)
        kind = dice.choice(("post", "post", "post", "aggregate", "message", "story", "wall"))
        if kind == "message":
            rows.message(owner, *carried, groupId=self.group.id, content=dice.choice(TEXTS), createdAt=moment(self._number()))
        elif kind == "story":
            offered = rows.offered(self._new(owner))
            rows.add(StoryFactory(accountId=owner.id, contentId=offered.id, createdAt=moment(self._number())))
        else:
            inner = []
            if kind == "aggregate":
                inner = [rows.post(owner, *self._carried(owner), createdAt=moment(self._number())) for _ in range(2)]
            post = rows.post(owner, *carried, *inner, content=dice.choice(TEXTS), createdAt=moment(self._number()))
            self.posts.append(post.id)
            if kind == "wall":
                wall = rows.add(WallFactory(accountId=owner.id, name=dice.choice(("A wall", None))))
                self.walls.append(wall.id)
                rows.add(WallPostFactory(wallId=wall.id, postId=post.id))
            if dice.random() < 0.3:
                rows.add(PostMentionFactory(postId=post.id, handle=dice.choice(("a_friend", "b_friend"))))
            await self._save()
            self._hashtag(post.id)
            return
        await self._save()

    async def _save(self) -> None:
        with closing(self._connected()) as connection:
            for row in self.case.rows.rows:
                if row.__tablename__ in {"attachments", "post_mentions"} and connection is not None:
                    row.id = self._number()
        await self.case.save()

    def _connected(self) -> Any:
        return sqlite3.connect(self.case.database if self.case.is_saved else ":memory:")

    def _execute(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.case.database)) as connection, connection:
            connection.execute(statement, values)

    def _hashtag(self, post: int) -> None:
        self._execute('DELETE FROM post_hashtags WHERE "postId" = ?', post)
        for tag, value in enumerate(HASHTAGS, 1):
            if self.dice.random() < 0.4:
                self._execute("INSERT OR IGNORE INTO hashtags (id, value) VALUES (?, ?)", tag, value)
                self._execute('INSERT INTO post_hashtags ("postId", "hashtagId") VALUES (?, ?)', post, tag)

    async def change(self) -> None:
        """The source has something otherwise than before, or not any more."""
        dice = self.dice
        person, post = dice.choice(self.people), dice.choice(self.posts or [0])
        what = dice.choice(("text", "hashtag", "about", "rename", "avatar", "unmention", "detach", "drop", "wall", "walled"))
        if what == "text":
            self._execute("UPDATE posts SET content = ? WHERE id = ?", dice.choice(TEXTS), post)
        elif what == "hashtag":
            self._hashtag(post)
        elif what == "about":
            self._execute("UPDATE accounts SET about = ? WHERE id = ?", f"About {self._number()}", person.id)
        elif what == "rename":
            self._execute("UPDATE accounts SET username = username || ? WHERE id = ?", str(self._number()), person.id)
        elif what == "avatar":
            self._execute('DELETE FROM account_avatar WHERE "accountId" = ?', person.id)
            face = self.case.picture(person, at="Avatars", createdAt=moment(self._number()))
            self.case.rows.add(AvatarFactory(accountId=person.id, mediaId=face.id))
            await self._save()
        elif what == "unmention":
            self._execute('DELETE FROM post_mentions WHERE "postId" = ?', post)
        elif what == "detach":
            self._execute('DELETE FROM attachments WHERE "postId" = ? AND pos > 0', post)
        elif what == "drop":
            for table, column in (("post_hashtags", "postId"), ("attachments", "postId"), ("wall_posts", "postId")):
                self._execute(f'DELETE FROM {table} WHERE "{column}" = ?', post)
            self._execute('DELETE FROM post_mentions WHERE "postId" = ?', post)
            self._execute("DELETE FROM posts WHERE id = ?", post)
            self.posts = [one for one in self.posts if one != post] or self.posts
        elif self.walls and what == "wall":
            self._execute('INSERT OR IGNORE INTO wall_posts ("wallId", "postId") VALUES (?, ?)', dice.choice(self.walls), post)
        elif self.walls:
            self._execute('DELETE FROM wall_posts WHERE "wallId" = ? AND "postId" = ?', dice.choice(self.walls), post)

    # --- the user ---

    async def edit(self) -> None:
        """The user does something in Stash."""
        self.is_edited = True
        async with self.case.stash() as store:
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
        owner = self.dice.choice(self.people)
        number = self._number()
        what = self.dice.choice(("tag", "performer", "studio"))
        if what == "tag":
            name = self.dice.choice(HASHTAGS[:3])
            if not await store.find(Tag, name=name):
                parent = await store.create(Tag, name=f"colours {number}")
                await store.create(Tag, name=name, aliases=[f"b {number}", f"a {number}"], parents=[parent], favorite=True)
        elif what == "performer" and not await store.find(Performer, name=f"Somebody {number}"):
            urls = [f"https://example.com/{number}", f"https://fansly.com/{owner.username}"]
            tag = await store.create(Tag, name=f"mine {number}")
            await store.create(Performer, name=f"Somebody {number}", urls=urls, alias_list=["Zed", "abc"], tags=[tag])
        elif what == "studio" and not await store.find(Studio, name=f"{owner.username} (Fansly)"):
            parent = await store.create(Studio, name=f"A house {number}")
            urls = [f"https://example.com/s{number}"]
            await store.create(Studio, name=f"{owner.username} (Fansly)", parent_studio=parent, aliases=[f"x{number}", f"b{number}"], urls=urls)

    async def _picture(self, store: Any) -> None:
        if one := await self._one(store, Performer):
            mine = files.jpeg(f"mine {self._number()}")
            import base64

            store.attach(one, image=f"data:image/jpeg;base64,{base64.b64encode(mine).decode()}")

    async def _collect(self, store: Any) -> None:
        images = [one for one in await store.find(Image) if self.dice.random() < 0.3]
        made = await store.create(Gallery, title=f"my gallery {self._number()}", urls=["https://b.example", "https://a.example"])
        for image in images:
            await image.add_to_gallery(made)
        await store.flush()
        if images:
            if self.dice.random() < 0.5:
                made.cover = self.dice.choice(images)
            store.add(GalleryChapter(gallery=made, title="my chapter", image_index=len(images)))

    async def _predate(self, store: Any) -> None:
        """A gallery of a post that another program made: with its code, one of its images, a chapter."""
        if not self.posts:
            return
        code = str(self.dice.choice(self.posts))
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

    # --- runs ---

    async def state(self) -> State:
        """How Stash stands."""
        transport = self.case.server.transport
        assert transport is not None
        return await state_of(self.case.server.url, transport)

    async def sync(self, **options: Any) -> Report:
        """A run, remembered with what stood before it."""
        known = await self.state()
        await self.case.scan()
        before = await self.state()
        for link in self.links:  # an undo takes no scanned file out of Stash
            link.before |= {name: one for name, one in before.items() if name not in known}
        extras = frozenset({"account_id"})
        report = await self.case.run(self.case.settings(extras=extras), is_forced=True, **options)
        assert report.run is not None
        self.links.append(Link(report.run, dict(before), self.is_edited))
        self.is_edited = False
        return report

    async def undo(self, run: object) -> Report:
        """An undo."""
        transport: httpx.AsyncBaseTransport | None = self.case.server.transport
        chosen = SyncOptions(server="x")
        return (await undo(self.case.settings(), str(run), chosen, transport=transport))[1]


_EDITS: tuple[Callable[[Chain, Any], Any], ...] = (
    Chain._organize,
    Chain._organize,
    Chain._write,
    Chain._write,
    Chain._name_alike,
    Chain._name_alike,
    Chain._name_alike,
    Chain._picture,
    Chain._collect,
    Chain._predate,
    Chain._predate,
    Chain._cover,
    Chain._take_off,
    Chain._delete,
    Chain._adorn,
)
