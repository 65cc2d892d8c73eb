"""The first table of docs/mapping.md, field by field, as the pure functions of `stash.mapping.desired` say it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from stash_graphql_client.types import Image, Performer, Scene, Studio, Tag

from stash.mapping.desired import (
    ItemLinks,
    cover_of,
    desired_chapter,
    desired_chapters,
    desired_file,
    desired_gallery,
    desired_performer,
    desired_studio,
    desired_unattached_file,
    file_predecessors,
    gallery_predecessors,
    mentioned_accounts,
    new_gallery,
    new_performer,
    tag_names_of,
)
from stash.mapping.rules import Rules
from stash.source.items import (
    AggregatedPost,
    Creator,
    Item,
    ItemHashtag,
    ItemMedia,
    ItemRef,
    Mention,
    StoredMedia,
)

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "mapping.md").read_text("utf-8")
ROWS = {
    cells[0]: cells[2]
    for line in PAGE.split("\n- **Title")[0].splitlines()
    if line.startswith("| ") and len(cells := [cell.strip() for cell in line.strip("|").split(" | ")]) == 3
}
"""By entity, the fields as the page has them."""

DAY = datetime(2025, 3, 4, 5, 6, tzinfo=UTC)
ANNA = Creator(7, "anna", "Anna", "About Anna")
RULES = Rules()


def item(**changes: Any) -> Item:
    """A post of Anna's, with a text, a hashtag and a mention."""
    post = Item(
        "post",
        50,
        ANNA,
        "A text for a title\nand more",
        DAY,
        hashtags=(ItemHashtag("beach"),),
        accountMentions=(Mention("mia", 8, Creator(8, "mia")),),
    )
    return replace(post, **changes)


def held(media_id: int) -> ItemMedia:
    """A media in its place in the post."""
    return ItemMedia(StoredMedia(media_id, 7, createdAt=DAY), ItemRef(DAY, 50, "post"))


STUDIO, PERFORMER, TAG = (
    Studio(id="3", name="anna (Fansly)"),
    Performer(id="4", name="Anna"),
    Tag(id="5", name="beach"),
)
LINKS = ItemLinks(STUDIO, [PERFORMER], [TAG])
IMAGE, SECOND, SCENE = Image(id="11"), Image(id="12"), Scene(id="13")
FILES: dict[int, Image | Scene] = {1: SCENE, 2: IMAGE, 3: SECOND}
POST = AggregatedPost(60, None, "A text of an earlier post", DAY, (held(1), held(3)))

NEW = new_performer(ANNA, RULES, ["anna"])
PERSON = desired_performer(ANNA, "https://fansly.com/anna", ["anna"])
OF_STUDIO = desired_studio("https://fansly.com/anna", "anna (Fansly)", (STUDIO,))
GALLERY = desired_gallery(item(), LINKS, IMAGE, RULES, {})
FILE = desired_file(item(), 1, LINKS, RULES, {})
CHAPTERS = desired_chapters(item(aggregated=(POST,)), FILES, ["11", "12"])


class Case(NamedTuple):
    """What the page says of an entity, and what the functions say."""

    entity: str
    said: str
    wanted: object
    expected: object


CASES = [
    Case("performer", "name (display name unless blank, else username", NEW["name"], "Anna"),
    Case(
        "performer", "else username", new_performer(replace(ANNA, displayName=" "), RULES, [])["name"], "anna"
    ),
    Case(
        "performer",
        "alias: the username",
        (NEW["alias_list"], PERSON.texts["alias_list"]),
        (["anna"], ["anna"]),
    ),
    Case("performer", "url `https://fansly.com/<username>`", NEW["urls"], ["https://fansly.com/anna"]),
    Case(
        "performer", "url `https://fansly.com/<username>`", PERSON.texts["urls"], ["https://fansly.com/anna"]
    ),
    Case(
        "performer",
        "details: about",
        (NEW["details"], PERSON.values),
        ("About Anna", {"details": "About Anna"}),
    ),
    Case("studio", "parent: the network", OF_STUDIO.values["parent_studio"], STUDIO),
    Case("studio", "url as the performer's", OF_STUDIO.texts["urls"], ["https://fansly.com/anna"]),
    Case("tag", "name", tag_names_of(item(), RULES), ["beach"]),
    Case("gallery", "code: item id", GALLERY.values["code"], "50"),
    Case("gallery", "title", GALLERY.values["title"], "A text for a title"),
    Case("gallery", "details: the text", GALLERY.values["details"], "A text for a title\nand more"),
    Case("gallery", "date: UTC day", GALLERY.values["date"], "2025-03-04"),
    Case("gallery", "organized", GALLERY.values["organized"], expected=True),
    Case("gallery", "studio", GALLERY.values["studio"], STUDIO),
    Case("gallery", "performers: creator and mentions", GALLERY.links["performers"], [PERFORMER]),
    Case("gallery", "performers: creator and mentions", mentioned_accounts(item()), [Creator(8, "mia")]),
    Case("gallery", "tags", GALLERY.links["tags"], [TAG]),
    Case("gallery", "url of the item", GALLERY.texts["urls"], ["https://fansly.com/post/50"]),
    Case(
        "gallery",
        "cover: the source's first image",
        (GALLERY.values["cover"], cover_of(FILES)),
        (IMAGE, IMAGE),
    ),
    Case("scene, image", "code: media id", FILE.values["code"], "1"),
    Case(
        "scene, image",
        "title, details, date as the item's gallery",
        FILE.values["title"],
        GALLERY.values["title"],
    ),
    Case(
        "scene, image",
        "title, details, date as the item's gallery",
        FILE.values["details"],
        GALLERY.values["details"],
    ),
    Case(
        "scene, image",
        "title, details, date as the item's gallery",
        FILE.values["date"],
        GALLERY.values["date"],
    ),
    Case("scene, image", "studio", FILE.values["studio"], STUDIO),
    Case("scene, image", "performers", FILE.links["performers"], [PERFORMER]),
    Case("scene, image", "tags", FILE.links["tags"], [TAG]),
    Case("scene, image", "url of the post", FILE.texts["urls"], ["https://fansly.com/post/50"]),
    Case(
        "scene, image",
        "(messages: none)",
        desired_file(item(kind="message"), 1, LINKS, RULES, {}).texts["urls"],
        [],
    ),
    Case("chapter", "title", CHAPTERS[0].title, "A text of an earlier post"),
    Case("chapter", "image_index: the place of its first image", CHAPTERS[0].image_index, 2),
    Case("chapter", "title", desired_chapter("A", 2).values, {"title": "A", "image_index": 2}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.entity}: {case.said}")
def test_a_field_is_what_the_page_says(case: Case) -> None:
    """Each field of the page's first table has the value that the page says."""
    assert case.said in ROWS[case.entity]
    assert case.wanted == case.expected


ELSEWHERE = {
    "disambiguation",
    "image",
    "images and scenes",
    "moved when images come or go, whoever's they are",
    "`Trailer` on a preview",
}
"""What a pure function cannot say: it depends on what Stash has. tests/processing and tests/mapping show it."""


def test_each_field_of_the_page_has_a_case() -> None:
    """No field stands in the first table without a case here."""
    for entity, cell in ROWS.items():
        if entity in {"entity", "---"}:
            continue
        told = re.sub(r"\([^)]*\)", "", cell)
        for field in (one.split(":")[0].strip() for one in told.split(";")):
            names = [field] if field in ELSEWHERE else [one.strip() for one in field.split(",")]
            for name in (one.removeprefix("and ").split(" of ")[0].split(" as ")[0] for one in names):
                known = [case for case in CASES if case.entity == entity and name in case.said]
                assert known or name in ELSEWHERE, (entity, name)


def test_the_form_of_a_new_gallery_is_what_is_desired() -> None:
    """A gallery is created with the values that a later sync wants in it."""
    made = new_gallery(item(), RULES)
    wanted = {**GALLERY.values, **GALLERY.texts}
    assert made == {name: wanted[name] for name in made}


def test_a_creator_of_whom_nothing_is_said_is_left_alone() -> None:
    """A text that the source does not have is no wish, and a name that the user gave is not touched."""
    assert desired_performer(replace(ANNA, about=None), "url", []).values == {"details": None}
    assert desired_studio("url", None, None).values == {}
    assert desired_studio("url", None, (None,)).values == {"parent_studio": None}


def test_the_custom_field_is_asked_for() -> None:
    """The account id goes into a custom field with `account_id` in `extras`, if it is known."""
    rules = Rules(extras=frozenset({"account_id"}))
    assert new_performer(ANNA, rules, [])["custom_fields"] == {"fansly_id": 7}
    assert "custom_fields" not in new_performer(replace(ANNA, id=0), rules, [])
    assert "custom_fields" not in NEW


def test_a_file_without_an_item_has_the_values_of_its_row() -> None:
    """Media without a known item get code, date, studio and performer, and no text."""
    media = StoredMedia(1, 7, createdAt=DAY, variants=(StoredMedia(2, 7),))
    desired = desired_unattached_file(media, LINKS)
    assert desired.values == {"code": "1", "date": "2025-03-04", "studio": STUDIO}
    assert desired.links == {"performers": [PERFORMER]}
    assert desired.predecessors == {"code": ["2"]}
    assert desired.partial == {"performers"}


@pytest.mark.parametrize(
    "make",
    [
        lambda one: desired_file(one, 1, LINKS, RULES, {}),
        lambda one: desired_gallery(one, LINKS, None, RULES, {}),
    ],
)
def test_where_mentions_were_not_kept_no_performer_goes(make: Any) -> None:
    """Where the database kept no mentions the performers are not all known, so that none is removed."""
    assert make(item()).partial == set()
    assert make(item(has_all_mentions=False)).partial == {"performers"}


@pytest.mark.parametrize(
    ("changes", "urls"),
    [
        ({"kind": "message", "groupId": 9}, ["https://fansly.com/messages/9/50"]),
        ({"kind": "message"}, []),
        ({"kind": "story"}, ["https://fansly.com/story/50"]),
        ({"kind": "wall"}, []),
    ],
    ids=str,
)
def test_the_address_of_an_item(changes: dict[str, Any], urls: list[str]) -> None:
    """A wall has no url, nor has a message whose group is unknown."""
    assert desired_gallery(item(**changes), LINKS, None, RULES, {}).texts["urls"] == urls


def test_predecessors_are_of_every_item_that_holds_the_file() -> None:
    """An earlier program may have taken the values of any item that holds a file, and of any name of the creator."""
    other = item(id=51, content="Another text for it", aggregated=(POST,))
    found = file_predecessors([item(), other], 3, ["anna", "anna_old"])
    assert {"A text for a title", "Another text for it", "A text of an earlier post"} <= found["title"]
    assert "2025-03-04" in found["date"]
    assert "A text of an earlier post" not in file_predecessors([other], 2, ["anna"])["title"]
    short = gallery_predecessors(item(content="short"), ["anna", "anna_old"])
    assert {"anna - 2025/03/04", "anna_old - 2025/03/04"} <= short["title"]


def test_a_post_without_a_matched_image_has_no_chapter() -> None:
    """A chapter needs an image that Stash shows in the gallery."""
    assert desired_chapters(item(aggregated=(POST,)), FILES, ["11"]) == []
    assert desired_chapters(item(aggregated=(replace(POST, media=(held(1),)),)), FILES, ["11", "12"]) == []
    assert desired_chapters(item(), FILES, ["11", "12"]) == []


def test_everybody_mentioned_is_one_account_each() -> None:
    """A handle is the same account in any case; of one without a row only the handle is known."""
    some = item(accountMentions=(Mention("Mia"), Mention("mia"), Mention("new", 9)))
    assert [(one.id, one.username) for one in mentioned_accounts(some)] == [(0, "mia"), (9, "new")]
