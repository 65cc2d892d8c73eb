"""Facts A12, A13 and A20 to A37: paths, ids, pages, order and times."""

from __future__ import annotations

import random

import pytest

from .media import jpeg, unique


async def test_a12_path_filter_looks_at_every_file(server):
    """A12: an image is found by the path of any of its files, once, and shows all of them."""
    folder = server.folder()
    content = jpeg()
    (folder / "first.jpg").write_bytes(content)
    await server.scan(folder)
    (folder / "second.jpg").write_bytes(content)
    await server.scan(folder)
    document = (
        "query($f: ImageFilterType) { findImages(image_filter: $f) "
        "{ count images { id visual_files { ... on ImageFile { basename } } } } }"
    )
    wanted = {"path": {"value": f"{folder}/second.jpg", "modifier": "EQUALS"}}
    found = (await server.data(document, {"f": wanted}))["findImages"]
    assert found["count"] == 1
    server.made("image", found["images"][0]["id"])
    assert found["images"][0]["visual_files"] == [{"basename": "first.jpg"}, {"basename": "second.jpg"}]


async def test_a13_path_equals_ignores_case_but_find_file_does_not(server):
    """A13: path EQUALS is LIKE; findFile(path) wants the exact path."""
    folder = server.folder()
    (folder / "Name.jpg").write_bytes(jpeg())
    await server.scan(folder)
    path = str(folder / "Name.jpg")
    document = "query($f: ImageFilterType) { findImages(image_filter: $f) { images { id } } }"
    found = await server.data(document, {"f": {"path": {"value": path.upper(), "modifier": "EQUALS"}}})
    assert len(found["findImages"]["images"]) == 1
    server.made("image", found["findImages"]["images"][0]["id"])
    document = "query($p: String) { findFile(path: $p) { path } }"
    assert (await server.data(document, {"p": path}))["findFile"] == {"path": path}
    reply = await server.query(document, {"p": path.upper()})
    assert reply == {"errors": [{"message": "file not found", "path": ["findFile"]}], "data": None}


async def _three(server, noun):
    word = unique()
    fields = {"title" if noun in ("gallery", "scene") else "name": None}
    key = next(iter(fields))
    return [await server.create(noun, **{key: f"{word} {number}"}) for number in range(3)]


def _find_ids(noun, more="", variables=""):
    plural = {"gallery": "galleries"}.get(noun, f"{noun}s")
    return (
        f"query($ids: [ID!]{variables}) {{ it: find{plural.capitalize()}(ids: $ids{more}) {{ count {plural} {{ id }} }} }}",
        plural,
    )


@pytest.mark.parametrize("noun", ["tag", "studio", "performer", "gallery", "scene"])
async def test_a21_ids_come_in_the_order_given(server, noun):
    """A21: entities asked for by ids come in the order of the ids."""
    ids = await _three(server, noun)
    random.Random(1).shuffle(ids)
    document, plural = _find_ids(noun)
    found = (await server.data(document, {"ids": ids}))["it"]
    assert [item["id"] for item in found[plural]] == ids
    assert found["count"] == 3


async def test_a22_ids_ignore_page_sort_and_filter(server):
    """A22: beside ids, the page, the order and the filter are ignored."""
    ids = await _three(server, "tag")
    document, _ = _find_ids(
        "tag", ', filter: {per_page: 1, sort: "name", direction: DESC}, tag_filter: {favorite: true}'
    )
    found = (await server.data(document, {"ids": ids}))["it"]
    assert [tag["id"] for tag in found["tags"]] == ids


@pytest.mark.parametrize("noun", ["tag", "studio", "performer", "gallery", "scene", "image"])
async def test_a23_an_unknown_id_fails_the_whole_field(server, noun):
    """A23: one unknown id among others is an error of the field, by this text."""
    ids = [] if noun == "image" else await _three(server, noun)
    document, _ = _find_ids(noun)
    reply = await server.post(document, {"ids": [*ids, "99999999"]})
    assert reply.status_code == 200
    assert reply.json() == {
        "errors": [{"message": f"{noun} with id 99999999 not found", "path": ["it"]}],
        "data": None,
    }


async def test_a24_a_double_id_fails_the_whole_field(server):
    """A24: an id given twice is an error of the field."""
    tag_id = await server.create("tag", name=unique())
    document, _ = _find_ids("tag")
    assert (
        await server.refusal(document, {"ids": [tag_id, tag_id]})
        == f"validating ids: duplicate id found: {tag_id}"
    )


async def test_a25_no_ids_are_no_restriction(server):
    """A25: an empty list of ids is as if it were absent."""
    await _three(server, "tag")
    document, _ = _find_ids("tag")
    assert (await server.data(document, {"ids": []}))["it"]["count"] >= 3


async def test_a26_aliased_find_one_gives_null_for_unknown(server):
    """A26: findX(id:) of an unknown id is null, and its neighbours are answered."""
    tag_id = await server.create("tag", name=unique())
    found = await server.data(
        f'{{ a: findTag(id: "{tag_id}") {{ id }} b: findTag(id: "99999999") {{ id }} }}'
    )
    assert found == {"a": {"id": tag_id}, "b": None}


async def test_a26_an_id_that_is_no_number(server):
    """A26: an id that is no number is an error of the field."""
    for noun in ("Tag", "Studio", "Performer", "Gallery", "Scene", "Image"):
        message = await server.refusal(f'{{ find{noun}(id: "x") {{ id }} }}')
        assert message == 'strconv.Atoi: parsing "x": invalid syntax', noun
    assert await server.refusal('{ findTags(ids: ["x"]) { count } }') == (
        'converting ids: strconv.Atoi: parsing "x": invalid syntax'
    )


async def test_a30_size_of_a_page(server):
    """A30: 25 by default, none but the count for 0, all for any negative number, as many as asked for."""
    word = unique()
    names = [await server.create("tag", name=f"{word} {number}") for number in range(27)]
    document = (
        "query($w: String!, $p: FindFilterType) "
        "{ findTags(tag_filter: {name: {value: $w, modifier: INCLUDES}}, filter: $p) { count tags { id } } }"
    )
    for per_page, expected in ((None, 25), (0, 0), (-1, 27), (-5, 27), (100000, 27), (2, 2)):
        page = {} if per_page is None else {"per_page": per_page}
        found = (await server.data(document, {"w": word, "p": page}))["findTags"]
        assert (found["count"], len(found["tags"])) == (len(names), expected)


async def test_a31_pages_are_stable(server):
    """A31: pages of equal keys repeat nothing and leave nothing out."""
    word = unique()
    ids = [await server.create("gallery", title=word) for _ in range(7)]
    document = (
        "query($w: String!, $p: FindFilterType) "
        "{ findGalleries(gallery_filter: {title: {value: $w, modifier: EQUALS}}, filter: $p) { galleries { id } } }"
    )
    for sort in ("id", "title", "date", "created_at", "random_7"):
        seen = []
        for page in (1, 2, 3):
            given = {"w": word, "p": {"per_page": 3, "page": page, "sort": sort}}
            seen += [
                gallery["id"]
                for gallery in (await server.data(document, given))["findGalleries"]["galleries"]
            ]
        assert sorted(seen, key=int) == ids


async def test_a31_unknown_sort_is_refused(server):
    """A31: only known names of an order are taken."""
    assert (
        await server.refusal('{ findTags(filter: {sort: "nope"}) { tags { id } } }') == "invalid sort: nope"
    )
    assert (
        await server.refusal('{ findTags(filter: {sort: "random_x"}) { tags { id } } }')
        == "invalid random seed: x"
    )


async def test_a31_names_sort_naturally(server):
    """A31: names go in natural order: numbers by value, letters without case."""
    word = unique()
    for name in ("b10", "B9", "a_", "aZ", "a 1", "a01", "a1", "é"):
        await server.create("studio", name=word + name)
    document = (
        "query($w: String!, $d: SortDirectionEnum) { findStudios(studio_filter: {name: {value: $w, modifier: INCLUDES}}, "
        'filter: {sort: "name", direction: $d}) { studios { name } } }'
    )
    for direction, step in (("ASC", 1), ("DESC", -1)):
        found = (await server.data(document, {"w": word, "d": direction}))["findStudios"]["studios"]
        assert [studio["name"].removeprefix(word) for studio in found][::step] == [
            "a 1",
            "a1",
            "a01",
            "aZ",
            "a_",
            "B9",
            "b10",
            "é",
        ]


async def test_a32_times_are_whole_seconds(server):
    """A32: times are RFC 3339, to the second."""
    tag_id = await server.create("tag", name=unique())
    shown = await server.show("tag", tag_id, "created_at updated_at")
    assert shown["created_at"] == shown["updated_at"]
    assert len(shown["created_at"].removesuffix("Z")[:19]) == 19
    assert "." not in shown["created_at"]


async def test_a35_a_returned_time_can_be_compared(server):
    """A34, A35: times are compared as texts: a returned one works, one of another form gives nonsense, not an error."""
    word = unique()
    tag_id = await server.create("tag", name=word)
    at = (await server.show("tag", tag_id, "updated_at"))["updated_at"]
    only = {"updated_at": {"value": at, "modifier": "EQUALS"}}
    assert await server.names("tag", word, "EQUALS", **only) == {word}
    assert (
        await server.names("tag", word, "EQUALS", updated_at={"value": at, "modifier": "GREATER_THAN"})
        == set()
    )
    assert (
        await server.names("tag", word, "EQUALS", updated_at={"value": "abc", "modifier": "GREATER_THAN"})
        == set()
    )
    assert await server.names(
        "tag", word, "EQUALS", updated_at={"value": "", "modifier": "GREATER_THAN"}
    ) == {word}
    spaced = at[:10] + " 23:59:59"
    assert await server.names(
        "tag", word, "EQUALS", updated_at={"value": spaced, "modifier": "GREATER_THAN"}
    ) == {word}


async def test_a37_partial_dates_count_as_their_first_day(server):
    """A37: a stored `2024` is found as 2024-01-01, not as 2024."""
    word = unique()
    await server.create("gallery", title=word, date="2024")
    for value, found in (("2024-01-01", {word}), ("2024", set())):
        assert (
            await server.names(
                "gallery", word, "EQUALS", "title", date={"value": value, "modifier": "EQUALS"}
            )
            == found
        )
