"""Finding by what files are, and files themselves."""

from __future__ import annotations

from .finding import find
from .media import jpeg, mp4


async def test_file_criteria(server):
    """Images and scenes are found by what their files are."""
    folder = server.folder()
    for number in range(2):
        (folder / f"{number}.jpg").write_bytes(jpeg())
        (folder / f"{number}.mp4").write_bytes(mp4())
    await server.scan(folder)
    images = [image["id"] for image in await server.images(folder)]
    scenes = [scene["id"] for scene in await server.scenes(folder)]
    inside = {"path": {"value": f'"{folder}"', "modifier": "INCLUDES"}}
    for noun, criterion, found in (
        ("image", {"file_count": {"value": 1, "modifier": "EQUALS"}}, images),
        ("image", {"orientation": {"value": ["SQUARE"]}}, images),
        ("image", {"orientation": {"value": ["LANDSCAPE"]}}, []),
        ("image", {"resolution": {"value": "VERY_LOW", "modifier": "LESS_THAN"}}, images),
        ("image", {"files_filter": {"basename": {"value": "1.jpg", "modifier": "EQUALS"}}}, images[1:]),
        ("image", {"files_filter": {"path": {"value": "0.jpg", "modifier": "INCLUDES"}}}, images[:1]),
        ("image", {"galleries": {"modifier": "IS_NULL"}}, images),
        ("scene", {"duration": {"value": 1, "modifier": "EQUALS"}}, scenes),
        ("scene", {"video_codec": {"value": "h264", "modifier": "EQUALS"}}, scenes),
        ("scene", {"framerate": {"value": 4, "modifier": "EQUALS"}}, scenes),
        ("scene", {"resolution": {"value": "FULL_HD", "modifier": "EQUALS"}}, []),
    ):
        assert await find(server, noun, {**inside, **criterion}, sort="path") == found, criterion
    excluded = {"path": {"value": str(folder / "0.jpg"), "modifier": "NOT_EQUALS"}, "AND": inside}
    assert await find(server, "image", excluded, sort="path") == images[1:]
    regex = {"path": {"value": f"^{folder}/(0|2)\\.jpg$", "modifier": "MATCHES_REGEX"}}
    assert await find(server, "image", regex) == images[:1]


async def test_find_files_and_folders(server):
    """Files and folders are found by themselves, with sums over the files."""
    folder = server.folder()
    content = jpeg()
    (folder / "a.jpg").write_bytes(content)
    (folder / "a.mp4").write_bytes(mp4())
    await server.scan(folder)
    await server.images(folder)
    await server.scenes(folder)
    document = (
        "query($f: FileFilterType, $d: FolderFilterType) { findFiles(file_filter: $f) "
        "{ count size duration files { __typename basename parent_folder { path } zip_file { id } } } "
        "findFolders(folder_filter: $d) { count folders { path parent_folder { id } } } }"
    )
    given = {
        "f": {"path": {"value": f"{folder}/a.%", "modifier": "EQUALS"}},
        "d": {"path": {"value": str(folder), "modifier": "EQUALS"}},
    }
    found = await server.data(document, given)
    files = {file.pop("basename"): file for file in found["findFiles"].pop("files")}
    both = {"parent_folder": {"path": str(folder)}, "zip_file": None}
    assert files == {
        "a.jpg": {"__typename": "ImageFile", **both},
        "a.mp4": {"__typename": "VideoFile", **both},
    }
    size = (folder / "a.mp4").stat().st_size + len(content)
    assert found["findFiles"] == {"count": 2, "size": size, "duration": 1}
    assert [item["path"] for item in found["findFolders"]["folders"]] == [str(folder)]


async def test_find_one_file_or_folder(server):
    """A file or folder is found by its id or path; with neither, or where there is none, it is an error."""
    folder = server.folder()
    (folder / "a.jpg").write_bytes(jpeg())
    await server.scan(folder)
    await server.images(folder)
    document = "query($p: String, $d: String) { findFile(path: $p) { id } findFolder(path: $d) { id } }"
    found = await server.data(document, {"p": str(folder / "a.jpg"), "d": str(folder)})
    ids = {"f": found["findFile"]["id"], "d": found["findFolder"]["id"]}
    document = "query($f: ID, $d: ID) { findFile(id: $f) { path } findFolder(id: $d) { path } }"
    shown = await server.data(document, ids)
    assert shown == {"findFile": {"path": str(folder / "a.jpg")}, "findFolder": {"path": str(folder)}}
    assert await server.refusal("{ findFile { id } }") == "either id or path must be provided"
    assert await server.refusal('{ findFolder(path: "/nowhere") { id } }') == "folder not found"


async def test_fingerprints_can_be_set(server):
    """A file's fingerprints are shown one by one or all, and can be set and taken away."""
    folder = server.folder()
    (folder / "a.mp4").write_bytes(mp4())
    await server.scan(folder)
    [scene] = await server.scenes(folder, "files { id }")
    file_id = scene["files"][0]["id"]
    document = "mutation($i: FileSetFingerprintsInput!) { fileSetFingerprints(input: $i) }"
    for value in ("abcdef0123456789", None):
        given = {"id": file_id, "fingerprints": [{"type": "phash", "value": value}]}
        assert await server.data(document, {"i": given}) == {"fileSetFingerprints": True}
        [scene] = await server.scenes(folder, 'files { fingerprint(type: "phash") fingerprints { type } }')
        assert scene["files"][0]["fingerprint"] == value
        assert ({"type": "phash"} in scene["files"][0]["fingerprints"]) is (value is not None)
