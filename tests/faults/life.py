"""A world that lives: a source that changes, a user at work in Stash, and what must hold whatever happens between.

`Life` does what it is told and keeps book of what the user did. The truth about everything else is asked of an oracle:
a fresh sync of the same source into a Stash that nobody has touched.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx

import stash
from metadata.making import open_or_make
from stash import jobs
from stash.demo import files
from stash.embedded import EmbeddedStash
from stash.sync import SyncOptions
from tests.faults.clock import Seconds
from tests.faults.rig import URL, Rig
from tests.metadata.factories import World, moment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.rig import Outcome

HASHTAGS = ("red", "green", "blue")
VALUES = {"Image": ("title", "details"), "Scene": ("title", "details"), "Gallery": ("title", "details")}
"""What a user writes over, by type."""
SETS = ("tags", "performers", "galleries")
FIELDS = ("title", "details", "date", "code", "studio", "urls", *SETS)
"""What is compared with the oracle."""

_DOCUMENT = """{
  Image: findImages(filter: {per_page: -1, sort: "id"}) { found: images { key: visual_files { ... on BaseFile { path } }
    id title details date code urls organized studio { name } performers { name } tags { name } galleries { code title } } }
  Scene: findScenes(filter: {per_page: -1, sort: "id"}) { found: scenes { key: files { path }
    id title details date code urls organized studio { name } performers { name } tags { name } galleries { code title } } }
  Gallery: findGalleries(filter: {per_page: -1, sort: "id"}) { found: galleries { key: code
    id title details date code urls organized studio { name } performers { name } tags { name } } }
  Tag: findTags(filter: {per_page: -1, sort: "id"}) { found: tags { key: name id name } }
  Performer: findPerformers(filter: {per_page: -1, sort: "id"}) { found: performers { key: name id name } }
}"""

type Place = tuple[str, str]
"""A type, and the path of a file, the code of a gallery, or a name."""


def named(link: dict[str, Any]) -> str:
    """What a link is called."""
    return str(link.get("name") or link.get("code") or link.get("title"))


def plainly(entity: dict[str, Any]) -> dict[str, Any]:
    """An entity with its links by name."""
    found = dict(entity)
    for name in SETS:
        if name in found:
            found[name] = {named(link) for link in found[name]}
    if found.get("studio"):
        found["studio"] = found["studio"]["name"]
    found["urls"] = set(found.get("urls") or ())
    return found


async def looked_at(transport: httpx.AsyncBaseTransport) -> dict[Place, dict[str, Any]]:
    """Everything in a Stash, by what it is called; what is there twice is an error."""
    async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
        body = (await http.post("/graphql", json={"query": _DOCUMENT})).json()
    found: dict[Place, dict[str, Any]] = {}
    for kind, page in body["data"].items():
        for entity in page["found"]:
            key = entity.pop("key")
            place = kind, key if isinstance(key, str) else key[0]["path"]
            if place == ("Gallery", ""):
                place = kind, entity["title"]
            assert place not in found, f"{place} is there twice"
            found[place] = plainly(entity)
    return found


@dataclass
class User:
    """What the user did: values, links that are to stay or to stay away, and what is not to be compared."""

    values: dict[tuple[Place, str], Any] = field(default_factory=dict)
    added: dict[tuple[Place, str], set[str]] = field(default_factory=dict)
    removed: dict[Place, set[str]] = field(default_factory=dict)
    organized: set[Place] = field(default_factory=set)
    deleted: set[Place] = field(default_factory=set)
    own: set[Place] = field(default_factory=set)


@dataclass
class Life:
    """A world of one creator; `folder` holds its database, its downloads and the state of its Stash."""

    folder: Path
    user: User = field(default_factory=User)
    posts: list[int] = field(default_factory=list)
    wished: dict[int, set[str]] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: count(1))
    url: str = URL
    backup: User | None = None
    clock: Seconds = field(default_factory=lambda: Seconds(datetime(2026, 1, 1, tzinfo=UTC)))
    rig: Rig = field(init=False)
    anna: Any = None

    def __post_init__(self) -> None:
        self.downloads.mkdir(parents=True)
        self.restart()

    @property
    def downloads(self) -> Path:
        """Where the files are."""
        return self.folder / "downloads"

    @property
    def database(self) -> Path:
        """The metadata database."""
        return self.folder / "metadata.sqlite"

    def restart(self) -> None:
        """Start the Stash, anew where it runs."""
        if self.anna is not None:
            self.rig.stash.close()
        anew = EmbeddedStash([self.folder], state=self.state, clock=self.clock)
        self.rig = Rig(self.folder, self.downloads, self.database, anew)

    @property
    def state(self) -> Path:
        """The database of Stash."""
        return self.folder / "stash.sqlite"

    def back_up(self) -> None:
        """Copy the database of Stash, as it stands now."""
        self.rig.stash.close()
        shutil.copyfile(self.state, self.folder / "backup.sqlite")
        self.backup = deepcopy(self.user)
        self.restart()

    def restore(self) -> None:
        """Put the copy back: what the user did since is lost."""
        assert self.backup is not None
        self.rig.stash.close()
        shutil.copyfile(self.folder / "backup.sqlite", self.state)
        self.user = deepcopy(self.backup)
        self.restart()

    # --- the source ---

    async def download(self, pictures: int, *, is_video: bool, hashtags: set[str], text: str) -> None:
        """One post more, with its files."""
        rows = World()
        if self.anna is None:
            self.anna = rows.account(username="anna")
        held = []
        for number in range(pictures + is_video):
            kind = {"mimetype": "video/mp4"} if number == pictures else {}
            media = rows.media(self.anna, **kind)
            media.local_filename = f"2025-01-01_at_12-00_UTC_id_{media.id}.{'mp4' if kind else 'jpeg'}"
            place = self.downloads / "anna_fansly" / "Timeline" / media.local_filename
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes((files.mp4 if kind else files.jpeg)(str(media.id)))
            held.append(rows.offered(media))
        post = rows.post(self.anna, *held, content=text, createdAt=moment(next(self.numbers)))
        async with await open_or_make(str(self.database)) as database:
            await self._number(rows)
            await rows.save(database)
        self.posts.append(post.id)
        self.wished[post.id] = set()
        self.hashtag(len(self.posts) - 1, hashtags)

    async def _number(self, rows: World) -> None:
        """Ids that are counted go on from those of the database."""
        for row in rows.rows:
            if row.__tablename__ == "attachments":
                row.id = next(self.numbers)

    def _post(self, number: int) -> int:
        return self.posts[number % len(self.posts)]

    def edit(self, number: int, text: str) -> None:
        """A post has another text."""
        self._execute("UPDATE posts SET content = ? WHERE id = ?", text, self._post(number))

    def hashtag(self, number: int, hashtags: set[str]) -> None:
        """A post has these hashtags and no others; what the user took away and the source drops is settled."""
        post = self._post(number)
        self._execute('DELETE FROM post_hashtags WHERE "postId" = ?', post)
        for value in sorted(hashtags):
            tag = HASHTAGS.index(value) + 1
            self._execute(
                "INSERT OR IGNORE INTO hashtags (id, value, stash_id) VALUES (?, ?, NULL)", tag, value
            )
            self._execute('INSERT INTO post_hashtags ("postId", "hashtagId") VALUES (?, ?)', post, tag)
        self.wished[post] = set(hashtags)

    def taken_off(self) -> set[str]:
        """The hashtags that the user took off something: while the source has them they stay away."""
        return set().union(*self.user.removed.values())

    def _execute(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(statement, values)

    # --- the user ---

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Send a document as a user of Stash."""
        async with httpx.AsyncClient(transport=self.rig.transport, base_url=URL) as http:
            body = (await http.post("/graphql", json={"query": document, "variables": variables})).json()
        assert not body.get("errors"), body
        return dict(body["data"])

    async def look(self) -> dict[Place, dict[str, Any]]:
        """What is in Stash."""
        return await looked_at(self.rig.transport)

    async def pick(self, number: int, *kinds: str) -> tuple[Place, dict[str, Any]] | None:
        """One of the things of these types."""
        here = [(place, one) for place, one in (await self.look()).items() if place[0] in kinds]
        here = [(place, one) for place, one in here if place not in self.user.own]
        return here[number % len(here)] if here else None

    async def update(self, place: Place, entity: dict[str, Any], **fields: Any) -> None:
        """Write fields of something."""
        kind, name = place[0], f"{place[0].lower()}Update"
        document = f"mutation($i: {kind}UpdateInput!) {{ {name}(input: $i) {{ id }} }}"
        await self.ask(document, i={"id": entity["id"]} | fields)

    async def write(self, number: int, which: int) -> None:
        """A title or a text of the user's own."""
        if found := await self.pick(number, *VALUES):
            name = VALUES[found[0][0]][which % 2]
            mine = f"my own {name} {next(self.numbers)}"
            await self.update(*found, **{name: mine})
            self.user.values[found[0], name] = mine

    async def organize(self, number: int) -> None:
        """The user marks something organized: it stays as it is."""
        if found := await self.pick(number, "Image", "Scene"):
            await self.update(*found, organized=True)
            self.user.organized.add(found[0])

    async def _ids(self, place: Place, name: str) -> list[str]:
        everything = await self.look()
        return [
            everything["Tag" if name == "tags" else "Performer", one]["id"] for one in everything[place][name]
        ]

    async def add(self, number: int, which: int) -> None:
        """A tag or a performer of the user's own joins something."""
        if found := await self.pick(number, *VALUES):
            kind, name = (("Tag", "tags"), ("Performer", "performers"))[which % 2]
            mine = f"mine {next(self.numbers)}"
            document = f"mutation($n: String!) {{ made: {kind.lower()}Create(input: {{name: $n}}) {{ id }} }}"
            made = (await self.ask(document, n=mine))["made"]["id"]
            ids = [*await self._ids(found[0], name), made]
            await self.update(*found, **{f"{kind.lower()}_ids": ids})
            self.user.added.setdefault((found[0], name), set()).add(mine)
            self.user.own.add((kind, mine))

    async def remove(self, number: int, which: int) -> None:
        """The user takes one of the tags off something that its source has now."""
        everything = await self.look()
        tagged = [
            (place, one)
            for place, one in everything.items()
            if place[0] in VALUES and one["tags"] & self._wished(place, one)
        ]
        if tagged:
            found = tagged[number % len(tagged)]
            here = sorted(found[1]["tags"] & self._wished(*found))
            gone = here[which % len(here)]
            ids = [everything["Tag", one]["id"] for one in found[1]["tags"] - {gone}]
            await self.update(*found, tag_ids=ids)
            self.user.removed.setdefault(found[0], set()).add(gone)

    def _wished(self, place: Place, entity: dict[str, Any]) -> set[str]:
        """The hashtags of the post of a gallery, or of those that hold a file; what the source has dropped is no more its."""
        codes = {place[1]} if place[0] == "Gallery" else entity["galleries"]
        return set().union(*(self.wished.get(int(code), ()) for code in codes if code.isdigit()))

    async def collect(self, number: int) -> None:
        """The user makes a gallery of a picture."""
        if found := await self.pick(number, "Image"):
            mine = f"my gallery {next(self.numbers)}"
            made = await self.ask(
                "mutation($t: String!) { galleryCreate(input: {title: $t}) { id } }", t=mine
            )
            document = (
                "mutation($g: ID!, $i: [ID!]!) { addGalleryImages(input: {gallery_id: $g, image_ids: $i}) }"
            )
            await self.ask(document, g=made["galleryCreate"]["id"], i=[found[1]["id"]])
            self.user.own.add(("Gallery", mine))
            self.user.added.setdefault((found[0], "galleries"), set()).add(mine)

    async def delete(self, number: int) -> None:
        """The user deletes a gallery or a tag; at most one of each, so that nothing looks like a Stash made anew."""
        kind = ("Gallery", "Tag")[number % 2]
        if not any(place[0] == kind for place in self.user.deleted) and (
            found := await self.pick(number, kind)
        ):
            document = {
                "Gallery": "mutation($i: ID!) { galleryDestroy(input: {ids: [$i]}) }",
                "Tag": "mutation($i: ID!) { tagDestroy(input: {id: $i}) }",
            }[kind]
            await self.ask(document, i=found[1]["id"])
            self.user.deleted.add(found[0])

    # --- what must hold ---

    async def wrongs(self) -> list[str]:
        """Whatever of the user's is lost; empty at any time, also in the middle of everything."""
        here, found = await self.look(), []
        deleted = self.user.deleted
        for (place, name), value in self.user.values.items():
            if place not in deleted and here[place][name] != value:
                found.append(f"{place} {name}: {value!r} became {here[place][name]!r}")
        for (place, name), members in self.user.added.items():
            if place not in deleted and not members <= here[place][name]:
                found.append(f"{place} {name}: {members - here[place][name]} are gone")
        for place, gone in self.user.removed.items():
            if place not in deleted and gone & here[place]["tags"]:
                found.append(f"{place}: {gone & here[place]['tags']} came again")
        found += [f"{place} is gone" for place in self.user.own - here.keys()]
        return found + [f"{p} is not organized" for p in self.user.organized if not here[p]["organized"]]

    async def differences(self) -> list[str]:
        """What differs from a fresh sync, and is not the user's; only after a run that ended well."""
        here, there = await self.look(), await self._fresh()
        gone = {place[1] for place in self.user.deleted}
        found = []
        for place, fresh in there.items():
            if place in self.user.deleted or place in self.user.organized:
                continue
            if place not in here:
                found.append(f"{place} is missing")
                continue
            found += [
                f"{place} {name}: {here[place][name]!r} should be {fresh[name]!r}"
                for name in FIELDS
                if name in fresh and not self._is_right(place, name, here[place][name], fresh[name], gone)
            ]
        return found + [f"{place} is too many" for place in here.keys() - there.keys() - self._known()]

    def _known(self) -> set[Place]:
        """What stands although a fresh sync does not make it."""
        return self.user.own | self.user.deleted | {("Tag", one) for one in HASHTAGS}

    def _is_right(self, place: Place, name: str, now: Any, fresh: Any, gone: set[str]) -> bool:
        if (place, name) in self.user.values:
            return True
        if name not in SETS:
            return bool(now == fresh)
        without = gone | (self.user.removed.get(place, set()) if name == "tags" else set())
        return bool(now - without == (fresh - without) | self.user.added.get((place, name), set()))

    async def _fresh(self) -> dict[Place, dict[str, Any]]:
        copy = self.folder / "fresh.sqlite"
        shutil.copyfile(self.database, copy)
        with closing(sqlite3.connect(copy)) as connection, connection:
            names = [n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in sorted(name for name in names if name.startswith("sync_")):
                connection.execute(f"DROP TABLE {name}")
            for table in ("accounts", "posts", "messages", "media"):
                connection.execute(f"UPDATE {table} SET stash_id = NULL")
        with EmbeddedStash([self.folder]) as another:
            rig = Rig(self.folder, self.downloads, copy, another)
            outcome = await rig.run()
            assert outcome.exit_code == 0, outcome
            return await looked_at(rig.transport)

    async def scan(self) -> None:
        """Have Stash scan the downloads."""
        async with stash.connect(URL, transport=self.rig.transport) as store:
            await jobs.scan(store.connection, [str(self.downloads)], 60)

    async def sync(self, dial: Any = None, **options: Any) -> Outcome:
        """A run, which looks at what may have changed unless it is told otherwise."""
        return await self.rig.run(dial, url=self.url, **{"options": SyncOptions()} | options)
