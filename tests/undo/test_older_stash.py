"""Stash v0.30.0, whose galleryCreate takes `organized` and does nothing with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stash.embedded import galleries

if TYPE_CHECKING:
    from tests.undo.conftest import Circle


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the embedded Stash make galleries as v0.30.0 does."""
    make = galleries.create
    monkeypatch.setattr(
        galleries, "create", lambda context, noun, given: make(context, noun, {**given, "organized": False})
    )


@pytest.mark.usefixtures("forgetful")
async def test_galleries_are_organized_and_taken_back(circle: Circle) -> None:
    """New galleries are marked organized by a list update, nothing is kept for anybody, and undo takes all of them."""
    first = await circle.sync()
    made = [one for one in await circle.operations(first.header.run) if one.type == "Gallery"]
    later = [one for one in made if one.action == "update"]
    assert [dict(one.after) for one in later] == [{"organized": True}] * first.entities["galleries"].created
    second = await circle.sync()
    assert second.header.requests["mutations"] == 0
    assert not second.kept
    report = await circle.undo()
    assert not report.skipped
    assert await circle.differences(circle.before) == []


async def test_no_update_follows_where_stash_takes_it(circle: Circle) -> None:
    """A Stash that makes organized galleries gets no update of a gallery that it has just made."""
    operations: list[Any] = await circle.operations((await circle.sync()).header.run)
    assert not [one for one in operations if one.type == "Gallery" and one.action == "update"]
