"""The report of a run: counts, and the objects that a user should know of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

PLURALS = {
    "Performer": "performers",
    "Studio": "studios",
    "Tag": "tags",
    "Gallery": "galleries",
    "Scene": "scenes",
    "Image": "images",
    "GalleryChapter": "chapters",
}
"""Names in the report for the types of Stash."""


def counted(count: int, plural: str) -> str:
    """Return a number with its noun: `1 gallery`, `2 galleries`."""
    if count != 1:
        return f"{count} {plural}"
    return f"1 {f'{plural[:-3]}y' if plural.endswith('ies') else plural.removesuffix('s')}"


SOME_FAILED = 3
"""The exit code of a run that ended, although some items failed."""

SyncStatus = Literal["created", "updated", "unchanged", "kept"]


@dataclass
class Counts:
    """Counts of the entities of one type. `kept` counts entities with a value that the user edited."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    kept: int = 0


@dataclass(frozen=True)
class Unmatched:
    """A file or a media without a match. `id` is the id of the media, `file` the path on the host."""

    kind: str
    id: str
    file: str
    reason: str
    is_failure: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Skipped:
    """A row, an item or an entity that was skipped, by its kind and key."""

    kind: str
    id: str
    reason: str
    is_failure: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Kept:
    """A field that was kept because the user edited it."""

    type: str
    id: str
    field: str


@dataclass(frozen=True)
class FieldChange:
    """One field of one entity, with its current value and its value after a sync. Links are names.

    `key` is the key of the entity at the source: its kind, and its id or name.
    """

    type: str
    id: str
    field: str
    before: Any
    after: Any
    reason: str
    key: str = ""


@dataclass
class RunHeader:
    """The number of a run, its outcome, and its cost. The number is None for a run that writes nothing."""

    run: int | None = None
    outcome: str = "done"
    seconds: float = 0.0
    requests: dict[str, int] = field(
        default_factory=lambda: {"reads": 0, "writes": 0, "mutations": 0, "scan": 0}
    )


@dataclass
class LookedAt:
    """The number of items that a run looked at, and of all items of its creators. Unattached media count too."""

    items: int = 0
    of: int = 0


@dataclass
class Report:
    """The report of one run, filled by the session. `removed` counts the entities that an undo deleted, by type.

    `warnings` and `notes` are sentences for the user of this run. The journal keeps neither.
    """

    header: RunHeader = field(default_factory=RunHeader)
    entities: dict[str, Counts] = field(default_factory=lambda: {name: Counts() for name in PLURALS.values()})
    removed: Counter[str] = field(default_factory=Counter)
    looked_at: LookedAt = field(default_factory=LookedAt)
    links_added: int = 0
    unattached: int = 0
    unmatched: list[Unmatched] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    plan: list[FieldChange] | None = None
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _noted: set[Hashable] = field(default_factory=set, repr=False)

    @property
    def exit_code(self) -> int:
        """The exit code: 3 if a file that Stash takes or a malformed row could not be synced, else 0."""
        is_failed = any(one.is_failure for one in self.unmatched) or any(
            one.is_failure for one in self.skipped
        )
        return SOME_FAILED if is_failed else 0

    @property
    def is_silent(self) -> bool:
        """Tell whether nothing was left to do."""
        return self.header.requests["mutations"] == 0 and not self.plan

    def count(self, type_name: str, status: SyncStatus) -> None:
        """Count one entity."""
        counts = self.entities[PLURALS[type_name]]
        setattr(counts, status, vars(counts)[status] + 1)

    def keep(self, type_name: str, entity_id: str, field_name: str) -> None:
        """Note a field that the user edited, once for all items that would write it."""
        self._note(self.kept, Kept(type_name, entity_id, field_name))

    def skip(self, kind: str, key: str, reason: str, *, is_failure: bool = False) -> None:
        """Note a skipped row, item or entity, once."""
        self._note(self.skipped, Skipped(kind, key, reason, is_failure))

    def _note[T: Hashable](self, noted: list[T], one: T) -> None:
        if one not in self._noted:
            self._noted.add(one)
            noted.append(one)

    def summary(self) -> dict[str, Any]:
        """Return the object of `--json`."""
        result: dict[str, Any] = {
            "run": self.header.run,
            "outcome": self.header.outcome,
            "exit_code": self.exit_code,
            "seconds": round(self.header.seconds, 3),
            "requests": dict(self.header.requests),
            "looked_at": asdict(self.looked_at),
            "entities": {name: asdict(counts) for name, counts in self.entities.items()},
            "links_added": self.links_added,
            "unattached": self.unattached,
            "unmatched": [_shown(one) for one in self.unmatched],
            "skipped": [_shown(one) for one in self.skipped],
            "kept": [asdict(one) for one in self.kept],
        }
        if self.removed:
            result["removed"] = dict(self.removed)
        if self.plan is not None:
            result["plan"] = [asdict(one) for one in self.plan]
        return result

    def repeated(self) -> dict[str, Any]:
        """Return the summary of a run that finds what this run left, and has nothing to do."""
        entities = {
            name: {"unchanged": one.created + one.updated + one.unchanged, "kept": one.kept}
            for name, one in self.entities.items()
        }
        summary = self.summary() | {"entities": entities, "links_added": 0, "requests": {}}
        return {name: value for name, value in summary.items() if name not in {"removed", "plan"}}


def report_of(summary: Mapping[str, Any]) -> Report:
    """Return a report from the object that `summary` made. A run that did not end has an empty object."""
    header = RunHeader(summary.get("run"), summary.get("outcome", "failed"), summary.get("seconds", 0.0))
    header.requests |= summary.get("requests", {})
    report = Report(header, links_added=summary.get("links_added", 0))
    report.entities |= {name: Counts(**counts) for name, counts in summary.get("entities", {}).items()}
    report.removed.update(summary.get("removed", {}))
    report.looked_at = LookedAt(**summary.get("looked_at", {}))
    report.unattached = summary.get("unattached", 0)
    report.unmatched = [Unmatched(**one) for one in summary.get("unmatched", ())]
    report.skipped = [Skipped(**one) for one in summary.get("skipped", ())]
    report.kept = [Kept(**one) for one in summary.get("kept", ())]
    return report


def _shown(one: Unmatched | Skipped) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "is_failure"}
