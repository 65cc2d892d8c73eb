"""What else can be done: counters, merging, moving and deleting files, stash-box ids, bulk updates."""

from __future__ import annotations

from .finding import find
from .media import jpeg, mp4, unique


async def test_play_and_o_history(server):
    """Plays and o-counts are counted, dated, taken back and reset."""
    scene = await server.create("scene", title=unique())
    times = ["2024-01-01T10:00:00Z", "2024-01-02T10:00:00Z"]
    document = (
        "mutation($id: ID!, $t: [Timestamp!]) { p: sceneAddPlay(id: $id, times: $t) { count history } }"
    )
    assert (await server.data(document, {"id": scene, "t": times}))["p"] == {
        "count": 2,
        "history": times[::-1],
    }
    document = "mutation($id: ID!) { p: sceneDeletePlay(id: $id) { count } o: sceneAddO(id: $id) { count } }"
    assert await server.data(document, {"id": scene}) == {"p": {"count": 1}, "o": {"count": 1}}
    shown = await server.show("scene", scene, "play_count o_counter play_history last_played_at")
    assert shown == {"play_count": 1, "o_counter": 1, "play_history": times[:1], "last_played_at": times[0]}
    document = "mutation($id: ID!) { sceneResetPlayCount(id: $id) sceneResetO(id: $id) }"
    assert await server.data(document, {"id": scene}) == {"sceneResetPlayCount": 0, "sceneResetO": 0}
    document = "mutation($id: ID!) { sceneSaveActivity(id: $id, resume_time: 1.5, playDuration: 2) }"
    assert await server.data(document, {"id": scene}) == {"sceneSaveActivity": True}
    assert await server.show("scene", scene, "resume_time play_duration") == {
        "resume_time": 1.5,
        "play_duration": 2,
    }


async def test_o_counter_of_an_image(server):
    """An image's counter goes up, down to nothing, and back to it."""
    [image] = await server.pictures(1)
    steps = [
        (await server.data(f"mutation($id: ID!) {{ it: {field}(id: $id) }}", {"id": image}))["it"]
        for field in (
            "imageIncrementO",
            "imageIncrementO",
            "imageDecrementO",
            "imageResetO",
            "imageDecrementO",
        )
    ]
    assert steps == [1, 2, 1, 0, 0]


async def test_merging_tags(server):
    """Merged tags leave their names and aliases as aliases, and what they tagged."""
    word = unique()
    a = await server.create("tag", name=f"{word}a")
    b = await server.create("tag", name=f"{word}b", aliases=[f"{word}c"])
    gallery = await server.create("gallery", title=unique(), tag_ids=[b])
    document = (
        "mutation($s: [ID!]!, $d: ID!) { tagsMerge(input: {source: $s, destination: $d}) { id aliases } }"
    )
    merged = (await server.data(document, {"s": [b], "d": a}))["tagsMerge"]
    assert (merged["id"], sorted(merged["aliases"])) == (a, [f"{word}b", f"{word}c"])
    assert (await server.show("gallery", gallery, "tags { id }"))["tags"] == [{"id": a}]


async def test_merging_performers(server):
    """A merged performer's galleries go to the other one; v0.30.0 has no such mutation."""
    a, b = [await server.create("performer", name=unique()) for _ in range(2)]
    gallery = await server.create("gallery", title=unique(), performer_ids=[b])
    document = "mutation($i: PerformerMergeInput!) { performerMerge(input: $i) { id details } }"
    given = {"source": [b], "destination": a, "values": {"id": a, "details": "new"}}
    if await server.oldest():
        reply = await server.query(document, {"i": given})
        assert reply["errors"][0]["message"] == 'Unknown type "PerformerMergeInput".'
        return
    assert (await server.data(document, {"i": given}))["performerMerge"]["id"] == a
    assert (await server.show("performer", a, "details"))["details"] == "new"
    assert (await server.show("gallery", gallery, "performers { id }"))["performers"] == [{"id": a}]
    assert "cannot be in source list" in await server.refusal(
        document, {"i": {"source": [a], "destination": a}}
    )


async def test_merging_scenes(server):
    """A merged scene's files go to the other one."""
    folder = server.folder()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).write_bytes(mp4())
    await server.scan(folder)
    a, b = [scene["id"] for scene in await server.scenes(folder)]
    document = "mutation($s: [ID!]!, $d: ID!) { sceneMerge(input: {source: $s, destination: $d}) { id } }"
    assert await server.data(document, {"s": [b], "d": a}) == {"sceneMerge": {"id": a}}
    shown = await server.show("scene", a, "files { basename }")
    assert shown["files"] == [{"basename": "a.mp4"}, {"basename": "b.mp4"}]
    assert await server.show("scene", b, "id") is None


async def test_moving_files(server):
    """A moved file lies elsewhere, on the disk and in its row; out of the library it cannot go."""
    folder = server.folder()
    (folder / "a.jpg").write_bytes(jpeg())
    await server.scan(folder)
    [image] = await server.images(folder, "visual_files { ... on ImageFile { id } }")
    file_id = image["visual_files"][0]["id"]
    document = "mutation($i: MoveFilesInput!) { moveFiles(input: $i) }"
    given = {"ids": [file_id], "destination_folder": str(folder / "sub"), "destination_basename": "b.jpg"}
    assert await server.data(document, {"i": given}) == {"moveFiles": True}
    assert (folder / "sub" / "b.jpg").is_file()
    [moved] = await server.images(folder, "visual_files { ... on ImageFile { id path } }")
    assert moved == {**image, "visual_files": [{"id": file_id, "path": str(folder / "sub" / "b.jpg")}]}
    assert await server.refusal(document, {"i": {"ids": [file_id], "destination_folder": "/nowhere"}})
    assert (
        await server.refusal(document, {"i": {"ids": [file_id]}}) == "must specify destination folder or path"
    )


async def test_deleting_files(server):
    """A further file can be deleted, a primary one cannot; an image can take its file along."""
    folder = server.folder()
    content = jpeg()
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(content)
        await server.scan(folder)
    [image] = await server.images(folder, "visual_files { ... on ImageFile { id } }")
    first, second = [file["id"] for file in image["visual_files"]]
    document = "mutation($ids: [ID!]!) { deleteFiles(ids: $ids) }"
    assert "primary file" in await server.refusal(document, {"ids": [first]})
    assert await server.data(document, {"ids": [second]}) == {"deleteFiles": True}
    assert not (folder / "b.jpg").exists()
    destroy = "mutation($id: ID!) { imageDestroy(input: {id: $id, delete_file: true}) }"
    assert await server.data(destroy, {"id": image["id"]}) == {"imageDestroy": True}
    assert not (folder / "a.jpg").exists()


async def test_primary_file(server):
    """Another of an entity's files can be made its primary one, a foreign one cannot."""
    folder = server.folder()
    content = mp4()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).write_bytes(content)
        await server.scan(folder)
    [scene] = await server.scenes(folder, "files { id }")
    first, second = [file["id"] for file in scene["files"]]
    await server.update("scene", scene["id"], primary_file_id=second)
    assert (await server.show("scene", scene["id"], "files { id }"))["files"] == [
        {"id": second},
        {"id": first},
    ]
    reply = await server.update("scene", scene["id"], primary_file_id="99999999")
    assert reply["errors"][0]["message"] == "file with id 99999999 not associated with scene"


async def test_stash_ids(server):
    """Ids at a stash-box are kept, replaced and found."""
    word = unique()
    ids = [{"endpoint": "https://box/graphql", "stash_id": word}]
    performer = await server.create("performer", name=unique(), stash_ids=ids)
    assert (await server.show("performer", performer, "stash_ids { endpoint stash_id }"))["stash_ids"] == ids
    criterion = {"endpoint": "https://box/graphql", "stash_id": word, "modifier": "EQUALS"}
    document = "query($f: PerformerFilterType) { findPerformers(performer_filter: $f) { performers { id } } }"
    found = await server.data(document, {"f": {"stash_id_endpoint": criterion}})
    assert found["findPerformers"]["performers"] == [{"id": performer}]
    await server.update("performer", performer, stash_ids=[])
    assert (await server.show("performer", performer, "stash_ids { stash_id }"))["stash_ids"] == []


async def test_bulk_updates_of_collections(server):
    """Tags, performers and studios have bulk updates too."""
    tags = [await server.create("tag", name=unique()) for _ in range(2)]
    parent = await server.create("tag", name=unique())
    document = "mutation($i: BulkTagUpdateInput!) { bulkTagUpdate(input: $i) { description parents { id } } }"
    given = {"ids": tags, "description": "d", "parent_ids": {"ids": [parent], "mode": "ADD"}}
    assert (await server.data(document, {"i": given}))["bulkTagUpdate"] == [
        {"description": "d", "parents": [{"id": parent}]}
    ] * 2
    performers = [await server.create("performer", name=unique(), alias_list=["x"]) for _ in range(2)]
    document = (
        "mutation($i: BulkPerformerUpdateInput!) { bulkPerformerUpdate(input: $i) { details alias_list } }"
    )
    given = {"ids": performers, "details": "d", "alias_list": {"values": ["y"], "mode": "ADD"}}
    assert (await server.data(document, {"i": given}))["bulkPerformerUpdate"] == [
        {"details": "d", "alias_list": ["x", "y"]}
    ] * 2
    studios = [await server.create("studio", name=unique()) for _ in range(2)]
    document = "mutation($i: BulkStudioUpdateInput!) { bulkStudioUpdate(input: $i) { details tags { id } } }"
    given = {"ids": studios, "details": "d", "tag_ids": {"ids": tags, "mode": "SET"}}
    updated = (await server.data(document, {"i": given}))["bulkStudioUpdate"]
    assert [{tag["id"] for tag in studio["tags"]} for studio in updated] == [set(tags)] * 2


async def test_counters_of_old(server):
    """The deprecated counter fields count too, and an unknown scene is an error."""
    scene = await server.create("scene", title=unique())
    counts = [
        (await server.data(f"mutation($id: ID!) {{ it: {field}(id: $id) }}", {"id": scene}))["it"]
        for field in ("sceneIncrementPlayCount", "sceneIncrementO", "sceneIncrementO", "sceneDecrementO")
    ]
    assert counts == [1, 1, 2, 1]
    document = "mutation($id: ID!) { sceneResetActivity(id: $id, reset_resume: true, reset_duration: true) }"
    assert await server.data(document, {"id": scene}) == {"sceneResetActivity": True}


async def test_moving_to_a_known_folder(server):
    """A file can be moved to a folder by its id, under its own name; not over another file, nor to another kind."""
    folder = server.folder()
    (folder / "sub").mkdir()
    for name in ("a.jpg", "sub/b.jpg"):
        (folder / name).write_bytes(jpeg())
    await server.scan(folder)
    images = await server.images(
        folder, "visual_files { ... on ImageFile { id basename parent_folder { id } } }"
    )
    files = {image["visual_files"][0]["basename"]: image["visual_files"][0] for image in images}
    document = "mutation($i: MoveFilesInput!) { moveFiles(input: $i) }"
    given = {"ids": [files["a.jpg"]["id"]], "destination_folder_id": files["b.jpg"]["parent_folder"]["id"]}
    assert await server.refusal(document, {"i": {**given, "destination_basename": "b.jpg"}})
    assert await server.refusal(document, {"i": {**given, "destination_basename": "a.mp4"}})
    both = [file["id"] for file in files.values()]
    assert await server.refusal(document, {"i": {**given, "ids": both, "destination_basename": "c.jpg"}}) == (
        "must specify one file when providing destination path"
    )
    assert await server.data(document, {"i": given}) == {"moveFiles": True}
    assert (folder / "sub" / "a.jpg").is_file()


async def test_destroying_scenes_with_their_files(server):
    """A destroyed scene can take its files along; sceneStreams and the wall show the others."""
    folder = server.folder()
    (folder / "a.mp4").write_bytes(mp4())
    await server.scan(folder)
    [scene] = await server.scenes(folder, "sceneStreams { url } paths { stream }")
    assert scene["sceneStreams"][0]["url"].endswith(f"/scene/{scene['id']}/stream")
    await server.update("scene", scene["id"], details=(word := unique()))
    found = await server.data(
        "query($id: ID, $q: String) { sceneStreams(id: $id) { label } sceneWall(q: $q) { id } }",
        {"id": scene["id"], "q": word},
    )
    assert found["sceneStreams"][0] == {"label": "Direct stream"}
    assert found["sceneWall"] == [{"id": scene["id"]}]
    document = "mutation($id: ID!) { sceneDestroy(input: {id: $id, delete_file: true}) }"
    assert await server.data(document, {"id": scene["id"]}) == {"sceneDestroy": True}
    assert not (folder / "a.mp4").exists()


async def test_custom_field_criteria(server):
    """Performers are found by a custom field: its text, its number, or whether it is there."""
    word = unique()
    made = [
        await server.create("performer", name=f"{word}0", custom_fields={"text": "abc", "number": 5}),
        await server.create("performer", name=f"{word}1", custom_fields={"text": "xyz", "number": 9}),
        await server.create("performer", name=f"{word}2"),
    ]
    for field, value, modifier, found in (
        ("text", ["abc", "xyz"], "EQUALS", [0, 1]),
        ("text", ["b"], "INCLUDES", [0]),
        ("number", [5], "GREATER_THAN", [1]),
        ("number", [6], "LESS_THAN", [0]),
        ("number", [4, 6], "BETWEEN", [0]),
        ("text", None, "IS_NULL", [2]),
        ("text", None, "NOT_NULL", [0, 1]),
    ):
        wanted = {
            "name": {"value": word, "modifier": "INCLUDES"},
            "custom_fields": [{"field": field, "value": value, "modifier": modifier}],
        }
        assert await find(server, "performer", wanted) == [made[index] for index in found], modifier


async def test_a_regex_on_a_custom_field(server):
    """A regex finds performers by a custom field, unless Stash compares the number of another field first."""
    word = unique()
    fields = {"text": "xyz", "number": 9}
    performer = await server.create("performer", name=word, custom_fields=fields)
    await server.create("performer", name=f"{word} other", custom_fields={**fields, "text": "abc"})
    document = (
        "query($f: PerformerFilterType) { it: findPerformers(performer_filter: $f) { performers { id } } }"
    )
    criterion = {"field": "text", "value": ["^x"], "modifier": "MATCHES_REGEX"}
    name = {"value": word, "modifier": "INCLUDES"}
    reply = await server.query(document, {"f": {"name": name, "custom_fields": [criterion]}})
    if "errors" in reply:  # the plan of the query depends on what else is there
        assert "argument must be BLOB or TEXT" in reply["errors"][0]["message"]
    else:
        assert reply["data"]["it"]["performers"] == [{"id": performer}]
