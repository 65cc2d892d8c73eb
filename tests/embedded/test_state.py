"""The state file: what survives, and what a second process finds."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest

from stash.embedded import EmbeddedStash
from stash.errors import StateError
from tests.contract.media import jpeg

from .conftest import ask, pictures

_WRITER = """
import asyncio, os, signal, sys
from pathlib import Path
import httpx
from stash.embedded import EmbeddedStash

async def main():
    stash = EmbeddedStash([], state=Path(sys.argv[1]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(stash.app), base_url="http://embedded") as http:
        for name in ("first", "second"):
            document = f'mutation {{ tagCreate(input: {{name: "{name}"}}) {{ id }} }}'
            await http.post("/graphql", json={"query": document})
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_b15_committed_writes_survive_a_kill(tmp_path):
    """B15: what was answered is there after kill -9 of the process, and a second one finds it."""
    state = tmp_path / "stash.sqlite"
    command = [sys.executable, "-c", _WRITER, str(state)]
    done = await asyncio.to_thread(subprocess.run, command, check=False, capture_output=True, env=os.environ)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with EmbeddedStash([], state=state) as stash:
        found = await ask(stash, "{ findTags { tags { name } } }")
    assert [tag["name"] for tag in found["data"]["findTags"]["tags"]] == ["first", "second"]


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be taken for one" * 20, None])
def test_another_file_is_left_alone(tmp_path, content):
    """A file that is no database, or another program's, is refused in one sentence and left as it is."""
    state = tmp_path / "other.sqlite"
    if content is None:
        with closing(sqlite3.connect(state)) as other:
            other.execute("CREATE TABLE theirs (id)")
    else:
        state.write_bytes(content)
    before = state.read_bytes()
    with pytest.raises(StateError, match=r"other\.sqlite"):
        EmbeddedStash([], state=state)
    assert state.read_bytes() == before


def test_a_missing_folder_is_an_error(tmp_path):
    """A state file in a folder that does not exist cannot be opened."""
    with pytest.raises(StateError, match="unable to open"):
        EmbeddedStash([], state=tmp_path / "missing" / "stash.sqlite")


async def test_two_at_once_see_each_other(tmp_path):
    """Two of them on one file see what the other one committed, and give out different ids."""
    state = tmp_path / "stash.sqlite"
    with EmbeddedStash([], state=state) as one, EmbeddedStash([], state=state) as other:
        ids = []
        for number, stash in enumerate((one, other, one)):
            made = await ask(stash, f'mutation {{ tagCreate(input: {{name: "t{number}"}}) {{ id }} }}')
            ids.append(made["data"]["tagCreate"]["id"])
        assert ids == ["1", "2", "3"]
        assert (await ask(other, "{ findTags { count } }"))["data"]["findTags"]["count"] == 3


async def test_ids_are_never_given_twice(stash):
    """The id of something destroyed is not given to something new."""
    for expected in ("1", "2"):
        made = await ask(stash, 'mutation { tagCreate(input: {name: "t"}) { id } }')
        assert made["data"]["tagCreate"]["id"] == expected
        await ask(stash, f"mutation {{ tagDestroy(input: {{id: {expected}}}) }}")


async def test_c5_job_ids_begin_again(tmp_path, library):
    """C5: job ids start at 1 with each process."""
    for _ in range(2):
        with EmbeddedStash([library], state=tmp_path / "stash.sqlite") as stash:
            started = await ask(stash, "mutation { metadataScan(input: {}) }")
            assert started["data"]["metadataScan"] == "1"
            await stash.jobs.idle()


async def test_a33_times_keep_the_zone_of_the_clock(library):
    """A33, A32: times are kept to the second, in the zone that the server's clock carries."""
    new_york = timezone(timedelta(hours=-5))
    moment = datetime(2026, 11, 23, 3, 6, 6, 999_999, tzinfo=new_york)
    with EmbeddedStash([library], clock=lambda: moment) as stash:
        shown = await ask(stash, 'mutation { tagCreate(input: {name: "t"}) { created_at } }')
        assert shown["data"]["tagCreate"]["created_at"] == "2026-11-23T03:06:06-05:00"
        (library / "a.jpg").write_bytes(jpeg())
        os.utime(library / "a.jpg", (1_800_000_000, 1_800_000_000))
        await pictures(stash, 0)
        shown = await ask(stash, "{ findFiles { files { mod_time } } }")
        expected = datetime.fromtimestamp(1_800_000_000, UTC).astimezone(new_york).isoformat()
        assert shown["data"]["findFiles"]["files"] == [{"mod_time": expected}]


async def test_closing_stops_a_scan(library):
    """Closing in the middle of a scan leaves no work behind; closing again does no harm."""
    for number in range(40):
        (library / f"{number}.jpg").write_bytes(jpeg())
    stash = EmbeddedStash([library])
    await ask(stash, "mutation { metadataScan(input: {}) }")
    stash.close()
    stash.close()
    await asyncio.sleep(0)


async def test_a_failing_job_says_why(stash):
    """A job whose work raises is FAILED, with the text of the error, and the next one runs."""

    async def fail(_job):
        raise OSError("disk gone")

    failed = stash.jobs.add("Failing...", fail)
    await ask(stash, "mutation { metadataScan(input: {}) }")
    await stash.jobs.idle()
    shown = await ask(
        stash,
        f"{{ a: findJob(input: {{id: {failed}}}) {{ status error }} b: findJob(input: {{id: 2}}) {{ status }} }}",
    )
    assert shown["data"] == {"a": {"status": "FAILED", "error": "disk gone"}, "b": {"status": "FINISHED"}}


async def test_stopping_all_jobs(stash, library):
    """C6: all jobs, running or waiting, can be cancelled at once; images already read stay."""
    for number in range(100):
        (library / f"{number}.jpg").write_bytes(jpeg())
    for _ in range(2):
        await ask(stash, "mutation { metadataScan(input: {}) }")
    with stash.jobs.listen() as updates:
        while (await updates.get())["job"]["progress"] in (None, 0):
            pass  # until the first files are read
    assert (await ask(stash, "{ jobQueue { id status subTasks progress } }"))["data"]["jobQueue"][1] == {
        "id": "2", "status": "READY", "subTasks": None, "progress": None,
    }  # fmt: skip
    assert (await ask(stash, "mutation { stopAllJobs }"))["data"] == {"stopAllJobs": True}
    await stash.jobs.idle()
    shown = await ask(
        stash, "{ a: findJob(input: {id: 1}) { status } b: findJob(input: {id: 2}) { status } }"
    )
    assert shown["data"] == {"a": {"status": "CANCELLED"}, "b": {"status": "CANCELLED"}}
    assert 0 < (await ask(stash, "{ findImages { count } }"))["data"]["findImages"]["count"] < 100


async def test_cleaning_folders_and_dry_run(stash, library):
    """C16: a dry clean changes nothing; a real one takes files and folders that are gone."""
    (library / "sub").mkdir()
    (library / "sub" / "a.jpg").write_bytes(jpeg())
    assert len(await pictures(stash, 0)) == 1
    (library / "sub" / "a.jpg").unlink()
    (library / "sub").rmdir()
    counts = "{ findImages { count } findFolders { count } }"
    for dry, images, folders in (("true", 1, 2), ("false", 0, 1)):
        await ask(stash, f"mutation {{ metadataClean(input: {{dryRun: {dry}}}) }}")
        await stash.jobs.idle()
        assert (await ask(stash, counts))["data"] == {
            "findImages": {"count": images},
            "findFolders": {"count": folders},
        }
