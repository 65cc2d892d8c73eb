"""Make the page of a recorded run from its log entries, with names in place of ids."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from stash.journal import PICTURES
from stash.page.model import MOST_ENTRIES, Page, PageEntry, diff_of, is_over_something
from stash.page.notes import chosen_by, kept_note, skipped_note, unmatched_note
from stash.page.of_plan import facts_of, figures_of, lines_of
from stash.report import report_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stash.journal import Baseline, LogEntry, RunRow
    from stash.page.model import Diff, What
    from stash.report import Kept

LINKS = {
    "performers": "Performer",
    "tags": "Tag",
    "studio": "Studio",
    "parent_studio": "Studio",
    "galleries": "Gallery",
    "gallery": "Gallery",
    "images": "Image",
    "scenes": "Scene",
    "cover": "Image",
}
"""The type of the ids in a field."""

_ORDER = ("failed", "changed", "created", "filled", "linked", "planned")

type KnownRef = tuple[str, str]
"""An entity: its type and its id in Stash."""


def page_of_run(
    run: RunRow, operations: Sequence[LogEntry], names: EntityNames, base: str, stash_url: str
) -> Page:
    """Return the page of a recorded run, without pictures. `base` is the command that flags are added to."""
    report = report_of(run.counts)
    grouped: defaultdict[tuple[str, str, str], list[LogEntry]] = defaultdict(list)
    for one in operations:
        grouped[one.type, one.key.kind, one.key.id].append(one)
    entries = sorted(
        (_entry(group, names, base) for group in grouped.values()), key=lambda entry: _ORDER.index(entry.what)
    )
    ended = run.ended_at.strftime("%H:%M") if run.ended_at else "it did not end"
    return Page(
        title=f"Run {run.id}: {run.command}",
        subtitle=f"{run.started_at:%Y-%m-%d %H:%M} to {ended} UTC, {', '.join(run.creators) or 'no creator'}: "
        f"{run.outcome or 'it did not end'}. {len(entries)} entities were written to.",
        is_plan=False,
        facts=facts_of(report),
        figures=figures_of(report),
        entries=entries[:MOST_ENTRIES],
        left_out=max(0, len(entries) - MOST_ENTRIES),
        kept=[
            kept_note(one, names.of(one.type, one.id), names.wrote(one), base, names.chosen(one))
            for one in report.kept
        ],
        unmatched=[unmatched_note(one, base) for one in report.unmatched],
        skipped=[skipped_note(one, base) for one in report.skipped],
        stash_url=stash_url if stash_url.startswith(("http://", "https://")) else "",
    )


class EntityNames:
    """Names of a run's entities, from the log of the run or from their baselines."""

    def __init__(
        self,
        operations: Iterable[LogEntry],
        recorded: Mapping[KnownRef, Baseline],
        usernames: Mapping[int, str],
    ) -> None:
        self._recorded, self._usernames = recorded, usernames
        self._given: dict[KnownRef, str] = {}
        self._media: dict[KnownRef, str] = {}
        for one in operations:
            name = one.after.get("name") or one.after.get("title")
            if name and one.stash_id:
                self._given[one.type, one.stash_id] = str(name)
            if one.key.kind == "media":
                self._media[one.type, one.stash_id] = one.key.id

    def of(self, type_name: str, stash_id: str) -> str:
        """Return the name of an entity. Return its id if no name is recorded."""
        given = self._given.get((type_name, stash_id))
        baseline = self._recorded.get((type_name, stash_id))
        if given or baseline is None:
            return given or stash_id
        name = baseline.last_applied.get("name") or baseline.last_applied.get("title")
        if name:
            return str(name)
        if baseline.key.kind == "account" and baseline.key.id.isdigit():
            return self._usernames.get(int(baseline.key.id), baseline.key.id)
        return baseline.key.id

    def media(self, type_name: str, stash_id: str) -> str:
        """Return the media of an image or scene. Empty if it is not recorded."""
        baseline = self._recorded.get((type_name, stash_id))
        known = baseline.key.id if baseline is not None and baseline.key.kind == "media" else ""
        return self._media.get((type_name, stash_id), known)

    def cover(self, gallery_id: str) -> str:
        """Return the image that a sync made the cover of a gallery."""
        baseline = self._recorded.get(("Gallery", gallery_id))
        return "" if baseline is None else str(baseline.last_applied.get("cover") or "")

    def chosen(self, kept: Kept) -> str:
        """Return the word that `--only` takes for the entity of a kept field. Empty for none."""
        baseline = self._recorded.get((kept.type, kept.id))
        return (
            ""
            if baseline is None
            else chosen_by(" ".join(baseline.key), baseline.last_applied.get("urls") or ())
        )

    def wrote(self, kept: Kept) -> str | None:
        """Return the value that an earlier sync wrote to a field that the user edited."""
        baseline = self._recorded.get((kept.type, kept.id))
        value = None if baseline is None else baseline.last_applied.get(kept.field)
        if value is None or isinstance(value, list):
            return None
        return self.of(LINKS[kept.field], str(value)) if kept.field in LINKS else str(value)

    def shown(self, field: str, value: Any) -> Any:  # noqa: ANN401 - a field holds values of any type
        """Return the value of a field with names in place of ids."""
        if field in PICTURES:
            return value and ("the picture before" if str(value).startswith("data:") else "a new picture")
        type_name = LINKS.get(field)
        if type_name is None or value is None:
            return value
        if isinstance(value, list):
            return [self.of(type_name, str(one)) for one in value]
        return self.of(type_name, str(value))


def wanted_ids(operations: Iterable[LogEntry], kept: Iterable[Kept]) -> dict[str, set[str]]:
    """Return the ids of the entities whose names a page needs, by type."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for one in kept:
        wanted[one.type].add(one.id)
    for operation in operations:
        if operation.stash_id:
            wanted[operation.type].add(operation.stash_id)
        for values in (operation.before, operation.after):
            for field, type_name in LINKS.items():
                value = values.get(field)
                wanted[type_name].update(
                    map(str, value) if isinstance(value, list) else [str(value)] if value else []
                )
    return dict(wanted)


def _entry(group: Sequence[LogEntry], names: EntityNames, base: str) -> PageEntry:
    first = group[0]
    stash_id = next((one.stash_id for one in group if one.stash_id), "")
    after = {name: value for one in group for name, value in one.after.items()}
    diffs = _diffs(group, names)
    failed = [one for one in group if one.state == "failed"]
    label = str(after.get("name") or after.get("title") or "") or names.of(first.type, stash_id)
    key = " ".join(first.key)
    shows = after.get("cover") or names.cover(stash_id) or next(iter(after.get("images") or ()), "")
    return PageEntry(
        first.type,
        stash_id,
        label or first.key.id,
        _what(group, diffs),
        key=key,
        message="; ".join(one.message for one in failed),
        media=first.key.id
        if first.key.kind == "media"
        else names.media("Image", str(shows))
        if first.type == "Gallery"
        else "",
        diffs=diffs,
        lines=[] if failed else lines_of(key, label, "", base),
    )


def _diffs(group: Sequence[LogEntry], names: EntityNames) -> list[Diff]:
    """Return the fields in the order of sending. A field that was sent twice is one diff, from its first to its last value."""
    found: dict[str, tuple[Any, Any, str]] = {}
    for one in group:
        for field, after in one.after.items():
            before, _, why = found.get(field, (one.before.get(field), None, one.why.get(field, "")))
            if isinstance(after, list) and field in found:
                after = list(dict.fromkeys([*found[field][1], *after]))  # noqa: PLW2901 - links come in parts
            found[field] = (before, after, why)
    return [
        diff_of(field, names.shown(field, before), names.shown(field, after), why)
        for field, (before, after, why) in found.items()
    ]


def _what(group: Sequence[LogEntry], diffs: Sequence[Diff]) -> What:
    states, actions = {one.state for one in group}, {one.action for one in group}
    if "failed" in states:
        return "failed"
    if "planned" in states:
        return "planned"
    if "create" in actions:
        return "created"
    if any(map(is_over_something, diffs)):
        return "changed"
    return "linked" if actions == {"link"} else "filled"
