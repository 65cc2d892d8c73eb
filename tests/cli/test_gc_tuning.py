"""The interpreter's settings belong to the process: a command tunes its own, and puts them back without a cost."""

from __future__ import annotations

import gc
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from stash import StashProcessing
from stash.cli.gc_tuning import ALLOCATIONS, SWITCH_SECONDS, tuned
from stash.processing.creator_sync import CreatorSync
from tests.cli.conftest import payloads

if TYPE_CHECKING:
    import pytest


def test_the_settings_are_put_back() -> None:
    """Afterwards Python looks for garbage as before, and lets threads take turns as before."""
    before = gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()
    with tuned():
        assert gc.get_threshold() != before[0]
        assert sys.getswitchinterval() < before[1]
    assert (gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()) == before


def test_a_command_tunes_its_own(run, world: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    """`stash-sync run` syncs with rare collections, short thread switches and frozen objects, and puts all back."""
    seen: list[tuple[int, float, int]] = []
    sync_creator: Any = CreatorSync.sync

    async def watched(self: CreatorSync, *arguments: Any) -> None:
        seen.append((gc.get_threshold()[0], sys.getswitchinterval(), gc.get_freeze_count()))
        await sync_creator(self, *arguments)

    monkeypatch.setattr(CreatorSync, "sync", watched)
    before = gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()
    assert run("run", *world, "--payloads", payloads(world), "--quiet").code == 0
    assert (gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()) == before
    assert seen
    for allocations, seconds, frozen in seen:
        assert (allocations, round(seconds, 6)) == (ALLOCATIONS, SWITCH_SECONDS)
        assert frozen > before[2]


def test_what_the_survey_loaded_is_frozen(run, world: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects loaded before the first creator are in no later collection."""
    surveyed: list[int] = []
    synced: list[int] = []
    prepare, sync_all = StashProcessing.prepare, StashProcessing.sync_all

    async def prepared(self: StashProcessing, *arguments: Any) -> Any:
        found = await prepare(self, *arguments)
        surveyed.append(gc.get_freeze_count())
        return found

    async def syncing(self: StashProcessing, *arguments: Any) -> None:
        synced.append(gc.get_freeze_count())
        await sync_all(self, *arguments)

    monkeypatch.setattr(StashProcessing, "prepare", prepared)
    monkeypatch.setattr(StashProcessing, "sync_all", syncing)
    assert run("run", *world, "--payloads", payloads(world), "--quiet").code == 0
    assert len(synced) == 1
    assert synced[0] > surveyed[0]


def test_no_garbage_is_looked_for_at_the_end() -> None:
    """What a sync made is not looked through in the moment in which the settings are put back."""
    kept: list[list[int]] = []
    collections: list[object] = []
    with tuned():
        kept += [[] for _ in range(10_000)]
        gc.callbacks.append(lambda phase, _: collections.append(phase))
    kept.append([])
    gc.callbacks.pop()
    assert not collections


def test_nothing_listens_to_every_call_of_id() -> None:
    """No library that a sync imports has an audit hook: one makes `id`, which is called by the hundred a media, eight times as slow."""
    script = """
import sys
hooks = []
sys.addaudithook(lambda event, args: hooks.append(args) if event == "sys.addaudithook" else None)
import stash.sync, stash.lock, stash.cli.entry
print(len(hooks))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
