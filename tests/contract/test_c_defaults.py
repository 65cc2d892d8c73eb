"""Facts C21 to C23: the defaults of scans that a user saves in Stash."""

from __future__ import annotations

import pytest

_FLAGS = (
    "scanGenerateCovers", "scanGeneratePreviews", "scanGenerateImagePreviews", "scanGenerateSprites",
    "scanGeneratePhashes", "scanGenerateThumbnails", "scanGenerateClipPreviews",
)  # fmt: skip
_SCAN = f"scan {{ rescan {' '.join(_FLAGS)} }}"
_SHOW = f"{{ configuration {{ defaults {{ {_SCAN} deleteFile }} ui }} }}"
_SAVE = f"mutation($i: ConfigDefaultSettingsInput!) {{ configureDefaults(input: $i) {{ {_SCAN} }} }}"
_SAVE_UI = "mutation($input: Map, $partial: Map) { configureUI(input: $input, partial: $partial) }"


@pytest.fixture
async def saved(server):
    """The configuration before the test; it is put back afterwards, as far as Stash can forget a default."""
    before = (await server.data(_SHOW))["configuration"]
    yield before
    scan = before["defaults"]["scan"] or dict.fromkeys(_FLAGS, False)
    await server.data(_SAVE, {"i": {"scan": scan}})
    await server.data(_SAVE_UI, {"input": before["ui"]})


@pytest.mark.usefixtures("saved")
async def test_c21_defaults_of_scans(server):
    """C21: saved defaults are shown whole, with false for what was not named; others are left as they were."""
    given = {"scanGenerateCovers": True, "scanGeneratePhashes": True, "rescan": True}
    expected = dict.fromkeys(_FLAGS, False) | given
    assert (await server.data(_SAVE, {"i": {"scan": given}}))["configureDefaults"]["scan"] == expected
    await server.data(_SAVE, {"i": {"deleteFile": False}})
    assert (await server.data(_SHOW))["configuration"]["defaults"] == {"scan": expected, "deleteFile": False}
    await server.data(_SAVE, {"i": {"scan": {"scanGenerateSprites": True}}})
    shown = (await server.data(_SHOW))["configuration"]["defaults"]["scan"]
    assert {name for name, value in shown.items() if value} == {"scanGenerateSprites"}


async def test_c22_choices_of_the_page_of_tasks(server, saved):
    """C22: the web page keeps its choices of tasks in `ui`, as they are; a part of them is merged in."""
    scan = {"scanGenerateCovers": True, "scanGenerateImagePreviews": False}
    await server.data(_SAVE_UI, {"partial": {"taskDefaults": {"scan": scan}}})
    await server.data(_SAVE_UI, {"partial": {"taskDefaults": {"other": {"a": 1}}}})
    shown = (await server.data(_SHOW))["configuration"]["ui"]
    assert shown["taskDefaults"]["scan"] == scan
    assert shown["taskDefaults"]["other"] == {"a": 1}
    assert shown.keys() >= saved["ui"].keys()


async def test_c23_every_option_of_a_scan(server):
    """C23: a scan takes every option that can be saved, and ends like one without."""
    folder = server.folder()
    for options in ({}, dict.fromkeys(_FLAGS, True)):
        job = await server.scan(folder, **options)
        assert (job["status"], job["error"]) == ("FINISHED", None)
