"""R16: scan jobs that fail, are cancelled, vanish or never end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from stash.embedded import Reply
from tests.faults.dials import Fault, Faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stash.embedded.service import Call
    from tests.faults.rig import Dumped, Rig, Template


def tells(rig: Rig, *, job: dict[str, Any] | None, does_scan: bool) -> None:
    """Have the server say this of every job, and scan or not."""

    async def around(call: Call, proceed: Callable[[], Any]) -> Any:
        if call.fields == ("metadataScan",) and not does_scan:
            return Reply({"metadataScan": "1"})
        if call.fields == ("findJob",):
            if does_scan:
                await rig.stash.jobs.idle()
            return Reply({"findJob": job})
        return await proceed()

    rig.stash.middleware.append(around)


def job(status: str) -> dict[str, Any]:
    """A job in that state."""
    return {"status": status, "progress": None, "error": "ffmpeg is missing" if status == "FAILED" else None}


ENDS = pytest.mark.parametrize(
    "said", [job("FAILED"), job("CANCELLED"), None], ids=["failed", "cancelled", "vanished"]
)


@ENDS
async def test_r16_a_scan_that_did_nothing(
    tiny_template: Template, tmp_path: Path, said: dict[str, Any] | None
) -> None:
    """A job that failed, was cancelled or is gone, with no file scanned: the files are named, and it ends with 3."""
    rig = tiny_template.copy(tmp_path / "tiny")
    with rig.stash:
        tells(rig, job=said, does_scan=False)
        outcome = await rig.run()
        assert outcome.exit_code == 3, outcome
        assert outcome.report is not None
        assert [one for one in outcome.report.unmatched if one.is_failure and "does not know" in one.reason]
        rig.stash.middleware.pop()
        assert (await rig.run()).exit_code == 0
        assert tiny_template.clean.differences(await rig.dumped()) == ""


@ENDS
async def test_r16_a_scan_that_did_nothing_for_many(
    rig: Rig, clean: Dumped, said: dict[str, Any] | None
) -> None:
    """Likewise, with twenty files or more: it ends with 7 before the first write."""
    tells(rig, job=said, does_scan=False)
    outcome = await rig.run()
    assert outcome.exit_code == 7, outcome
    assert rig.mutations == 0
    rig.stash.middleware.pop()
    assert (await rig.run()).exit_code == 0
    assert clean.differences(await rig.dumped()) == ""


@ENDS
async def test_r16_rows_decide(rig: Rig, clean: Dumped, said: dict[str, Any] | None) -> None:
    """Where the files are there after all, it does not matter what the job says."""
    tells(rig, job=said, does_scan=True)
    assert (await rig.run()).exit_code == 0
    assert clean.differences(await rig.dumped()) == ""


async def test_r16_a_scan_that_ended_with_stash(rig: Rig, clean: Dumped) -> None:
    """Stash was restarted while it scanned: nobody knows of the job, so the scan is asked for again."""
    lost = {"metadataScan": Reply({"metadataScan": "1"}), "findJob": Reply({"findJob": None})}

    async def around(call: Call, proceed: Callable[[], Any]) -> Any:
        return lost.pop(call.fields[0], None) or await proceed()

    rig.stash.middleware.append(around)
    assert (await rig.run()).exit_code == 0
    assert not lost
    assert rig.asked_for("metadataScan") == 2
    assert clean.differences(await rig.dumped()) == ""


async def test_r16_another_job_of_the_same_number(rig: Rig, clean: Dumped) -> None:
    """Stash was restarted while it scanned, and has a job of that number again: it is told by its time from the scan."""
    said = [
        Reply({"findJob": job("RUNNING") | {"addTime": "2025-01-01T12:00:00Z"}}),
        Reply({"findJob": job("FINISHED") | {"addTime": "2025-01-01T12:30:00Z"}}),
    ]
    lost = [Reply({"metadataScan": "1"})]

    async def around(call: Call, proceed: Callable[[], Any]) -> Any:
        replies = {("metadataScan",): lost, ("findJob",): said}.get(call.fields)
        return replies.pop(0) if replies else await proceed()

    rig.stash.middleware.append(around)
    assert (await rig.run()).exit_code == 0
    assert not said
    assert rig.asked_for("metadataScan") == 2
    assert clean.differences(await rig.dumped()) == ""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", ["502", "reset", "null", "html"])
async def test_r16_a_scan_whose_reply_is_lost(rig: Rig, clean: Dumped, kind: str, moment: str) -> None:
    """Whether Stash has heard of it or not, it is asked for again, and the run ends as without."""
    dial = Faults([Fault(1, kind, moment, lambda document: "metadataScan" in document)])
    assert (await rig.run(dial)).exit_code == 0
    assert dial.met
    assert clean.differences(await rig.dumped()) == ""


async def test_r16_a_scan_that_is_never_answered(rig: Rig) -> None:
    """It is asked for until the patience is at its end, and then the run ends with 5."""
    lost = [
        Fault(number, "reset", "before", lambda document: "metadataScan" in document)
        for number in range(1, 99)
    ]
    began = time.monotonic()
    outcome = await rig.run(Faults(lost), patience=0.5)
    assert outcome.exit_code == 5, outcome
    assert time.monotonic() - began < 5.5
    assert rig.mutations == 0


@pytest.mark.parametrize("which", ["its own", "another"])
async def test_r16_a_job_that_never_ends(rig: Rig, clean: Dumped, which: str) -> None:
    """The run's own scan, or another job before it, that never ends: the run ends at its deadline, with 5."""
    if which == "its own":
        tells(rig, job=job("RUNNING"), does_scan=False)
    else:

        async def around(call: Call, proceed: Callable[[], Any]) -> Any:
            if call.fields == ("jobQueue",):
                return Reply({"jobQueue": [{"id": "7", "status": "RUNNING"}]})
            return await proceed()

        rig.stash.middleware.append(around)
    began = time.monotonic()
    outcome = await rig.run(patience=0.5)
    assert outcome.exit_code == 5, outcome
    assert time.monotonic() - began < 5.5
    assert rig.mutations == 0
    rig.stash.middleware.pop()
    assert (await rig.run()).exit_code == 0
    assert clean.differences(await rig.dumped()) == ""


async def test_r16_a_scan_that_goes_on_is_waited_for(rig: Rig, clean: Dumped) -> None:
    """A scan that takes longer than the patience of a run, and moves on all the while, is waited for to its end."""
    told = 0

    async def around(call: Call, proceed: Callable[[], Any]) -> Any:
        nonlocal told
        if call.fields == ("findJob",):
            await rig.stash.jobs.idle()
            told += 1
            return Reply(
                {"findJob": {"status": "RUNNING" if told < 10 else "FINISHED", "progress": told / 10}}
            )
        return await proceed()

    rig.stash.middleware.append(around)
    outcome = await rig.run(patience=2.0)
    assert outcome.exit_code == 0, outcome
    assert clean.differences(await rig.dumped()) == ""
