"""A small world with an item of every kind, written as payload files and downloaded media."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stash.demo import files
from stash.demo.item import DemoItem
from stash.demo.source import AUDIO, IMAGE, DemoSite, Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POSTS_A_PAYLOAD = 100

_PEOPLE = (
    ("lena_fields", "Lena Fields", "Landscapes, long walks and film cameras."),
    ("marcus.w", "Marcus Wren", "Ceramics from a small studio by the sea."),
    ("ada100", "Ada", "Kites."),
)
_TEXTS = (
    "Morning light over the harbour #sea #morning",
    "Three takes of the same hill, which one do you like? #hills",
    "New glaze came out of the kiln today #Ceramics #studio",
    "Short one",
    (
        "A longer story of how this came to be, with more words than any title can hold: it started with a lost key, "
        "went on with a kind neighbour, and ended on a roof at dawn. #story"
    ),
    "First line is the title\nand here is the rest of it.",
    "",
)


@dataclass(frozen=True)
class DemoWorld:
    """The paths of a written world, and the counts that a correct sync reaches.

    `taken` are files with a row, of a type that Stash takes. `ignored` are files of other types. `foreign` are files
    without a row.
    """

    payloads: Path
    downloads: Path
    usernames: tuple[str, ...]
    galleries: int
    images: int
    scenes: int
    ignored: int
    foreign: int

    @property
    def taken(self) -> int:
        """The number of files that become an image or a scene with a code."""
        return self.images + self.scenes


def write_world(folder: Path, *, seed: int = 1, creators: int = 2, items: int = 60) -> DemoWorld:
    """Write a world of so many creators and items below a folder. The same seed writes the same world."""
    payloads, downloads = folder / "payloads", folder / "downloads"
    payloads.mkdir(parents=True, exist_ok=True)
    site = DemoSite(downloads, seed)
    people = [_person(site, number) for number in range(creators)]
    reader = Person(site.new_id(), "a_reader", "A Reader")
    _write(payloads / "accounts.json", {"accounts": [one.payload() for one in (*people, reader)]})
    shares = [items // creators + (number < items % creators) for number in range(creators)]
    for person, share in zip(people, shares, strict=True):
        _Timeline(site, person, people).write(payloads, share - share // 4 - 1)
        _Chat(site, person, reader).write(payloads, share // 4)
        _write_story(site, person, payloads)
    _write_oddities(site, people[0])
    counts = site.counts
    return DemoWorld(
        payloads=payloads,
        downloads=downloads,
        usernames=tuple(person.username for person in people),
        galleries=counts.get("galleries", 0),
        images=counts.get("images", 0),
        scenes=counts.get("scenes", 0),
        ignored=counts.get("ignored", 0),
        foreign=counts.get("foreign", 0),
    )


def _person(site: DemoSite, number: int) -> Person:
    username, name, about = _PEOPLE[number % len(_PEOPLE)]
    suffix = "" if number < len(_PEOPLE) else str(number)
    return Person(site.new_id(), f"{username}{suffix}", f"{name}{suffix}", about)


def _write(path: Path, response: dict[str, Any]) -> None:
    path.write_text(json.dumps({"success": True, "response": response}, indent=1), "utf-8")


_FORMS: tuple[Callable[[DemoItem], None], ...] = (
    DemoItem.picture,
    DemoItem.video,
    DemoItem.bundle,
    DemoItem.mixed,
    DemoItem.locked,
    DemoItem.aggregated,
    DemoItem.text_only,
)


@dataclass
class _Timeline:
    """A creator's posts."""

    site: DemoSite
    owner: Person
    people: list[Person]

    def write(self, folder: Path, items: int) -> None:
        """Write the posts, a hundred a payload."""
        for page, part in enumerate(batched(self._posts(items), POSTS_A_PAYLOAD)):
            response = {
                "posts": [post for _, post in part],
                "aggregatedPosts": [post for item, _ in part for post in item.posts],
                "accountMedia": [held for item, _ in part for held in item.held],
                "accountMediaBundles": [bundle for item, _ in part for bundle in item.bundles],
                "accounts": [self.owner.payload()],
            }
            _write(folder / f"timeline_{self.owner.username}_{page}.json", response)

    def _posts(self, items: int) -> Iterator[tuple[DemoItem, dict[str, Any]]]:
        for number in range(items):
            item = DemoItem(self.site, self.owner, "Timeline", number)
            _FORMS[number % len(_FORMS)](item)
            if item.attachments:
                self.site.count("galleries")
            post = item.post(self.site.random.choice(_TEXTS))
            post["accountMentions"] = self._mentions(number)
            yield item, post

    def _mentions(self, number: int) -> list[dict[str, Any]]:
        others = [person for person in self.people if person is not self.owner]
        if number % 9 == 1 and others:
            return [{"handle": others[0].username, "accountId": str(others[0].id)}]
        return [{"handle": "a_friend_of_mine", "accountId": None}] if number % 9 == 4 else []  # noqa: PLR2004 - now and then


@dataclass
class _Chat:
    """The messages between a creator and the reader."""

    site: DemoSite
    owner: Person
    reader: Person

    def write(self, folder: Path, items: int) -> None:
        """Write the group, then its messages."""
        group = self.site.new_id()
        users = [{"userId": str(one.id)} for one in (self.owner, self.reader)]
        groups = {"groups": [{"id": str(group), "createdBy": str(self.reader.id), "users": users}]}
        accounts = {"accounts": [self.owner.payload(), self.reader.payload()]}
        _write(
            folder / f"groups_{self.owner.username}.json", {"data": [], "aggregationData": groups | accounts}
        )
        made = [self._message(group, number) for number in range(items)]
        response = {
            "messages": [message for _, message in made],
            "accountMedia": [held for item, _ in made for held in item.held],
            "accountMediaBundles": [bundle for item, _ in made for bundle in item.bundles],
        }
        _write(folder / f"messages_{self.owner.username}.json", response)

    def _message(self, group: int, number: int) -> tuple[DemoItem, dict[str, Any]]:
        item = DemoItem(self.site, self.owner, "Messages", 3 * number)
        (DemoItem.picture, DemoItem.bundle, DemoItem.video, DemoItem.locked, DemoItem.text_only)[number % 5](
            item
        )
        if item.attachments:
            self.site.count("galleries")
        return item, item.message(self.site.random.choice(_TEXTS), group, self.owner)


def _write_story(site: DemoSite, owner: Person, folder: Path) -> None:
    """Write a story with a picture. The downloader saves its file beside the other folders."""
    item = DemoItem(site, owner, "", 1)
    held = item.hold(IMAGE)
    story = {"id": str(site.new_id()), "accountId": str(owner.id), "contentType": 1, "contentId": held["id"]}
    story["createdAt"] = int(item.when.timestamp())
    site.count("galleries")
    response = {
        "mediaStories": [story],
        "aggregationData": {"accountMedia": [held], "accounts": [owner.payload()]},
    }
    _write(folder / f"stories_{owner.username}.json", response)


def _write_oddities(site: DemoSite, owner: Person) -> None:
    """Write oddities of real folders: a sound, a preview without a type, a picture without a row."""
    sound = site.media(owner, AUDIO, site.moment(0))
    site.save(owner, "Timeline", sound)
    preview = site.media(owner, IMAGE, site.moment(0))
    site.save(owner, "Timeline", preview, marker="preview_id", suffix="None")
    site.write(owner, Path("Timeline/Pictures/from_my_phone.jpeg"), files.jpeg("from my phone"))
    site.count("foreign")
