"""Memory stays flat: a part of a creator leaves nothing behind for the next."""

from __future__ import annotations

import gc
from functools import partialmethod
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery

from stash.cli.gc_tuning import tuned
from stash.processing.item_processing import ItemProcessing
from stash.source.reader import Reader

if TYPE_CHECKING:
    import pytest

    from stash.reconcile.chunk import Chunk
    from tests.end_to_end.conftest import Setup

ITEMS = 4


async def test_a_part_is_freed_before_the_next_is_decided(
    demo: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many parts there are, no gallery of an earlier one is in memory when the next is looked up."""
    left: list[int] = []
    find_files: Any = ItemProcessing.find_files

    async def counted(self: ItemProcessing, chunk: Chunk) -> Any:
        left.append(sum(isinstance(one, Gallery) for one in gc.get_objects()))
        return await find_files(self, chunk)

    monkeypatch.setattr(ItemProcessing, "find_files", counted)
    monkeypatch.setattr(Reader, "pages", partialmethod(Reader.pages, size=ITEMS))
    gc.collect()  # earlier tests left galleries behind
    assert (await demo.sync()).exit_code == 0
    assert len(left) > 4
    assert max(left) == 0


async def test_a_sync_looks_for_garbage_between_parts_alone(demo: Setup) -> None:
    """A command's sync has no automatic collection from its first file to its report: that would cost a twentieth of an unchanged run."""
    looked: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            looked.append(info["generation"])

    gc.collect()
    gc.callbacks.append(note)
    try:
        with tuned():
            assert (await demo.sync()).exit_code == 0
    finally:
        gc.callbacks.remove(note)
    assert set(looked) <= {2}  # the oldest, as a part's end asks for
