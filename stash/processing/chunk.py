"""All state of one chunk. It is dropped with the chunk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from stash.changes.change_set import new_links
from stash.mapping.desired import ItemLinks
from stash.store import Flushed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash_graphql_client.types import Gallery, Image, Scene

    from stash.processing.baselines import ChunkBaselines
    from stash.reconcile.chunk import Chunk
    from stash.reconcile.merge_result import MergeResult
    from stash.report import Report, Skipped
    from stash.source.items import Item, ItemKind
    from stash.store.entity_types import Entity


class GalleryContents(NamedTuple):
    """The links and files of an item for its gallery. `files` are its matched media, in the source's order."""

    links: ItemLinks = ItemLinks()
    files: dict[int, Scene | Image] = {}  # noqa: RUF012 - never changed


class ItemGallery(NamedTuple):
    """The gallery of an item, and what the item brings to it."""

    item: Item
    gallery: Gallery
    contents: GalleryContents


class IdWriteback(NamedTuple):
    """A row of the downloader that is to carry the id of an entity in `stash_id`."""

    table: str
    row: int
    entity: Entity


@dataclass
class FlushBatch:
    """Merge results that are flushed together, and the rows that are to carry their ids.

    `results` has each entity once, and once more each further result of the same entity: one entity may be several
    at the source.
    """

    results: dict[Entity | MergeResult, MergeResult] = field(default_factory=dict)
    id_writebacks: list[IdWriteback] = field(default_factory=list)

    def add(self, result: MergeResult) -> None:
        """Add a result, in place of an earlier one of the same entity and key."""
        before = self.results.get(result.entity)
        if before is not None and before.key != result.key:
            self.results[before] = before
        self.results[result.entity] = result

    def entities(self) -> list[Entity]:
        """The entities, and the files that joined or left their galleries."""
        found: dict[Entity, None] = {}
        for result in self.results.values():
            found[result.entity] = None
            for name in ("images", "scenes"):
                if name in result.sets:
                    found |= dict.fromkeys(result.sets[name][1].values())
        return list(found)


@dataclass
class FlushTally:
    """The counts of a chunk's flushes. The changes themselves are not kept, because they are many."""

    created: dict[Entity, None] = field(default_factory=dict)
    changed: set[Entity] = field(default_factory=set)
    links_added: int = 0
    refused: Flushed = field(default_factory=Flushed)

    def add(self, flushed: Flushed) -> None:
        """Count what one flush did."""
        self.created |= dict.fromkeys(one.entity for one in flushed.applied if one.action == "create")
        self.changed.update(change.entity for change in flushed.applied)
        self.links_added += sum(
            new_links(c, name, c.after[name]) for c in flushed.applied for name in c.after
        )
        self.refused.add(Flushed(failed=flushed.failed, ignored=flushed.ignored))


class ReportMark(NamedTuple):
    """The length of a report when a chunk began."""

    skipped: int
    unattached: int

    @classmethod
    def of(cls, report: Report) -> ReportMark:
        """Mark the present length of a report."""
        return cls(len(report.skipped), report.unattached)

    def skipped_since(self, report: Report) -> Sequence[Skipped]:
        """Return the entries that were skipped since the mark."""
        return report.skipped[self.skipped :]


@dataclass
class ChunkWork:
    """All that is decided for one chunk.

    Between two chunks a run has one without a chunk, for what is decided of a creator alone.

    Args:
        chunk: the items and their files.
        baselines: what earlier runs left.
        mark: how much the report held at the beginning.
        results: the merge result of each entity, those of the run first.
        flushed: what was written.
        galleries: the galleries of the items, in their order.
        item_links: the studio, performers and tags of each item, by its kind and id.
        items_by_media: the items that hold each media, by its id.
        default_covers: by gallery id, the cover that Stash shows where nobody chose one.
        image_orders: by gallery id, the images in the order that Stash shows.
    """

    chunk: Chunk | None
    baselines: ChunkBaselines
    mark: ReportMark
    results: dict[Entity, MergeResult]
    flushed: FlushTally = field(default_factory=FlushTally)
    galleries: list[ItemGallery] = field(default_factory=list)
    item_links: dict[tuple[ItemKind, int], ItemLinks] = field(default_factory=dict)
    items_by_media: dict[int, list[Item]] = field(default_factory=dict)
    default_covers: dict[str, str] = field(default_factory=dict)
    image_orders: dict[str, list[str]] = field(default_factory=dict)
