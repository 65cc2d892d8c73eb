"""A source of two creators that is drawn by dice, and changes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.metadata.factories import (
    AvatarFactory,
    PostMentionFactory,
    StoryFactory,
    WallFactory,
    WallPostFactory,
    moment,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.mapping.conftest import Case

HASHTAGS = ("red", "green", "blue", "two_words", "two words")
TEXTS = ("A walk along the river", "Another walk\nwith more to say", "A very long story " * 12, "Short", "")
PICTURES = (".jpeg", ".jpeg", ".jpeg", ".png", ".gif")


@dataclass
class Source:
    """Two creators with posts, messages, stories and walls that share media, carry one another and have twins on disk."""

    case: Case
    dice: random.Random
    media: list[Any] = field(default_factory=list)
    posts: list[int] = field(default_factory=list)
    walls: list[int] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        rows = self.case.rows
        self.people = [
            rows.account(username=f"{name}_{self.case.server.prefix}", displayName=shown, about=about)
            for name, shown, about in (("anna", "Anna", "About her"), ("bea", None, None))
        ]
        self.group = rows.group(*self.people)
        self.case.downloads.mkdir(parents=True, exist_ok=True)

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
            rows.message(
                owner,
                *carried,
                groupId=self.group.id,
                content=dice.choice(TEXTS),
                createdAt=moment(self._number()),
            )
        elif kind == "story":
            offered = rows.offered(self._new(owner))
            rows.add(StoryFactory(accountId=owner.id, contentId=offered.id, createdAt=moment(self._number())))
        else:
            inner = []
            if kind == "aggregate":
                inner = [
                    rows.post(owner, *self._carried(owner), createdAt=moment(self._number()))
                    for _ in range(2)
                ]
            post = rows.post(
                owner, *carried, *inner, content=dice.choice(TEXTS), createdAt=moment(self._number())
            )
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
        """Write the rows; ids that the database counts go on from those before."""
        for row in self.case.rows.rows:
            if row.__tablename__ in {"attachments", "post_mentions"}:
                row.id = self._number()
        await self.case.save()

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
        what = self.dice.choice(_CHANGES)
        await what(self, self.dice.choice(self.people), self.dice.choice(self.posts or [0]))

    async def _text(self, _person: Any, post: int) -> None:
        self._execute("UPDATE posts SET content = ? WHERE id = ?", self.dice.choice(TEXTS), post)

    async def _hashtags(self, _person: Any, post: int) -> None:
        self._hashtag(post)

    async def _about(self, person: Any, _post: int) -> None:
        self._execute("UPDATE accounts SET about = ? WHERE id = ?", f"About {self._number()}", person.id)

    async def _rename(self, person: Any, _post: int) -> None:
        self._execute(
            "UPDATE accounts SET username = username || ? WHERE id = ?", str(self._number()), person.id
        )

    async def _avatar(self, person: Any, _post: int) -> None:
        self._execute('DELETE FROM account_avatar WHERE "accountId" = ?', person.id)
        face = self.case.picture(person, at="Avatars", createdAt=moment(self._number()))
        self.case.rows.add(AvatarFactory(accountId=person.id, mediaId=face.id))
        await self._save()

    async def _unmention(self, _person: Any, post: int) -> None:
        self._execute('DELETE FROM post_mentions WHERE "postId" = ?', post)

    async def _detach(self, _person: Any, post: int) -> None:
        self._execute('DELETE FROM attachments WHERE "postId" = ? AND pos > 0', post)

    async def _drop(self, _person: Any, post: int) -> None:
        for table in ("post_hashtags", "attachments", "wall_posts", "post_mentions"):
            self._execute(f'DELETE FROM {table} WHERE "postId" = ?', post)
        self._execute("DELETE FROM posts WHERE id = ?", post)
        self.posts = [one for one in self.posts if one != post] or self.posts

    async def _wall(self, _person: Any, post: int) -> None:
        for wall in self.walls:
            if self.dice.random() < 0.5:
                self._execute(
                    'INSERT OR IGNORE INTO wall_posts ("wallId", "postId") VALUES (?, ?)', wall, post
                )
            else:
                self._execute('DELETE FROM wall_posts WHERE "wallId" = ? AND "postId" = ?', wall, post)


_CHANGES: tuple[Callable[[Source, Any, int], Any], ...] = (
    Source._text,
    Source._hashtags,
    Source._about,
    Source._rename,
    Source._avatar,
    Source._unmention,
    Source._detach,
    Source._drop,
    Source._wall,
    Source._wall,
)
