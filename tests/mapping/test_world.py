"""One world with every case at once, on the embedded Stash and on a real one, against what the rules say of it.

What is expected is written down here by hand from the rules of docs/mapping.md; nothing of it comes from the mapping's code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag

from metadata.models import MediaStory, PinnedPost, Wall, WallPost
from tests.metadata.factories import (
    IDS,
    AvatarFactory,
    MediaVariantFactory,
    PostMentionFactory,
    moment,
)

if TYPE_CHECKING:
    from stash.store import StashStore
    from tests.mapping.conftest import Case

TEXT = "What is said in the first line\nand in the second one"


class EveryCase:
    """The rows and the files; `word` makes names that no other world has."""

    def __init__(self, case: Case) -> None:
        self.case, self.rows, self.word = case, case.rows, f"w{uuid4().hex[:8]}"
        rows, word = case.rows, self.word
        self.anna = rows.account(username=f"{word}_a", displayName=f"{word} Same", about="About A")
        self.bea = rows.account(username=f"{word}-b", displayName=f"{word} Same")
        reader = rows.account(username=f"{word}reader")
        self.group = rows.group(self.anna, self.bea, reader, maker=reader)
        rows.group(self.anna, reader, maker=reader)
        self.expected: dict[str, dict[str, Any]] = {}
        self.galleries: dict[str, dict[str, Any]] = {}

    def expect(self, media: Any, item: Any, owner: Any, **more: Any) -> None:
        """What the file of a media becomes, by the item that owns it."""
        self.expected[str(media.id)] = self.said(item, owner, **more)

    def said(self, item: Any, owner: Any, **more: Any) -> dict[str, Any]:
        """The values and links that an item brings."""
        text = getattr(item, "content", None) or ""
        day = f"{item.createdAt:%Y-%m-%d}" if item.createdAt else None
        first = text.split("\n")[0]
        fallback = f"{owner.username} - {day.replace('-', '/')}" if day else owner.username
        return {
            "title": first if len(first) >= 10 else fallback,
            "details": text,
            "date": day,
            "studio": f"{owner.username} (Fansly)",
            "performers": {owner.username.lower()},
            "tags": set(),
            "urls": [f"https://fansly.com/post/{item.id}"],
            **more,
        }

    async def make(self) -> None:
        """All items."""
        self._post_with_everything()
        self._shared_file()
        self._messages()
        self._story()
        self._carrying()
        self._wall()
        face = self.case.picture(self.anna, at="Pictures", local_filename="face.jpeg")
        self.rows.add(AvatarFactory(accountId=self.anna.id, mediaId=face.id))
        await self.case.save()

    def _post_with_everything(self) -> None:
        case, anna, rows = self.case, self.anna, self.rows
        picture, moving = case.picture(anna), case.picture(anna, local_filename="m_id_1.gif")
        parent = rows.media(anna, mimetype="video/mp4", local_filename=None, is_downloaded=False)
        rendition = case.video(anna)
        rows.add(MediaVariantFactory(mediaId=parent.id, variantId=rendition.id))
        preview = case.picture(anna)
        locked = rows.media(anna, local_filename=None, is_downloaded=False)
        bundle = rows.bundle([rows.offered(locked, preview, access=False), rows.offered(moving)])
        post = rows.post(anna, rows.offered(picture), rows.offered(parent), bundle, content=TEXT)
        rows.tag(post, f"{self.word}Red", f"{self.word}_x", f"{self.word}yx")
        rows.add(PostMentionFactory(postId=post.id, handle=f"{self.word}-B", accountId=self.bea.id))
        rows.add(PostMentionFactory(postId=post.id, handle=f"{self.word}.unknown"))
        people = {self.anna.username, self.bea.username, f"{self.word}.unknown"}
        tags = {f"{self.word}red", f"{self.word}_x", f"{self.word}yx"}
        both = {"performers": people, "tags": tags}
        for one in (picture, moving, parent):
            self.expect(one, post, anna, **both)
        self.expect(preview, post, anna, performers=people, tags=tags | {"Trailer"})
        members = {str(one.id) for one in (picture, moving, preview, parent)}
        self.gallery(post, anna, members, cover=picture, **both)
        self.first = post

    def gallery(self, item: Any, owner: Any, members: set[str], cover: Any, **more: Any) -> None:
        """What an item's gallery becomes."""
        extra = {"members": members, "cover": str(cover.id), "organized": True, "chapters": []}
        self.galleries[str(item.id)] = self.said(item, owner, **{**extra, **more})

    def _shared_file(self) -> None:
        case, anna = self.case, self.anna
        picture = case.picture(anna)
        again = self.rows.media(anna, local_filename=picture.local_filename)
        late = case.post(anna, again, content="Posted once more, later", createdAt=moment(50))
        early = case.post(anna, picture, content="", createdAt=moment(26), inReplyTo=late.id)
        self.rows.add(PinnedPost(postId=late.id, accountId=anna.id, pos=0))
        self.expect(picture, early, anna)
        for post in (late, early):
            self.gallery(post, anna, {str(picture.id)}, cover=picture)

    def _messages(self) -> None:
        case, rows = self.case, self.rows
        for sender, text in ((self.anna, TEXT), (self.bea, "")):
            picture = case.picture(sender)
            message = rows.message(sender, rows.offered(picture), content=text, groupId=self.group.id)
            self.expect(picture, message, sender, urls=[])
            url = f"https://fansly.com/messages/{self.group.id}/{message.id}"
            self.gallery(message, sender, {str(picture.id)}, cover=picture, urls=[url])
        rows.message(self.anna, groupId=self.group.id)

    def _story(self) -> None:
        picture = self.case.picture(self.bea, at="Pictures")
        story = MediaStory(
            id=next(IDS),
            accountId=self.bea.id,
            contentType=1,
            contentId=self.rows.offered(picture).id,
            createdAt=moment(3),
        )
        self.rows.add(story)
        self.expect(picture, story, self.bea, urls=[])
        url = f"https://fansly.com/story/{story.id}"
        self.gallery(story, self.bea, {str(picture.id)}, cover=picture, urls=[url])

    def _carrying(self) -> None:
        case, bea = self.case, self.bea
        inner_picture, own = (
            case.picture(bea, local_filename=f"{name}.jpeg") for name in (f"{self.word}z", f"{self.word}a")
        )
        inner = case.post(bea, inner_picture, content="A post that is carried", createdAt=moment(1))
        outer = self.rows.post(bea, self.rows.offered(own), inner, content=TEXT, createdAt=moment(2))
        self.rows.attach(inner, outer, pos=1)
        for one in (
            inner_picture,
            own,
        ):  # the inner post carries the outer one, and is the earlier of the two
            self.expect(one, inner, bea)
        members = {str(inner_picture.id), str(own.id)}
        titles = {outer: "A post that is carried", inner: "What is said in the first line"}
        places = {outer: 2, inner: 1}
        covers = {outer: own, inner: inner_picture}
        for post in (outer, inner):
            chapter = [(titles[post], places[post])]
            self.gallery(post, bea, members, cover=covers[post], chapters=chapter)
        self.inner, self.carried = inner, inner_picture

    def _wall(self) -> None:
        wall = self.rows.add(
            Wall(id=next(IDS), accountId=self.bea.id, pos=0, name="Best of", description="", createdAt=None)
        )
        self.rows.add(WallPost(wallId=wall.id, postId=self.inner.id))
        said = self.galleries[str(self.inner.id)]
        self.galleries[str(wall.id)] = {
            **said,
            "title": "Best of",
            "details": "",
            "date": None,
            "urls": [],
            "cover": str(self.carried.id),
            "chapters": [("A post that is carried", 2)],
        }


async def usernames(store: StashStore, people: list[Performer]) -> set[str]:
    """Who performers are, by the accounts that they list."""
    complete = [await store.get(Performer, one.id) for one in people]
    return {one.urls[0].removeprefix("https://fansly.com/").lower() for one in complete}


async def stands(store: StashStore, entity: Any) -> dict[str, Any]:
    """An entity as it stands."""
    return {
        "title": entity.title,
        "details": entity.details or "",
        "date": str(entity.date)[:10] if entity.date else None,
        "studio": entity.studio.name,
        "performers": await usernames(store, entity.performers),
        "tags": {tag.name.removesuffix(" (hashtag)") for tag in entity.tags},
        "urls": entity.urls,
    }


async def test_every_case_at_once(everywhere: Case) -> None:
    """What lands in Stash is what the rules say, all of it and nothing else; the second run is silent."""
    world = EveryCase(everywhere)
    await world.make()
    report = await everywhere.settled()
    assert report.exit_code == 0
    assert report.kept == []
    async with everywhere.stash() as store:
        here = {"path__contains": f"/{everywhere.downloads.name}/"}
        files = [*await store.find(Image, **here), *await store.find(Scene, **here)]
        found = {one.code: await stands(store, one) for one in files if one.code}
        assert found == world.expected
        ids = {gallery.id for one in files for gallery in one.galleries}
        galleries = [await store.get(Gallery, one) for one in sorted(ids)]
        assert {one.code: await gallery_stands(store, one) for one in galleries} == world.galleries
        await check_people(store, world)


async def gallery_stands(store: StashStore, gallery: Gallery) -> dict[str, Any]:
    """A gallery as it stands."""
    order = (await store.images_in_order([gallery]))[gallery.id]
    members = [await store.get(Image, one) for one in order]
    members += [await store.get(Scene, one.id) for one in gallery.scenes]
    cover = await store.get(Image, gallery.cover.id)
    chapters = sorted(((one.title, one.image_index) for one in gallery.chapters), key=lambda one: one[1])
    return {
        **await stands(store, gallery),
        "members": {one.code for one in members},
        "cover": cover.code,
        "organized": gallery.organized,
        "chapters": chapters,
    }


async def check_people(store: StashStore, world: EveryCase) -> None:
    """Performers, studios and the network."""
    for account, behind in ((world.anna, ""), (world.bea, world.bea.username)):
        (performer,) = await store.find(Performer, url=f"https://fansly.com/{account.username}")
        assert (performer.name, performer.disambiguation or "") == (account.displayName, behind)
        assert performer.alias_list == [account.username]
        assert performer.details == (account.about or "")
        has_picture = "default=true" not in performer.image_path
        assert has_picture is (account is world.anna)
        studio = await store.find_one(Studio, name=f"{account.username} (Fansly)")
        assert studio.urls == [f"https://fansly.com/{account.username}"]
        assert studio.parent_studio.name == "Fansly (network)"
    assert len(await store.find(Tag, name__in=[f"{world.word}red", f"{world.word}yx"])) == 2
