"""Facts C13 to C20: what a scan makes of files."""

from __future__ import annotations

import os
import zipfile
from io import BytesIO
from pathlib import Path

from .media import gif, jpeg, mp4, png, unique, webp

_FILES = "visual_files { __typename ... on ImageFile { path width height format } ... on VideoFile { path format } }"


async def test_c13_identical_content_is_one_entity(server):
    """C13: files of the same content belong to one image or scene; the first one scanned stays primary."""
    folder = server.folder()
    picture, video = jpeg(), mp4()
    for name in ("m", "z", "a"):
        (folder / f"{name}.jpg").write_bytes(picture)
        (folder / f"{name}.mp4").write_bytes(video)
        await server.scan(folder)
    [image] = await server.images(folder, _FILES)
    [scene] = await server.scenes(folder, "files { basename }")
    assert [Path(file["path"]).name for file in image["visual_files"]] == ["m.jpg", "z.jpg", "a.jpg"]
    assert [file["basename"] for file in scene["files"]] == ["m.mp4", "z.mp4", "a.mp4"]


async def test_c14_a_moved_file_keeps_its_entity(server):
    """C14: a file that was moved or renamed keeps its id, its entity and the title; also where other copies exist."""
    folder = server.folder()
    content = jpeg()
    (folder / "a.jpg").write_bytes(content)
    await server.scan(folder)
    (folder / "copy.jpg").write_bytes(content)
    await server.scan(folder)
    files = "title visual_files { ... on ImageFile { id path } }"
    [before] = await server.images(folder, files)
    await server.update("image", before["id"], title="kept")
    (folder / "sub").mkdir()
    (folder / "a.jpg").rename(folder / "sub" / "b.jpg")
    await server.scan(folder)
    [after] = await server.images(folder, files)
    assert after["id"] == before["id"]
    assert after["title"] == "kept"
    assert after["visual_files"] == [
        {"id": before["visual_files"][0]["id"], "path": str(folder / "sub" / "b.jpg")},
        before["visual_files"][1],
    ]


async def test_c15_replaced_content_keeps_the_entity(server):
    """C15: a file whose content is replaced in place keeps the image and its title; the fingerprint is new."""
    folder = server.folder()
    (folder / "a.jpg").write_bytes(jpeg())
    await server.scan(folder)
    fields = 'title visual_files { ... on ImageFile { id fingerprint(type: "md5") } }'
    [before] = await server.images(folder, fields)
    await server.update("image", before["id"], title="kept")
    (folder / "a.jpg").write_bytes(jpeg())
    os.utime(folder / "a.jpg", (1_700_000_000, 1_700_000_000))
    await server.scan(folder)
    [after] = await server.images(folder, fields)
    assert (after["id"], after["title"]) == (before["id"], "kept")
    assert after["visual_files"][0]["id"] == before["visual_files"][0]["id"]
    assert after["visual_files"][0]["fingerprint"] != before["visual_files"][0]["fingerprint"]


async def _clean(server, folder):
    document = "mutation($p: [String!]) { job: metadataClean(input: {paths: $p, dryRun: false}) }"
    await server.job((await server.data(document, {"p": [str(folder)]}))["job"])


async def test_c16_deleted_files(server):
    """C16: a scan leaves the rows of deleted files, a clean takes them; a copy that is left becomes primary."""
    folder = server.folder()
    content = jpeg()
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(content)
        await server.scan(folder)
    (folder / "other.jpg").write_bytes(jpeg())
    await server.scan(folder)
    (folder / "a.jpg").unlink()
    (folder / "other.jpg").unlink()
    await server.scan(folder)
    before = await server.images(folder, _FILES)
    assert [len(image["visual_files"]) for image in before] == [2, 1]
    await _clean(server, folder)
    [after] = await server.images(folder, _FILES)
    assert after["id"] == before[0]["id"]
    assert [file["path"] for file in after["visual_files"]] == [str(folder / "b.jpg")]


async def test_c17_what_is_left_out(server):
    """C17: unknown extensions, sound, empty files and broken videos are left out."""
    folder = server.folder()
    for name in ("a.None", "a.mp3", "a.m4a", "a.txt", "noextension"):
        (folder / name).write_bytes(jpeg())
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "broken.mp4").write_bytes(b"no video at all")
    (folder / "broken.gif").write_bytes(b"no picture either")
    await server.scan(folder)
    assert await server.images(folder) == []
    assert await server.scenes(folder) == []


async def test_c17_what_is_taken(server):
    """C17: a broken picture is an image without size; extensions go in any case; hidden files and folders count."""
    folder = server.folder()
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "a.jpg").write_bytes(jpeg())
    (folder / ".x.jpg").write_bytes(jpeg())
    (folder / "BIG.JPG").write_bytes(jpeg())
    (folder / "b.webp").write_bytes(webp())
    (folder / "b.png").write_bytes(png())
    (folder / "broken.jpg").write_bytes(b"no picture " + unique().encode())
    await server.scan(folder)
    images = await server.images(folder, _FILES)
    shown = {
        Path(file["path"]).name: (file["width"], file["height"], file["format"])
        for image in images
        for file in image["visual_files"]
    }
    assert {name: shown[name] for name in ("a.jpg", ".x.jpg", "BIG.JPG", "b.webp", "b.png")} == {
        "a.jpg": (48, 48, "mjpeg"),
        ".x.jpg": (48, 48, "mjpeg"),
        "BIG.JPG": (48, 48, "mjpeg"),
        "b.webp": (8, 8, "webp"),
        "b.png": (8, 8, "png"),
    }
    assert shown["broken.jpg"][:2] == (0, 0)


async def test_c18_a_gif_is_an_image_with_a_video_file(server):
    """C18: a gif is an image whose visual file is a VideoFile; the deprecated `files` is empty."""
    folder = server.folder()
    (folder / "a.gif").write_bytes(gif())
    await server.scan(folder)
    [image] = await server.images(
        folder,
        "files { id } visual_files { __typename ... on ImageFile { path } ... on BaseFile { basename } }",
    )
    assert image["files"] == []
    assert image["visual_files"] == [{"__typename": "VideoFile", "basename": "a.gif"}]
    assert await server.scenes(folder) == []


async def test_c19_zip_files(server):
    """C19, B26: a zip becomes a gallery whose content cannot be changed."""
    folder = server.folder()
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.jpg", jpeg())
    (folder / "g.zip").write_bytes(packed.getvalue())
    (folder / "b.jpg").write_bytes(jpeg())
    await server.scan(folder)
    document = (
        "query($f: GalleryFilterType) "
        "{ findGalleries(gallery_filter: $f) { galleries { id image_count files { path } } } }"
    )
    wanted = {"path": {"value": f"{folder}/g.zip", "modifier": "EQUALS"}}
    [gallery] = (await server.data(document, {"f": wanted}))["findGalleries"]["galleries"]
    server.made("gallery", gallery["id"])
    assert gallery["files"] == [{"path": str(folder / "g.zip")}]
    [image] = [
        image
        for image in await server.images(folder, _FILES)
        if image["visual_files"][0]["path"].endswith("/b.jpg")
    ]
    given = {"g": gallery["id"], "i": [image["id"]]}
    for field in ("addGalleryImages", "removeGalleryImages"):
        document = f"mutation($g: ID!, $i: [ID!]!) {{ {field}(input: {{gallery_id: $g, image_ids: $i}}) }}"
        assert (await server.refusal(document, given)).startswith(
            "cannot change contents of zip-based gallery "
        )
    reply = await server.update("image", image["id"], gallery_ids=[gallery["id"]])
    assert "cannot change contents of zip-based gallery" in reply["errors"][0]["message"]


async def test_c20_no_galleries_of_folders(server):
    """C20: a folder of pictures is not made a gallery by default."""
    folder = server.folder()
    (folder / "a.jpg").write_bytes(jpeg())
    await server.scan(folder)
    await server.images(folder)
    document = "query($f: GalleryFilterType) { findGalleries(gallery_filter: $f) { count } }"
    wanted = {"path": {"value": str(folder), "modifier": "INCLUDES"}}
    assert (await server.data(document, {"f": wanted}))["findGalleries"]["count"] == 0


async def test_what_a_video_file_shows(server):
    """A video's row shows what its header says, its size and its fingerprints; its folder has a row as well."""
    folder = server.folder()
    content = mp4()
    (folder / "a.mp4").write_bytes(content)
    await server.scan(folder)
    [scene] = await server.scenes(
        folder,
        "title files { path basename size width height duration video_codec audio_codec frame_rate format "
        "parent_folder { path } fingerprints { type } }",
    )
    assert scene["title"] == ""
    [file] = scene["files"]
    prints = {fingerprint["type"] for fingerprint in file.pop("fingerprints")}
    assert "oshash" in prints
    assert file == {
        "path": str(folder / "a.mp4"), "basename": "a.mp4", "size": len(content), "width": 32, "height": 32,
        "duration": 1.0, "video_codec": "h264", "audio_codec": "", "frame_rate": 4.0, "format": "mp4",
        "parent_folder": {"path": str(folder)},
    }  # fmt: skip


async def test_oshash_and_md5(server):
    """A scene is found by the hash that its file shows, an image by its checksum."""
    folder = server.folder()
    (folder / "a.mp4").write_bytes(mp4())
    (folder / "a.jpg").write_bytes(jpeg())
    await server.scan(folder)
    [scene] = await server.scenes(folder, 'files { fingerprint(type: "oshash") }')
    [image] = await server.images(folder, 'visual_files { ... on ImageFile { fingerprint(type: "md5") } }')
    found = await server.data(
        "query($o: String, $m: String) { findSceneByHash(input: {oshash: $o}) { id } findImage(checksum: $m) { id } }",
        {"o": scene["files"][0]["fingerprint"], "m": image["visual_files"][0]["fingerprint"]},
    )
    assert found == {"findSceneByHash": {"id": scene["id"]}, "findImage": {"id": image["id"]}}


async def test_scenes_by_path_regex(server):
    """F, findScenesByPathRegex: the page's q is a regex on the path, without case."""
    folder = server.folder()
    for name in ("a_id_17.mp4", "b_id_18.mp4"):
        (folder / name).write_bytes(mp4())
    await server.scan(folder)
    scenes = await server.scenes(folder, "files { basename }")
    document = "query($p: FindFilterType) { findScenesByPathRegex(filter: $p) { count scenes { id } } }"
    found = await server.data(document, {"p": {"q": f"{folder.name.upper()}.*_ID_(17|99)", "per_page": -1}})
    wanted = [scene["id"] for scene in scenes if scene["files"][0]["basename"] == "a_id_17.mp4"]
    assert found["findScenesByPathRegex"] == {"count": 1, "scenes": [{"id": wanted[0]}]}
