"""Helpers of `test_lookup_filters.py`, `test_identity.py`, `test_pending_changes.py`, `test_relation_helpers.py`, `test_refused_entities.py`, `test_guide_patterns.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag

if TYPE_CHECKING:
    from stash.store import StashStore


def _fresh(store: StashStore):
    """Forget everything that is known, as a new process would."""

    class Forgetting:
        async def __aenter__(self) -> None:
            for kind in (Scene, Image, Gallery, Performer, Studio, Tag):
                for entity in store.all_cached(kind):
                    store.registry.forget(entity)

        async def __aexit__(self, *_: object) -> None:
            pass

    return Forgetting()
