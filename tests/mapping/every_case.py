"""One world with every case: its rows, its files, and what stood in Stash before; what becomes of it says every_case.yaml."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from stash_graphql_client.types import Gallery, Image, Performer, Studio, Tag

from metadata.models import AccountBanner, ContentType, MediaStory, PinnedPost, Wall, WallPost
from stash import jobs
from stash.demo.files import gif, jpeg, mp4
from tests.metadata.factories import (
    IDS,
    AttachmentFactory,
    AvatarFactory,
    MediaVariantFactory,
    PostMentionFactory,
    moment,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mapping.conftest import Case

NEVER: dict[str, Any] = {"local_filename": None, "is_downloaded": False}
VIDEO: dict[str, Any] = {"mimetype": "video/mp4", **NEVER}
TEXT = "What is said in the first line \r\nand in the second one"


class EveryCase:
    """Rows by name; `word` makes names that no other world has, `ids` and `paths` are of what has a name."""

    def __init__(self, case: Case) -> None:
        self.case, self.rows, self.word = case, case.rows, f"w{uuid4().hex[:8]}"
        self.ids: dict[str, int] = {}
        self.paths: dict[str, Path] = {}
        self.mine = case.server.library / f"{case.server.prefix}_mine"
        names = {
            "anna": ("{}_a", "{} Same", "About A"),
            "bea": ("{}-b", "{} Same", None),
            "cleo": ("{}Cleo", "{}CLEO", ""),
            "dora": ("{}g_x", None, None),
            "emma": ("{}e", '💋 {} "%_"', None),
            "reader": ("{}reader", None, None),
        }
        self.people = {
            key: self.named(
                key,
                case.rows.account(
                    username=name.format(self.word),
                    displayName=shown and shown.format(self.word),
                    about=about,
                ),
            )
            for key, (name, shown, about) in names.items()
        }
        self.anna, self.bea = self.people["anna"], self.people["bea"]

    def named[R](self, name: str, row: R) -> R:
        """Give a row a name."""
        self.ids[name] = row.id  # type: ignore[attr-defined]
        return row

    def media(self, name: str, owner: Any, place: str | None = None, **values: Any) -> Any:
        """A media; with a place (a path below the downloads, `{}` is its id) it has its file there."""
        media = self.named(name, self.rows.media(owner, **values))
        if place is not None:
            self.file(name, place.format(media.id), media)
        return media

    def file(self, name: str, place: str, media: Any, *, is_named: bool = True) -> None:
        """Write a media's file."""
        path = self.case.downloads / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes({".mp4": mp4, ".gif": gif}.get(path.suffix, jpeg)(str(media.id)))
        self.paths[name] = path
        if is_named:
            media.local_filename = path.name

    def picture(self, name: str, owner: Any, **values: Any) -> Any:
        """A picture in the folder where the downloader puts it."""
        folder = f"{owner.username}_fansly/Timeline/Pictures"
        return self.media(name, owner, folder + "/2025-01-01_at_12-00_UTC_id_{}.jpeg", **values)

    def post(self, name: str, owner: Any, *media: Any, **values: Any) -> Any:
        """A post of media, bundles and posts; its text is its name unless one is given."""
        own = [self.rows.offered(one) if one.__tablename__ == "media" else one for one in media]
        text = {"content": f"The post called {name}"}
        return self.named(name, self.rows.post(owner, *own, **{**text, **values}))

    async def make(self) -> None:
        """All rows and files, and what stood in Stash before."""
        for part in (
            self._with_everything,
            self._videos,
            self._titles,
            self._shared,
            self._messages,
            self._carrying,
            self._states,
            self._places,
            self._without,
            self._people,
            self._standing,
        ):
            part()
        await self.case.save()
        await self._before()

    def _with_everything(self) -> None:
        anna, rows = self.anna, self.rows
        early, late = self.picture("first.a", anna), self.picture("first.b", anna)
        moving = self.media("first.gif", anna, f"{anna.username}_fansly/Timeline/Pictures/x_id_{{}}.gif")
        hidden = self.media("first.hidden", anna, **NEVER)
        preview = self.picture("first.preview", anna)
        bundled = [self.picture(f"first.bundled{n}", anna) for n in (1, 2)]
        cover = self.picture("first.bundle", anna)
        bundle = rows.bundle([rows.offered(one) for one in reversed(bundled)], cover)
        locked = rows.bundle([rows.offered(hidden, preview, access=False), rows.offered(moving)])
        post = self.post("first", anna, late, bundle, early, locked, content=TEXT)
        rows.tag(post, f"{self.word}Red", f"{self.word}two_words", f"{self.word}élan")
        for handle, account in ((f"{self.word}-B", self.bea.id), (f"{self.word}.unknown", None)):
            rows.add(PostMentionFactory(postId=post.id, handle=handle, accountId=account))
        face = self.media("face", anna, f"{anna.username}_fansly/Pictures/face_id_{{}}.jpeg")
        rows.add(AvatarFactory(accountId=anna.id, mediaId=face.id))
        banner = self.media("banner", anna, f"{anna.username}_fansly/Pictures/banner_id_{{}}.jpeg")
        rows.add(AccountBanner(accountId=anna.id, mediaId=banner.id))

    def _videos(self) -> None:
        """Renditions: named on their own row, on the parent's, on none; and one without a link."""
        anna, folder = self.anna, f"{self.anna.username}_fansly/Timeline/Videos"
        for name, mimetype, kind in (
            ("hls", "application/vnd.apple.mpegurl", 302),
            ("dash", "application/dash+xml", 303),
            ("mp4", "video/mp4", 2),
        ):
            parent = self.media(name, anna, **VIDEO)
            rendition = self.rows.media(anna, **{**VIDEO, "mimetype": mimetype, "type": kind})
            self.rows.add(MediaVariantFactory(mediaId=parent.id, variantId=rendition.id))
            named = {"hls": parent, "dash": rendition, "mp4": rendition}[name]
            place = f"{folder}/2025-01-01_at_12-00_UTC_id_{rendition.id}.mp4"
            self.file(name, place, named, is_named=name != "mp4")
            named.is_downloaded = True
            self.post(f"of {name}", anna, parent, createdAt=moment(1))
        when = moment(2000)
        parent = self.media("winter", anna, **VIDEO, createdAt=when)
        loose = self.rows.media(anna, mimetype="video/mp4", createdAt=when + timedelta(seconds=30))
        self.file("winter", f"{folder}/2025-03-01_at_12-00_UTC_id_{loose.id}.mp4", loose)
        self.post("of winter", anna, parent, createdAt=moment(2))

    def _titles(self) -> None:
        """First lines of every length, days at their ends."""
        texts = {
            "nine": "123456789",
            "ten": "1234567890",
            "longest": "😀" * 128,
            "longer": "é" * 129,
            "blank first": "\nThe second line is no title",
        }
        for name, text in texts.items():
            self.post(name, self.anna, self.picture(f"{name}.p", self.anna), content=text)
        instants = {"undated": None, "last second": datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC)}
        for name, instant in instants.items():
            picture = self.picture(f"{name}.p", self.anna)
            self.post(name, self.anna, picture, content="", createdAt=instant)

    def _shared(self) -> None:
        """A file of two rows, a media of two creators, two files of one content."""
        anna, bea = self.anna, self.bea
        one = self.picture("shared", anna)
        again = self.rows.media(anna, local_filename=one.local_filename)
        self.post("shared late", anna, again, createdAt=moment(50))
        self.post("shared early", anna, one, createdAt=moment(26))
        theirs = self.picture("lent", bea)
        self.post("lent by bea", bea, theirs, createdAt=moment(7))
        self.post("lent to anna", anna, theirs, createdAt=moment(8))
        first = self.picture("copied", anna)
        second = self.media("copy", anna, f"{anna.username}_fansly/Messages/Pictures/y_id_{{}}.jpeg")
        self.paths["copy"].write_bytes(self.paths["copied"].read_bytes())
        self.post("copied early", anna, first, createdAt=moment(9))
        self.post("copied late", anna, second, createdAt=moment(10))

    def _messages(self) -> None:
        """From each in a group, and from the reader to a creator; a story."""
        rows, reader = self.rows, self.people["reader"]
        group = self.named("group", rows.group(self.anna, self.bea, reader, maker=reader))
        pair = self.named("pair", rows.group(self.anna, reader, maker=reader))
        for name, sender, place, text in (
            ("said by anna", self.anna, group, TEXT),
            ("said by bea", self.bea, group, ""),
            ("said by the reader", reader, pair, "Look at this one, please"),
        ):
            folder = f"{(self.bea if sender is self.bea else self.anna).username}_fansly/Messages/Pictures"
            picture = self.media(f"{name}.p", sender, folder + "/2025-01-01_at_12-00_UTC_id_{}.jpeg")
            offered = rows.offered(picture, deleted=True)
            message = rows.message(sender, offered, content=text, groupId=place.id, deleted=not text)
            self.named(name, message)
        rows.message(self.anna, groupId=group.id)
        folder = f"{self.anna.username}_fansly/Messages/Pictures"
        picture = self.media("alone.p", self.anna, folder + "/2025-01-01_at_12-00_UTC_id_{}.jpeg")
        bundle = rows.bundle([rows.offered(picture)])
        self.named("alone", rows.message(self.anna, bundle, content="Said in no known group"))
        picture = self.media("story.p", self.bea, f"{self.bea.username}_fansly/Pictures/z_id_{{}}.jpeg")
        content = rows.offered(picture).id
        story = MediaStory(
            id=next(IDS), accountId=self.bea.id, contentType=1, contentId=content, createdAt=moment(3)
        )
        self.named("story", rows.add(story))

    def _carrying(self) -> None:
        """Posts that carry posts, three deep and in a circle; walls."""
        bea, rows = self.bea, self.rows

        def one(name: str, file: str) -> Any:
            return self.media(name, bea, f"{bea.username}_fansly/Timeline/Pictures/{file}_id_{{}}.jpeg")

        leaf = self.post("leaf", bea, one("leaf.p", "d"), createdAt=moment(30))
        middle = self.post("middle", bea, one("middle.p", "c"), leaf, createdAt=moment(29))
        other = self.post(
            "other", bea, one("other.late", "f"), one("other.early", "e"), createdAt=moment(28), content=""
        )
        self.post("top", bea, one("top.p", "b"), middle, other, createdAt=moment(31))
        ring = [
            self.post(f"ring{n}", bea, one(f"ring{n}.p", f"r{n}"), createdAt=moment(40 + n)) for n in (1, 2)
        ]
        rows.attach(ring[0], ring[1], pos=1)
        rows.attach(ring[1], ring[0], pos=1)
        text_only = rows.post(bea, content="Only words")
        for name, title, posts in (
            ("wall", "Best", (other, leaf, text_only)),
            ("wall without a name", None, (leaf,)),
        ):
            wall = Wall(id=next(IDS), accountId=bea.id, pos=0, name=title, createdAt=moment(60))
            self.named(name, rows.add(wall))
            for post in posts:
                rows.add(WallPost(wallId=wall.id, postId=post.id))

    def _states(self) -> None:
        """What the source marks: a reply, a pinned post, one that expired."""
        anna = self.anna
        reply = self.post("reply", anna, self.picture("reply.p", anna), inReplyTo=5, inReplyToRoot=5)
        pinned = self.post("pinned", anna, self.picture("pinned.p", anna), expiresAt=moment(1))
        self.rows.add(PinnedPost(postId=pinned.id, accountId=anna.id, pos=0))
        for content_type, content in ((ContentType.TIP_GOALS, 1), (ContentType.STORY, 2)):
            self.rows.add(
                AttachmentFactory(postId=reply.id, contentId=content, contentType=content_type, pos=9)
            )

    def _places(self) -> None:
        """Folders and names of all eras."""
        anna = self.anna
        names = {
            "collected": ("Collections/2025-01-19_at_12-49_UTC_id_{}.jpeg", True),
            "without suffix": (
                f"{anna.username}/Messages/Pictures/Previews/2025-01-19_at_12-49_UTC_preview_id_{{}}.jpg",
                True,
            ),
            "another case": (f"{anna.username.upper()}_FANSLY/pictures/unknown_id_{{}}.JPG", False),
            "hashed": (f"{anna.username}_fansly/2024-01-19_at_12-49_id_{{}}_hash2_0a1b.jpg", False),
            "odd": ("my own folder/it's & 100% [new]/日本 😀_id_{}.jpeg", True),
        }
        for name, (place, is_named) in names.items():
            media = self.media(f"{name}.p", anna, local_filename=None)
            self.file(f"{name}.p", place.format(media.id), media, is_named=is_named)
            self.post(name, anna, media, createdAt=moment(12))
        whole = self.media("whole.p", anna, f"{anna.username}_fansly/Timeline/Pictures/w_{{}}.jpeg")
        whole.local_filename = f"C:\\Downloads\\{anna.username}_fansly\\{self.paths['whole.p'].name}"
        self.post("whole path", anna, whole, createdAt=moment(12))
        taken = self.picture("several", anna)
        self.post("of several", anna, taken, createdAt=moment(12))
        other = self.case.downloads / f"{anna.username}_fansly" / f"unknown_id_{taken.id}.jpeg"
        other.write_bytes(jpeg(f"another {taken.id}"))
        self.paths["further"] = other
        moved = self.rows.media(anna)
        self.named("moved.p", moved)
        self.paths["moved.p"] = self.mine / "sorted" / f"{moved.local_filename}"
        self.paths["moved.p"].parent.mkdir(parents=True)
        self.paths["moved.p"].write_bytes(jpeg(str(moved.id)))
        self.post("moved", anna, moved, createdAt=moment(12))

    def _without(self) -> None:
        """What has no file, no entity, or no item; rows that lead nowhere."""
        anna, rows = self.anna, self.rows
        self.post("text only", anna)
        hidden = self.media("locked.p", anna, **NEVER)
        self.post("locked", anna, rows.offered(hidden, access=False))
        self.post("gone", anna, self.media("gone.p", anna))
        sound = self.media(
            "sound.a", anna, f"{anna.username}_fansly/Timeline/Audio/s_id_{{}}.mp3", mimetype="audio/mp4"
        )
        nothing = self.media("sound.n", anna, f"{anna.username}_fansly/Pictures/x_preview_id_{{}}.None")
        self.post("sound", anna, sound, rows.offered(nothing), self.picture("sound.p", anna))
        self.picture("loose", anna, createdAt=moment(-24))
        post = self.post("dangling", anna, self.picture("dangling.p", anna))
        row = rows.add(
            AttachmentFactory(postId=post.id, contentId=5, contentType=ContentType.ACCOUNT_MEDIA, pos=5)
        )
        self.named("dangling attachment", row)

    def _people(self) -> None:
        """Creators by whatever they are called."""
        for key in ("cleo", "dora", "emma"):
            owner = self.people[key]
            self.post(f"of {key}", owner, self.picture(f"{key}.p", owner))

    def _standing(self) -> None:
        """Items of which something stood in Stash before."""
        anna = self.anna
        for name in ("organized", "edited", "placeholder", "by url", "zipped", "foreign"):
            self.post(name, anna, self.picture(f"{name}.p", anna), createdAt=moment(15))
        video = self.media(
            "foreign.v", anna, f"{anna.username}_fansly/Timeline/Videos/v_id_{{}}.mp4", mimetype="video/mp4"
        )
        self.post("foreign video", anna, video, createdAt=moment(15))

    async def _before(self) -> None:
        """What a user and earlier programs had made."""
        word, case, mine = self.word, self.case, self.mine
        (mine / "zip").mkdir(parents=True)
        for name in ("foreign.p", "foreign.v"):
            shutil.copy(self.paths[name], mine / f"favourite{self.paths[name].suffix}")
        (mine / "zip" / "one.jpeg").write_bytes(jpeg(f"zip {word}"))
        shutil.make_archive(str(mine / "archive" / "mine"), "zip", mine / "zip")
        shutil.rmtree(mine / "zip")
        async with case.stash() as store:
            await jobs.scan(store.connection, [str(mine)], 120)
        await case.scan()
        async with case.stash() as store:
            await store.create(Tag, name=f"{word}two words")
            await store.create(Studio, name=f"{word}gyx (Fansly)")
            await store.create(
                Performer, name=f'💋 {word} "what"', urls=[f"https://fansly.com/{word}somebody"]
            )
            url = f"https://fansly.com/post/{self.ids['by url']}"
            await store.create(Gallery, title="Called by the user", urls=["https://example.com", url])
            here = {"path__contains": f"/{case.server.prefix}_"}
            images = {one.visual_files[0].path: one for one in await store.find(Image, **here)}
            images[str(self.paths["organized.p"])].organized = True
            images[str(self.paths["organized.p"])].title = "In order"
            images[str(self.paths["edited.p"])].title = "A title of the user's"
            images[str(self.paths["placeholder.p"])].title = f"{word}_a - Media from 2024/01/02"
            (zipped,) = await store.find(Gallery, path__contains=f"/{mine.name}/")
            zipped.code, self.ids["zip"] = str(self.ids["zipped"]), int(zipped.id)
            await store.flush()
