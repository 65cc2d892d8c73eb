"""What finds have beside texts: relations, numbers, choices, the search and the orders."""

from __future__ import annotations

import pytest

from .finding import find
from .media import unique


@pytest.fixture
async def tagged(server):
    """Four galleries with one word in their title: with tag a, with a and b, with a child of a, with none."""
    word = unique()
    a = await server.create("tag", name=unique())
    b = await server.create("tag", name=unique())
    child = await server.create("tag", name=unique(), parent_ids=[a])
    made = [
        await server.create("gallery", title=f"{word} {number}", tag_ids=tags)
        for number, tags in enumerate(([a], [a, b], [child], []))
    ]
    return word, a, b, made


@pytest.mark.parametrize(
    ("criterion", "found"),
    [
        (lambda a, _: {"value": [a], "modifier": "INCLUDES"}, [0, 1]),
        (lambda a, _: {"value": [a], "modifier": "INCLUDES", "depth": -1}, [0, 1, 2]),
        (lambda a, _: {"value": [a], "modifier": "INCLUDES", "depth": 1}, [0, 1, 2]),
        (lambda a, b: {"value": [a, b], "modifier": "INCLUDES"}, [0, 1]),
        (lambda a, b: {"value": [a, b], "modifier": "INCLUDES_ALL"}, [1]),
        (lambda a, _: {"value": [a], "modifier": "EQUALS"}, [0]),
        (lambda a, _: {"value": [a], "modifier": "EXCLUDES"}, [2, 3]),
        (lambda a, _: {"value": [a], "modifier": "EXCLUDES", "depth": -1}, [3]),
        (lambda a, b: {"value": [a], "modifier": "INCLUDES", "excludes": [b]}, [0]),
        (lambda _, __: {"modifier": "IS_NULL"}, [3]),
        (lambda _, __: {"modifier": "NOT_NULL"}, [0, 1, 2]),
        (lambda _, __: {"value": [], "modifier": "INCLUDES"}, [0, 1, 2, 3]),
    ],
)
async def test_tags(server, tagged, criterion, found):
    """Tags are included, all included, excluded, exactly these, or missing; to a depth, with their descendants."""
    word, a, b, made = tagged
    wanted = {"title": {"value": word, "modifier": "INCLUDES"}, "tags": criterion(a, b)}
    assert await find(server, "gallery", wanted) == [made[index] for index in found]


async def test_tag_count_and_missing(server, tagged):
    """Counts are compared as numbers, and what is missing can be asked for."""
    word, _, _, made = tagged
    title = {"title": {"value": word, "modifier": "INCLUDES"}}
    for criterion, found in (
        ({"tag_count": {"value": 1, "modifier": "EQUALS"}}, [0, 2]),
        ({"tag_count": {"value": 0, "modifier": "GREATER_THAN"}}, [0, 1, 2]),
        ({"tag_count": {"value": 1, "value2": 2, "modifier": "BETWEEN"}}, [0, 1, 2]),
        ({"tag_count": {"value": 2, "modifier": "NOT_EQUALS"}}, [0, 2, 3]),
        ({"tag_count": {"value": 1, "modifier": "LESS_THAN"}}, [3]),
        ({"is_missing": "tags"}, [3]),
    ):
        assert await find(server, "gallery", {**title, **criterion}) == [made[index] for index in found]


async def test_performers_and_studios(server):
    """Performers are asked for without, studios with their descendants."""
    word = unique()
    anna, bea = [await server.create("performer", name=unique()) for _ in range(2)]
    network = await server.create("studio", name=unique())
    studio = await server.create("studio", name=unique(), parent_id=network)
    made = [
        await server.create("scene", title=f"{word} 0", performer_ids=[anna], studio_id=studio),
        await server.create("scene", title=f"{word} 1", performer_ids=[anna, bea], studio_id=network),
        await server.create("scene", title=f"{word} 2"),
    ]
    title = {"title": {"value": word, "modifier": "INCLUDES"}}
    for criterion, found in (
        ({"performers": {"value": [anna], "modifier": "INCLUDES"}}, [0, 1]),
        ({"performers": {"value": [anna, bea], "modifier": "INCLUDES_ALL"}}, [1]),
        ({"performers": {"value": [anna], "modifier": "EQUALS"}}, [0]),
        ({"performers": {"value": [bea], "modifier": "EXCLUDES"}}, [0, 2]),
        ({"performers": {"modifier": "IS_NULL"}}, [2]),
        ({"studios": {"value": [network], "modifier": "INCLUDES"}}, [1]),
        ({"studios": {"value": [network], "modifier": "INCLUDES", "depth": -1}}, [0, 1]),
        ({"studios": {"value": [network], "modifier": "EXCLUDES"}}, [0, 2]),
        ({"studios": {"modifier": "IS_NULL"}}, [2]),
        ({"studios": {"modifier": "NOT_NULL"}}, [0, 1]),
        ({"is_missing": "studio"}, [2]),
        ({"performer_count": {"value": 2, "modifier": "EQUALS"}}, [1]),
    ):
        assert await find(server, "scene", {**title, **criterion}) == [made[index] for index in found], (
            criterion
        )
    for depth, count in ((0, 1), (-1, 2)):
        shown = await server.show("studio", network, f"scene_count(depth: {depth})")
        assert shown == {"scene_count": count}


async def test_related_filters(server):
    """Entities are found by the filter of what they are tied to."""
    name, word = unique(), unique()
    performer = await server.create("performer", name=name)
    tag = await server.create("tag", name=name)
    studio = await server.create("studio", name=name)
    gallery = await server.create(
        "gallery", title=word, performer_ids=[performer], tag_ids=[tag], studio_id=studio
    )
    await server.create("gallery", title=word)
    by_name = {"name": {"value": name, "modifier": "EQUALS"}}
    for related in ("performers_filter", "tags_filter", "studios_filter"):
        wanted = {"title": {"value": word, "modifier": "EQUALS"}, related: by_name}
        assert await find(server, "gallery", wanted) == [gallery]
    by_title = {"galleries_filter": {"title": {"value": word, "modifier": "EQUALS"}}}
    assert await find(server, "performer", by_title) == [performer]
    assert await find(server, "tag", by_title) == [tag]
    assert await find(server, "studio", by_title) == [studio]


async def test_numbers_flags_and_dates(server):
    """Ratings, flags and dates are compared; a rating that is not there can be asked for."""
    word = unique()
    made = [
        await server.create("gallery", title=word, rating100=20, date="2024-01-01"),
        await server.create("gallery", title=word, rating100=80, date="2024-06-15"),
        await server.create("gallery", title=word),
    ]
    await server.update("gallery", made[0], organized=True)  # v0.30.0 ignores it in a creation
    for criterion, found in (
        ({"rating100": {"value": 50, "modifier": "GREATER_THAN"}}, [1]),
        ({"rating100": {"value": 0, "modifier": "IS_NULL"}}, [2]),
        ({"rating100": {"value": 10, "value2": 30, "modifier": "NOT_BETWEEN"}}, [1]),
        ({"organized": True}, [0]),
        ({"organized": False}, [1, 2]),
        ({"date": {"value": "2024-01-01", "modifier": "GREATER_THAN"}}, [1]),
        ({"date": {"value": "2024-01-01", "value2": "2024-12-31", "modifier": "BETWEEN"}}, [0, 1]),
        ({"date": {"value": "", "modifier": "IS_NULL"}}, [2]),
        ({"date": {"value": "", "modifier": "NOT_NULL"}}, [0, 1]),
        ({"id": {"value": int(made[1]), "modifier": "EQUALS"}}, [1]),
        ({"has_chapters": "false"}, [0, 1, 2]),
        ({"image_count": {"value": 0, "modifier": "EQUALS"}}, [0, 1, 2]),
    ):
        wanted = {"title": {"value": word, "modifier": "EQUALS"}, **criterion}
        assert await find(server, "gallery", wanted) == [made[index] for index in found], criterion


async def test_texts_and_urls(server):
    """Texts can be excluded, missing or present; one url among several is enough; an excluded one may not be there."""
    word = unique()
    made = [
        await server.create("gallery", title=word, code="abc", urls=[f"https://{word}/1", "https://x/2"]),
        await server.create("gallery", title=word, code="ABD", urls=[f"https://{word}/1"]),
        await server.create("gallery", title=word),
    ]
    for criterion, found in (
        ({"code": {"value": "abc", "modifier": "NOT_EQUALS"}}, [1]),
        ({"code": {"value": "bc", "modifier": "EXCLUDES"}}, [1]),
        ({"code": {"value": "b[cd]$", "modifier": "NOT_MATCHES_REGEX"}}, [1, 2]),
        ({"code": {"value": "", "modifier": "IS_NULL"}}, [2]),
        ({"code": {"value": "", "modifier": "NOT_NULL"}}, [0, 1]),
        ({"url": {"value": "x/2", "modifier": "INCLUDES"}}, [0]),
        ({"url": {"value": "x/2", "modifier": "EXCLUDES"}}, [1, 2]),
        ({"url": {"value": "", "modifier": "IS_NULL"}}, [2]),
        ({"url": {"value": "/1$", "modifier": "MATCHES_REGEX"}}, [0, 1]),
        ({"url": {"value": f"^(?:https://{word}/1|https://y)$", "modifier": "MATCHES_REGEX"}}, [0, 1]),
    ):
        wanted = {"title": {"value": word, "modifier": "EQUALS"}, **criterion}
        assert await find(server, "gallery", wanted) == [made[index] for index in found], criterion


async def test_performer_criteria(server):
    """Performers are found by gender, year of birth, numbers and favorites."""
    word = unique()
    made = [
        await server.create(
            "performer", name=f"{word} 0", gender="FEMALE", birthdate="1990-05-01", height_cm=170, favorite=True,
            circumcised="CUT", weight=60, country="DE", penis_length=1.5,
        ),
        await server.create("performer", name=f"{word} 1", gender="MALE", death_date="2020-01-01"),
        await server.create("performer", name=f"{word} 2"),
    ]  # fmt: skip
    for criterion, found in (
        ({"gender": {"value": "FEMALE", "modifier": "EQUALS"}}, [0]),
        ({"gender": {"value_list": ["FEMALE", "MALE"], "modifier": "INCLUDES"}}, [0, 1]),
        ({"gender": {"value": "FEMALE", "modifier": "NOT_EQUALS"}}, [1]),
        ({"gender": {"modifier": "IS_NULL"}}, [2]),
        ({"circumcised": {"value": ["CUT"], "modifier": "INCLUDES"}}, [0]),
        ({"birth_year": {"value": 1990, "modifier": "EQUALS"}}, [0]),
        ({"death_year": {"value": 2019, "modifier": "GREATER_THAN"}}, [1]),
        ({"birthdate": {"value": "1990-05-01", "modifier": "EQUALS"}}, [0]),
        ({"height_cm": {"value": 160, "modifier": "GREATER_THAN"}}, [0]),
        ({"penis_length": {"value": 1.0, "value2": 2.0, "modifier": "BETWEEN"}}, [0]),
        ({"filter_favorites": True}, [0]),
        ({"country": {"value": "de", "modifier": "EQUALS"}}, [0]),
        ({"scene_count": {"value": 0, "modifier": "EQUALS"}}, [0, 1, 2]),
        ({"is_missing": "birthdate"}, [1, 2]),
        ({"is_missing": "aliases"}, [0, 1, 2]),
    ):
        wanted = {"name": {"value": word, "modifier": "INCLUDES"}, **criterion}
        assert await find(server, "performer", wanted) == [made[index] for index in found], criterion


async def test_search(server):
    """The search takes all words, phrases in quotes, one of words with OR, none after a minus; in names and aliases."""
    word = unique()
    tags = [
        await server.create("tag", name=f"{word} red apple"),
        await server.create("tag", name=f"{word} green apple", aliases=[f"{word} granny"]),
        await server.create("tag", name=f"{word} apple red"),
    ]
    for q, found in (
        (f"{word} red", [0, 2]),
        (f'"{word} red"', [0]),
        (f"{word} -red", [1]),
        (f"{word} granny", [1]),
        (f"{word} RED Apple", [0, 2]),
        (f"{word} granny OR red", [0, 1, 2]),
        (f'{word} granny | "apple red"', [1, 2]),
        (f'{word} -"red apple"', [1, 2]),
        (f"{word} OR", []),
    ):
        assert await find(server, "tag", {}, q=q) == [tags[index] for index in found], q


async def test_orders(server):
    """Finds go by counts, dates, ratings and times of change, up or down."""
    word = unique()
    tag = await server.create("tag", name=unique())
    made = [
        await server.create("gallery", title=f"{word} b10", rating100=10, date="2024-03-01", tag_ids=[tag]),
        await server.create("gallery", title=f"{word} B9", rating100=30, date="2024-01-01"),
        await server.create("gallery", title=f"{word} a", rating100=20, date="2024-02-01"),
    ]
    title = {"title": {"value": word, "modifier": "INCLUDES"}}
    for sort, direction, order in (
        ("title", "ASC", [2, 1, 0]),
        ("title", "DESC", [0, 1, 2]),
        ("rating", "ASC", [0, 2, 1]),
        ("date", "ASC", [1, 2, 0]),
        ("date", "DESC", [0, 2, 1]),
        ("id", "DESC", [2, 1, 0]),
    ):
        found = await find(server, "gallery", title, sort=sort, direction=direction)
        assert found == [made[index] for index in order], sort
    assert (await find(server, "gallery", title, sort="tag_count", direction="DESC"))[0] == made[0]
