"""When a part of a creator needs no decision, and when it does although nothing changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from stash.errors import ItemError
from stash.processing.mixins.gallery import GalleryProcessingMixin

if TYPE_CHECKING:
    from stash.report import Report
    from tests.end_to_end.conftest import Setup


def settled(setup: Setup) -> list[bool]:
    """Tell of each stored part whether it needs no decision while nothing changes."""
    with closing(sqlite3.connect(setup.database)) as connection:
        return [bool(source) for (source,) in connection.execute("SELECT source FROM sync_part")]


async def test_a_clean_run_settles_every_part(small: Setup) -> None:
    """After a run in which nothing failed, each part is recognised by its digest."""
    await small.sync()
    assert settled(small)
    assert all(settled(small))


@pytest.mark.parametrize("failing", [1, 5])
async def test_a_failed_item_leaves_its_part_open(
    small: Setup, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """A part with a failed item is decided again by each run, which exits 3 until the item is done."""
    process, calls = GalleryProcessingMixin._process_item_gallery, []

    async def fail(self: Any, item: Any, *arguments: Any, **options: Any) -> Any:
        calls.append(item)
        if len({one.id for one in calls}) == failing:
            raise ItemError("it is not to be done")
        return await process(self, item, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(GalleryProcessingMixin, "_process_item_gallery", fail)
        for _ in range(2):
            calls.clear()
            report: Report = await small.sync()
            assert report.exit_code == 3
            assert not all(settled(small))
    assert (await small.sync()).exit_code == 0
    assert all(settled(small))


async def test_an_overwriting_run_leaves_its_parts_open(small: Setup) -> None:
    """After --overwrite each part is decided again, so that a later edit is seen, and then settled."""
    await small.sync(overwrite=frozenset({"title"}))
    assert not any(settled(small))
    assert (await small.sync()).header.requests["mutations"] == 0
    assert all(settled(small))
