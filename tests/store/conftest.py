"""Fixtures of the tests of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Server


@pytest.fixture
def name(server: Server) -> str:
    """A name that nothing else has."""
    return server.prefix
