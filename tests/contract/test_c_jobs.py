"""Facts C2 to C12: jobs, and what a scan is asked for."""

from __future__ import annotations

import os

from .media import jpeg, mp4, unique

_FILES = "visual_files { ... on ImageFile { path } }"


async def test_c2_a_job_ends_finished(server):
    """C2, C3: a scan is a job that ends FINISHED without an error, and then its rows are there."""
    folder = server.folder()
    (folder / "a.jpg").write_bytes(jpeg())
    (folder / "a.mp4").write_bytes(mp4())
    job = await server.scan(folder)
    assert (job["status"], job["error"]) == ("FINISHED", None)
    assert len(await server.images(folder)) == 1
    assert len(await server.scenes(folder)) == 1


async def test_c4_find_job(server):
    """C4: the last ten finished jobs are kept; an unknown id is null; a word is an error; an idle queue is null."""
    folder = server.folder()
    jobs = [await server.scan(folder) for _ in range(11)]
    document = "query($id: ID!) { findJob(input: {id: $id}) { id } }"
    found = [(await server.data(document, {"id": job["id"]}))["findJob"] for job in jobs]
    assert found == [None, *({"id": job["id"]} for job in jobs[1:])]
    assert (await server.data(document, {"id": "99999999"}))["findJob"] is None
    assert "invalid syntax" in await server.refusal(document, {"id": "abc"})
    assert (await server.data("{ jobQueue { id } }"))["jobQueue"] is None


async def test_c6_stop_job(server):
    """C6: stopJob answers true, for an unknown job as well; what waits is cancelled."""
    document = "mutation($id: ID!) { stopJob(job_id: $id) }"
    assert await server.data(document, {"id": "99999999"}) == {"stopJob": True}
    folder = server.folder()
    for number in range(60):
        (folder / f"{number}.jpg").write_bytes(jpeg())
    scan = "mutation($p: [String!]) { metadataScan(input: {paths: $p}) }"
    running = (await server.data(scan, {"p": [str(folder)]}))["metadataScan"]
    waiting = (await server.data(scan, {"p": [str(folder)]}))["metadataScan"]
    assert await server.data(document, {"id": waiting}) == {"stopJob": True}
    assert (await server.job(waiting))["status"] == "CANCELLED"
    await server.data(document, {"id": running})
    assert (await server.job(running))["status"] in ("CANCELLED", "FINISHED")
    await server.images(folder)


async def test_c7_paths_outside_the_library(server, tmp_path):
    """C7: a path outside the library, a missing one and a relative one: FINISHED, no error, nothing scanned."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.jpg").write_bytes(jpeg())
    for path in (outside, server.library / unique(), "relative"):
        job = await server.scan(path)
        assert (job["status"], job["error"]) == ("FINISHED", None)
    assert await server.images(outside) == []


async def test_c8_c10_folders(server):
    """C8, C10: folders with spaces, and folders whose parents were never scanned, can be scanned."""
    folder = server.folder() / "with some spaces" / "below"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(jpeg())
    (folder.parent / "b.jpg").write_bytes(jpeg())
    await server.scan(folder)
    images = await server.images(folder.parent, _FILES)
    assert [image["visual_files"][0]["path"] for image in images] == [str(folder / "a.jpg")]


async def test_c9_a_file_needs_a_known_folder(server):
    """C9: a file can be scanned by its path once its folder is known; before, the job ends FINISHED with no row."""
    folder = server.folder()
    (folder / "a.jpg").write_bytes(jpeg())
    job = await server.scan(folder / "a.jpg")
    assert (job["status"], job["error"]) == ("FINISHED", None)
    assert await server.images(folder) == []
    await server.scan(folder)
    (folder / "b.jpg").write_bytes(jpeg())
    (folder / "c.jpg").write_bytes(jpeg())
    await server.scan(folder / "b.jpg")
    assert len(await server.images(folder)) == 2


async def test_c12_oldest_file(server):
    """C12: filter.minModTime leaves out files that are older."""
    folder = server.folder()
    for name, time in (("old.jpg", 1_000_000_000), ("new.jpg", 1_700_000_000)):
        (folder / name).write_bytes(jpeg())
        os.utime(folder / name, (time, time))
    await server.scan(folder, filter={"minModTime": "2020-01-01T00:00:00Z"})
    images = await server.images(folder, _FILES)
    assert [image["visual_files"][0]["path"] for image in images] == [str(folder / "new.jpg")]
