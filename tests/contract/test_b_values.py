"""Facts B40 to B55: scenes, performers and the values that are kept."""

from __future__ import annotations

import base64

import pytest

from .media import mp4, unique


async def _performer(server, **fields):
    return await server.create("performer", name=unique(), **fields)


async def _two_files_of_one_scene(server):
    folder = server.folder()
    content = mp4()
    (folder / "a.mp4").write_bytes(content)
    await server.scan(folder)
    (folder / "b.mp4").write_bytes(content)
    await server.scan(folder)
    [scene] = await server.scenes(folder, "files { id basename }")
    assert [file["basename"] for file in scene["files"]] == ["a.mp4", "b.mp4"]
    return folder, scene["id"], [file["id"] for file in scene["files"]]


async def test_b40_scene_create_takes_a_further_file(server):
    """B40: sceneCreate with a file that is not primary moves it; a new scan keeps the split."""
    folder, scene, files = await _two_files_of_one_scene(server)
    split = await server.create("scene", title=unique(), file_ids=files[1:])
    assert (await server.show("scene", split, "files { id }"))["files"] == [{"id": files[1]}]
    assert (await server.show("scene", scene, "files { id }"))["files"] == [{"id": files[0]}]
    await server.scan(folder)
    assert {item["id"] for item in await server.scenes(folder)} == {scene, split}


async def test_b41_a_primary_file_stays(server):
    """B41: a file that is a scene's primary one cannot be taken from it."""
    _, _, files = await _two_files_of_one_scene(server)
    assert await server.refused("scene", title=unique(), file_ids=files[:1]) == (
        f"assigning file {files[0]} to new scene: cannot reassign primary file"
    )


async def test_b41_scene_assign_file(server):
    """B41: sceneAssignFile moves a further file to another scene."""
    _, scene, files = await _two_files_of_one_scene(server)
    other = await server.create("scene", title=unique())
    document = "mutation($s: ID!, $f: ID!) { sceneAssignFile(input: {scene_id: $s, file_id: $f}) }"
    assert await server.data(document, {"s": other, "f": files[1]}) == {"sceneAssignFile": True}
    assert (await server.show("scene", scene, "files { id }"))["files"] == [{"id": files[0]}]


async def test_b42_scene_without_files(server):
    """B42: a scene needs a title or files."""
    scene = await server.create("scene", title=unique())
    assert (await server.show("scene", scene, "files { id }"))["files"] == []
    assert await server.refused("scene", code="x") == "title must be set if scene has no files"


async def test_b43_custom_fields(server):
    """B43: custom fields of performers keep texts and numbers; true becomes 1, null is left out."""
    given = {"text": "a", "big": 737344486891335698, "half": 1.5, "yes": True, "none": None}
    performer = await _performer(server, custom_fields=given)
    shown = (await server.show("performer", performer, "custom_fields"))["custom_fields"]
    assert shown == {"text": "a", "big": 737344486891335698, "half": 1.5, "yes": 1}


async def test_b43_custom_fields_update(server):
    """B43: `partial` writes some, `remove` takes keys out, `full` replaces all; a partial null changes nothing."""
    performer = await _performer(server, custom_fields={"a": 1, "b": 2})

    async def fields():
        return (await server.show("performer", performer, "custom_fields"))["custom_fields"]

    await server.update("performer", performer, custom_fields={"partial": {"b": 3, "c": "x"}})
    assert await fields() == {"a": 1, "b": 3, "c": "x"}
    await server.update("performer", performer, custom_fields={"remove": ["c"]})
    assert await fields() == {"a": 1, "b": 3}
    await server.update("performer", performer, custom_fields={"full": {"z": "1"}})
    assert await fields() == {"z": "1"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"a": {"b": 1}}, "unsupported custom field value type"),
        ({"a": [1]}, "unsupported custom field value type"),
        ({"k" * 65: 1}, "custom field name must be less than 65 characters"),
        ({" a": 1}, "cannot have leading or trailing whitespace"),
        ({"": 1}, "custom field name cannot be empty"),
    ],
)
async def test_b43_custom_fields_refused(server, fields, text):
    """B43: an update refuses objects and lists as values, and names that are empty, too long or not trimmed."""
    performer = await _performer(server)
    reply = await server.update("performer", performer, custom_fields={"partial": fields})
    assert text in reply["errors"][0]["message"]


async def test_b43_custom_fields_of_a_creation_are_checked_less(server):
    """B43: a creation refuses the same values, but takes every name."""
    assert "unsupported custom field value type" in await server.refused(
        "performer", name=unique(), custom_fields={"a": {"b": 1}}
    )
    performer = await _performer(server, custom_fields={" a": 1, "k" * 65: 2})
    assert (await server.show("performer", performer, "custom_fields"))["custom_fields"] == {
        " a": 1,
        "k" * 65: 2,
    }


async def test_b43_filter_by_custom_field(server):
    """B43: performers are found by a custom field."""
    word = unique()
    performer = await _performer(server, custom_fields={"key": word})
    await _performer(server, custom_fields={"key": "other"})
    document = "query($f: PerformerFilterType) { findPerformers(performer_filter: $f) { performers { id } } }"
    wanted = {"custom_fields": [{"field": "key", "value": [word], "modifier": "EQUALS"}]}
    assert (await server.data(document, {"f": wanted}))["findPerformers"]["performers"] == [{"id": performer}]


@pytest.mark.parametrize(
    ("kind", "document"), [("StudioCreateInput", "studioCreate"), ("TagCreateInput", "tagCreate")]
)
async def test_b44_custom_fields_elsewhere(server, kind, document):
    """B44: this schema has custom fields for performers alone."""
    reply = await server.post(
        f'mutation {{ {document}(input: {{name: "x", custom_fields: {{}}}}) {{ id }} }}'
    )
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["message"] == f'Field "custom_fields" is not defined by type "{kind}".'


async def test_b45_performer_image(server):
    """B45: a picture comes as a data URL, whatever its bytes; without one the path says default=true."""
    performer = await _performer(server)

    async def path():
        return (await server.show("performer", performer, "image_path"))["image_path"]

    assert "default=true" in await path()
    data = base64.b64encode(b"no picture at all").decode()
    await server.update("performer", performer, image=f"data:image/jpeg;base64,{data}")
    assert "default=true" not in await path()
    reply = await server.update("performer", performer, image=data)
    assert "unsupported protocol scheme" in reply["errors"][0]["message"]
    await server.update("performer", performer, image=None)
    assert "default=true" in await path()


async def test_b46_urls_keep_order_and_doubles(server):
    """B46: urls of a performer keep their order and doubles, and the filter finds any of them."""
    word = unique()
    urls = [f"https://{word}/b", f"https://{word}/a", f"https://{word}/b"]
    performer = await _performer(server, urls=urls)
    assert (await server.show("performer", performer, "urls"))["urls"] == urls
    name = (await server.show("performer", performer, "name"))["name"]
    for url in urls:
        assert await server.names("performer", url, "EQUALS", "url") == {name}
    assert await server.names("performer", f"https://{word}", "EQUALS", "url") == set()


async def test_b47_tag_fields(server):
    """B47: what tagCreate takes is read back."""
    given = {"favorite": True, "ignore_auto_tag": True, "description": "d", "sort_name": "s"}
    tag = await server.create("tag", name=unique(), **given)
    assert await server.show("tag", tag, " ".join(given)) == given


async def test_b48_studio_fields(server):
    """B48: what studioCreate takes is read back."""
    alias = unique()
    given = {
        "urls": ["https://a", "https://b"],
        "details": "d",
        "rating100": 20,
        "favorite": True,
        "aliases": [alias],
    }
    studio = await server.create("studio", name=unique(), **given)
    assert await server.show("studio", studio, " ".join(given)) == given


async def test_b49_urls_win_over_url(server):
    """B49: where both are given, urls wins over url."""
    gallery = await server.create("gallery", title=unique(), url="https://one", urls=["https://two"])
    assert await server.show("gallery", gallery, "url urls") == {
        "url": "https://two",
        "urls": ["https://two"],
    }
    await server.update("gallery", gallery, url="https://three")
    assert (await server.show("gallery", gallery, "urls"))["urls"] == ["https://three"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2024", "2024"),
        ("2024-05", "2024-05"),
        ("2024-05-01", "2024-05-01"),
        ("2024-05-01T10:00:00Z", "2024-05-01"),
        ("2024-02-29", "2024-02-29"),
        ("", None),
        (None, None),
    ],
)
async def test_b50_dates_taken(server, given, kept):
    """B50: years, months, days and times are dates; nothing clears."""
    gallery = await server.create("gallery", title=unique(), date="2020-01-01")
    assert "errors" not in await server.update("gallery", gallery, date=given)
    assert (await server.show("gallery", gallery, "date"))["date"] == kept


@pytest.mark.parametrize(
    "given",
    [
        "2024-5-1",
        "20240501",
        "2024-13-01",
        "2024-02-31",
        "2023-02-29",
        "0000-00-00",
        "01/05/2024",
        "abc",
        " 2024-05-01",
    ],
)
async def test_b50_dates_refused(server, given):
    """B50: anything else is refused, and the old date stays."""
    gallery = await server.create("gallery", title=unique(), date="2020-01-01")
    reply = await server.update("gallery", gallery, date=given)
    assert reply["errors"][0]["message"].startswith("converting date: failed to parse date")
    assert (await server.show("gallery", gallery, "date"))["date"] == "2020-01-01"


async def test_b51_long_texts(server):
    """B51: a title of a megabyte is kept whole."""
    title = "é" * 500_000
    gallery = await server.create("gallery", title=title)
    assert (await server.show("gallery", gallery, "title"))["title"] == title


async def test_b52_odd_characters(server):
    """B52: NUL, control characters, emoji and inner newlines are kept."""
    details = "a\x00b\x07c\n\nd\U0001f600e\u200bf"
    gallery = await server.create("gallery", title=unique(), details=details)
    assert (await server.show("gallery", gallery, "details"))["details"] == details


async def test_b53_half_characters(server):
    """B53: a lone surrogate is kept as U+FFFD."""
    gallery = await server.create("gallery", title=unique(), details="a\ud800b")
    assert (await server.show("gallery", gallery, "details"))["details"] == "a\ufffdb"


async def test_b53_invalid_utf8(server):
    """B53: a byte that is no UTF-8 is kept as U+FFFD."""
    gallery = await server.create("gallery", title=unique())
    body = (
        b'{"query":"mutation($d: String) { galleryUpdate(input: {id: \\"'
        + gallery.encode()
        + b'\\", details: $d}) '
        b'{ details } }","variables":{"d":"a\xffb"}}'
    )
    reply = await server.http.post("/graphql", content=body, headers={"Content-Type": "application/json"})
    assert reply.json()["data"]["galleryUpdate"] == {"details": "a\ufffdb"}


async def test_b54_empty_texts(server):
    """B54: null and the empty text both clear, and read as the empty text."""
    gallery = await server.create("gallery", title=unique(), code="c", details="d")
    await server.update("gallery", gallery, code=None, details="")
    assert await server.show("gallery", gallery, "code details date") == {
        "code": "",
        "details": "",
        "date": None,
    }


async def test_b54_title_of_a_gallery(server):
    """B54: the title of a gallery made by hand cannot be emptied; null leaves it."""
    title = unique()
    gallery = await server.create("gallery", title=title)
    reply = await server.update("gallery", gallery, title="")
    assert reply["errors"][0]["message"] == "title must not be empty for user-created galleries"
    assert "errors" not in await server.update("gallery", gallery, title=None)
    assert (await server.show("gallery", gallery, "title"))["title"] == title
    await server.update("gallery", gallery, title=" spaced ")
    assert (await server.show("gallery", gallery, "title"))["title"] == " spaced "


async def test_b55_rating_has_no_range(server):
    """B55: a rating of 101 is taken."""
    gallery = await server.create("gallery", title=unique(), rating100=101)
    assert (await server.show("gallery", gallery, "rating100"))["rating100"] == 101
