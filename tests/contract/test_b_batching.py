"""Facts B1 to B16: aliases, lists, and what becomes of the rest when one fails."""

from __future__ import annotations

import pytest

from .media import unique


def _aliased(mutation, kind, count):
    variables = ", ".join(f"$i{number}: {kind}!" for number in range(count))
    fields = " ".join(f"a{number}: {mutation}(input: $i{number}) {{ id }}" for number in range(count))
    return f"mutation({variables}) {{ {fields} }}"


async def test_b1_many_aliases_in_one_request(server):
    """B1, B16: hundreds of aliased creations go in one request, and each returns its id."""
    word = unique()
    given = {f"i{number}": {"title": f"{word} {number}"} for number in range(300)}
    made = await server.data(_aliased("galleryCreate", "GalleryCreateInput", 300), given)
    for gallery in made.values():
        server.made("gallery", gallery["id"])
    assert len({gallery["id"] for gallery in made.values()}) == 300


async def test_b4_each_alias_is_its_own_transaction(server):
    """B4: where one alias fails the others are kept; the error names its alias."""
    word = unique()
    ids = [await server.create("gallery", title=word) for _ in range(3)]
    inputs = {f"i{number}": {"id": gallery, "code": "new"} for number, gallery in enumerate(ids)}
    inputs["i1"]["id"] = "99999999"
    reply = await server.post(_aliased("galleryUpdate", "GalleryUpdateInput", 3), inputs)
    assert reply.status_code == 200
    body = reply.json()
    assert body["errors"] == [{"message": "gallery with id 99999999 not found", "path": ["a1"]}]
    assert body["data"] == {"a0": {"id": ids[0]}, "a1": None, "a2": {"id": ids[2]}}
    assert [(await server.show("gallery", gallery, "code"))["code"] for gallery in ids] == ["new", "", "new"]


@pytest.mark.parametrize(("noun", "mutation"), [("gallery", "galleriesUpdate"), ("scene", "scenesUpdate")])
async def test_b5_a_list_is_one_transaction(server, noun, mutation):
    """B2, B5: a list mutation is all or nothing, and its error does not say which item."""
    ids = [await server.create(noun, title=unique()) for _ in range(3)]
    document = (
        f"mutation($l: [{noun.capitalize()}UpdateInput!]!) {{ it: {mutation}(input: $l) {{ id code }} }}"
    )
    listed = [{"id": entity_id, "code": "new"} for entity_id in [*ids, "99999999"]]
    reply = await server.query(document, {"l": listed})
    assert reply == {
        "errors": [{"message": f"{noun} with id 99999999 not found", "path": ["it"]}],
        "data": {"it": None},
    }
    assert [(await server.show(noun, entity_id, "code"))["code"] for entity_id in ids] == ["", "", ""]
    done = await server.data(document, {"l": listed[:3]})
    assert done["it"] == [{"id": entity_id, "code": "new"} for entity_id in ids]


async def test_b5_images_update_is_one_transaction(server):
    """B2, B5: imagesUpdate is all or nothing too."""
    ids = await server.pictures(2)
    document = "mutation($l: [ImageUpdateInput!]!) { it: imagesUpdate(input: $l) { id title } }"
    listed = [{"id": image, "title": "new"} for image in [*ids, "99999999"]]
    assert await server.refusal(document, {"l": listed}) == "image with id 99999999 not found"
    assert [(await server.show("image", image, "title"))["title"] for image in ids] == ["", ""]


async def test_b6_unmentioned_fields_stay(server):
    """B6: what an item does not mention stays; null clears."""
    first = await server.create("gallery", title="a", code="c", details="d", date="2024-01-01")
    second = await server.create("gallery", title="b", code="c", details="d", date="2024-01-01")
    document = (
        "mutation($l: [GalleryUpdateInput!]!) { galleriesUpdate(input: $l) { title code details date } }"
    )
    listed = [{"id": first, "code": None}, {"id": second, "details": None, "date": None}]
    assert (await server.data(document, {"l": listed}))["galleriesUpdate"] == [
        {"title": "a", "code": "", "details": "d", "date": "2024-01-01"},
        {"title": "b", "code": "c", "details": "", "date": None},
    ]


async def test_b7_the_last_of_equal_ids_wins(server):
    """B7: an id may stand twice in a list; the reply shows the final value twice."""
    gallery = await server.create("gallery", title="a")
    document = "mutation($l: [GalleryUpdateInput!]!) { galleriesUpdate(input: $l) { code } }"
    listed = [{"id": gallery, "code": "one"}, {"id": gallery, "code": "two"}]
    assert (await server.data(document, {"l": listed}))["galleriesUpdate"] == [
        {"code": "two"},
        {"code": "two"},
    ]


async def test_b8_one_bad_variable_refuses_the_request(server):
    """B8: a variable that does not fit refuses everything, with its path, and nothing runs."""
    word = unique()
    reply = await server.post(
        _aliased("tagCreate", "TagCreateInput", 3), {"i0": {"name": word}, "i1": {}, "i2": {"name": "x"}}
    )
    assert reply.status_code == 400
    assert reply.json() == {
        "errors": [
            {
                "message": "must be defined",
                "path": ["variable", "i1", "name"],
                "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
            }
        ],
        "data": None,
    }
    assert await server.names("tag", word, "EQUALS") == set()


@pytest.mark.parametrize(
    ("kind", "value", "path", "message"),
    [
        ("TagCreateInput!", {"nome": 1}, ["nome"], "unknown field"),
        ("TagCreateInput!", {"name": None}, ["name"], "cannot be null"),
        ("TagCreateInput!", None, [], "cannot be null"),
        ("TagCreateInput!", "x", [], "must be a TagCreateInput, not a string"),
        ("TagCreateInput!", {"name": "x", "favorite": "yes"}, ["favorite"], "cannot use string as Boolean"),
        ("TagCreateInput!", {"name": "x", "aliases": ["a", None]}, ["aliases", 1], "cannot be null"),
        ("TagCreateInput!", {"name": True}, ["name"], "cannot use bool as String"),
    ],
)
async def test_b8_what_a_variable_may_not_be(server, kind, value, path, message):
    """B8, D11: values that do not fit their input type, each with its path."""
    document = f"mutation($i: {kind}) {{ tagCreate(input: $i) {{ id }} }}"
    body = (await server.post(document, {"i": value})).json()
    assert [(error["message"], error["path"]) for error in body["errors"]] == [
        (message, ["variable", "i", *path])
    ]


async def test_b9_a_failing_non_null_field_hides_the_reply(server):
    """B9: a Boolean! that fails makes data null for all, though the others were done."""
    word = unique()
    document = (
        "mutation($a: String!, $b: String!) { a: tagCreate(input: {name: $a}) { id } "
        "x: addGalleryImages(input: {gallery_id: 99999999, image_ids: []}) "
        "b: tagCreate(input: {name: $b}) { id } }"
    )
    reply = await server.query(document, {"a": word + "a", "b": word + "b"})
    assert reply == {
        "errors": [{"message": "gallery with id 99999999 not found", "path": ["x"]}],
        "data": None,
    }
    found = await server.data(
        "query($w: String!) { findTags(tag_filter: {name: {value: $w, modifier: INCLUDES}}) { tags { id name } } }",
        {"w": word},
    )
    for tag in found["findTags"]["tags"]:
        server.made("tag", tag["id"])
    assert [tag["name"] for tag in found["findTags"]["tags"]] == [word + "a", word + "b"]


async def test_b11_aliases_run_in_order(server):
    """B11: the second of two equal creations fails."""
    word = unique()
    reply = await server.query(
        _aliased("tagCreate", "TagCreateInput", 2), {"i0": {"name": word}, "i1": {"name": word}}
    )
    server.made("tag", reply["data"]["a0"]["id"])
    assert reply["errors"] == [{"message": f"tag with name '{word}' already exists", "path": ["a1"]}]
    assert reply["data"]["a1"] is None
