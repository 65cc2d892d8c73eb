"""The performers, studios and tags of a run, with what was decided of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stash_graphql_client.types import Performer, Studio, Tag

    from stash.mapping.keys import SourceKey
    from stash.reconcile.merge_result import MergeResult
    from stash.store.entity_types import Entity


@dataclass
class EntityCache:
    """Entities that stay in memory for the run.

    Args:
        performers: by key.
        studios: by account id.
        tags: by name, None for one that was deleted in Stash.
        results: what was decided of each.
        avatar_sent: whether an avatar waits to be flushed, so that every chunk is decided.
        newest_gallery_id: up to this id all galleries stood when those of a chunk were looked up last.
    """

    performers: dict[SourceKey, Performer] = field(default_factory=dict)
    studios: dict[int, Studio] = field(default_factory=dict)
    tags: dict[str, Tag | None] = field(default_factory=dict)
    results: dict[Entity, MergeResult] = field(default_factory=dict)
    avatar_sent: bool = False
    newest_gallery_id: int = 0
