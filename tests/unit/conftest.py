"""Fixtures of unit tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import respx

from tests.unit.answering import URL

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stash() -> Iterator[respx.MockRouter]:
    """A Stash that answers what a test says. Nothing else is reachable."""
    with respx.mock(base_url=URL, assert_all_called=False) as router:
        yield router
