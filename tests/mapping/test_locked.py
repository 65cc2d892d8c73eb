"""Items that were not bought: called locked where nothing of them lies on disk, and there alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stash.next_steps import step_for

if TYPE_CHECKING:
    from tests.mapping.conftest import Case

LOCKED, NOT_THERE = "its media are locked", "none of its media is in Stash"


@pytest.mark.parametrize("is_dry", [True, False], ids=["plan", "sync"])
@pytest.mark.parametrize("is_scanned", [True, False], ids=["scanned", "new"])
@pytest.mark.parametrize(
    ("on_disk", "planned", "done"),
    [
        ((), LOCKED, LOCKED),
        (("preview.jpeg",), NOT_THERE, None),
        (("preview.mp4",), NOT_THERE, None),
        (("preview.None",), LOCKED, LOCKED),
        (("preview.mp3",), LOCKED, LOCKED),
        (("preview.None", "preview.jpeg"), NOT_THERE, None),
    ],
    ids=str,
)
async def test_what_lies_on_disk_is_not_called_locked(
    case: Case, on_disk: tuple[str, ...], planned: str, done: str | None, *, is_scanned: bool, is_dry: bool
) -> None:
    """A preview that lies on disk is what a sync brings, so no plan says that it cannot be downloaded."""
    anna = case.rows.account(username="anna")
    case.picture(anna)
    offered = []
    for name in on_disk or ("nothing",):
        media = case.rows.media(anna, local_filename=None, is_downloaded=False)
        preview = case.rows.media(
            anna, local_filename=None, mimetype="video/mp4" if "mp4" in name else "image/jpeg"
        )
        if name != "nothing":
            preview.local_filename = f"2025-01-01_at_12-00_UTC_preview_id_{preview.id}.{name.split('.')[1]}"
            case.file(anna, preview, "Timeline/Pictures")
        offered.append(case.rows.offered(media, preview, access=False))
    post = case.rows.post(anna, *offered)
    await case.save()
    if is_scanned:
        await case.scan()
    report = await case.sync(dry_run=is_dry)
    expected = planned if is_dry and not is_scanned else done
    told = [one.reason for one in report.skipped if one.id == str(post.id)]
    assert told == ([] if expected is None else [expected])


async def test_the_next_step_of_what_is_not_scanned(case: Case) -> None:
    """The next step of a preview on disk is a sync, that of what was not bought is none."""
    anna = case.rows.account(username="anna")
    preview = case.picture(anna)
    media = case.rows.media(anna, local_filename=None, is_downloaded=False)
    case.rows.post(anna, case.rows.offered(media, preview, access=False))
    await case.save()
    [left] = (await case.sync(dry_run=True)).skipped
    assert step_for(left.reason, "stash-sync sync", is_plan=True)[0].startswith("Sync")
    assert step_for(LOCKED, "stash-sync sync")[0].startswith("Nothing to do")
