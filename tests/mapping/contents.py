"""Helpers of `test_contents.py`, `test_aggregated.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery

if TYPE_CHECKING:
    from tests.mapping.conftest import Case


async def galleries(case: Case) -> dict[str, Gallery]:
    """Every gallery by its code."""
    async with case.stash() as store:
        return {str(one.code): one for one in await store.find(Gallery)}
