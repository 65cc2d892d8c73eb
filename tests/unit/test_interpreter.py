"""Python's own settings are those of a sync only while one runs, and cost nothing at its end."""

from __future__ import annotations

import gc
import subprocess
import sys

from stash.interpreter import tuned


def test_the_settings_are_put_back() -> None:
    """Afterwards Python looks for garbage as before, and lets threads take turns as before."""
    before = gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()
    with tuned():
        assert gc.get_threshold() != before[0]
        assert sys.getswitchinterval() < before[1]
    assert (gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()) == before


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
