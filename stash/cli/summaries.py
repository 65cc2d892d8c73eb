"""A report as lines that fit one screen: figures, what was left as it is by reason, and the next steps. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from stash.files.paths import base_name
from stash.next_steps import is_of_the_user, step_for, unscanned
from stash.report import PLURALS, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stash.report import FieldChange, Kept, Report, Skipped

MOST = 3
"""Most reasons that a list shows, and one planned change more. `--json` and `--html` show all."""

IDLE = "downloads"
"""The kind of what is left out where no file of the downloads has to do with the creators."""

WIDE, LEAD = 24, 8
"""Characters of a text that is shown beside another one, and of what both have in common before they differ."""

UNDO_COLUMNS = ("", "put back", "removed", "made again", "kept")
"""The head of `undo_rows`."""

_ID = re.compile(r"\d{6,}")


def entity_rows(report: Report) -> list[tuple[str, ...]]:
    """Return what became of the entities, a row a type that there are any of."""
    rows = []
    for name, counts in report.entities.items():
        figures = (counts.created, counts.updated, counts.unchanged, counts.kept)
        if any(figures):
            rows.append((name, *(f"{figure:>7}" if figure else f"{'·':>7}" for figure in figures)))
    return rows


def undo_rows(report: Report) -> list[tuple[str, ...]]:
    """Return what undo made of the entities, a row a type that there are any of."""
    rows = []
    for name, counts in report.entities.items():
        figures = (counts.updated, report.removed[name], counts.created, counts.kept)
        if any(figures):
            rows.append((name, *(f"{figure:>10}" if figure else f"{'·':>10}" for figure in figures)))
    return rows


def undo_lines(number: int, report: Report, most: int = MOST) -> Iterator[str]:
    """Return what undo did, below its figures."""
    yield from _undo_plan_lines(report.plan or (), most)
    yield from _left_lines(report, most)
    if report.plan:
        yield f"Nothing was written; `stash-sync undo {number}` does it."
    elif report.exit_code:
        yield f"Run {number} is taken back but for what is named above; undo it again."
    elif report.header.run is None:
        yield f"Nothing to do: nothing of run {number} is left that could be taken back."
    else:
        yield f"Run {number} is taken back. `stash-sync sync` leaves it so, `sync --redo` brings it again."
        yield f"`stash-sync undo {report.header.run}` takes this undo back."


def _undo_plan_lines(plan: Sequence[FieldChange], most: int) -> Iterator[str]:
    """Say what an undo would remove, make again and put back, with some of the values."""
    removed = Counter(one.type for one in plan if one.field == "id")
    made = Counter(name for name, _ in {(one.type, one.id) for one in plan if one.reason == "new"})
    back = [one for one in plan if one.field != "id" and one.reason != "new"]
    for title, counts in (("Would be removed", removed), ("Would be made again", made)):
        if counts:
            yield f"{title}: {', '.join(_counted(name, number) for name, number in counts.items())}."
    by_type: defaultdict[str, list[FieldChange]] = defaultdict(list)
    for one in back:
        by_type[one.type].append(one)
    for name, those in by_type.items():
        named = ", ".join(field for field, _ in Counter(one.field for one in those).most_common())
        yield f"Would be put back in {_counted(name, len({one.id for one in those}))}: {named}."
    shown = [one for one in back if not isinstance(one.before, list)][: most + 1] if most else []
    for one in shown:
        before, after = _differing(_text(one.before), _text(one.after))
        yield f"  {_counted(one.type, 1).removeprefix('1 ')} {one.id}, {one.field}: {before} -> {after}"
    if more := len(back) - len(shown):
        yield f"  {'and ' if shown else ''}{more} {'more ' if shown else ''}field{'s' * (more > 1)}; --json lists each."


def _counted(name: str, number: int) -> str:
    """Return a number of entities of a type in words."""
    plural = PLURALS[name]
    return f"{number} {plural if number != 1 else 'gallery' if plural == 'galleries' else plural[:-1]}"


def headline(report: Report) -> Iterator[str]:
    """The result of a run or a plan in one line. Nothing where nothing was done."""
    is_plan = report.plan is not None
    made = [counted(c.created, name) for name, c in report.entities.items() if c.created]
    changed = [counted(c.updated, name) for name, c in report.entities.items() if c.updated]
    parts = [f"{', '.join(made)} {'would be made' if is_plan else 'made'}"] if made else []
    parts += [f"{', '.join(changed)} {'would be changed' if is_plan else 'changed'}"] if changed else []
    if parts:
        yield f"{'; '.join(parts)}."


def report_lines(
    report: Report, most: int = MOST, *, is_verbose: bool = False, is_new: bool = False
) -> Iterator[str]:
    """A run or a plan, below its figures. The less, the smaller `most` is. A new run says how to take it back."""
    if report.plan:
        yield from _plan_lines(report.plan, most, with_new=False)
    if is_verbose:
        yield from _request_lines(report)
    yield from _left_lines(report, most)
    waiting = unscanned(report) if report.plan is not None else 0
    if waiting:
        yield f"Not in this plan: {counted(waiting, 'files')} that Stash has not scanned yet; a sync scans first."
        yield "To see them planned too: `stash-sync sync --dry-run --scan`."
    yield from report.notes
    looked = report.looked_at
    if looked.items < looked.of:
        yield f"Looked at {looked.items:,} of {counted(looked.of, 'items')}: what may have changed. --full looks at all."
    yield _closing(report)
    if is_new and report.header.run is not None and report.header.requests["mutations"]:
        yield f"Run {report.header.run}; `stash-sync undo {report.header.run}` takes it back."


def _request_lines(report: Report) -> Iterator[str]:
    asked = report.header.requests
    loose = counted(report.unattached, "files")
    yield f"{counted(report.links_added, 'links')} added, {loose} without a post or message."
    yield (
        f"{counted(asked['reads'], 'reads')}, {counted(asked['writes'], 'writes')} "
        f"({counted(asked['mutations'], 'mutations')}), {asked['scan']} for scans, {report.header.seconds:.1f} s."
    )


def comparison_of(report: Report) -> dict[str, Any]:
    """Return what a check found, for scripts."""
    plan = report.plan or []
    return {
        "match": {name: counts.unchanged for name, counts in report.entities.items()},
        "differ": [asdict(one) for one in plan if one.reason != "new"],
        "missing": [asdict(one) for one in plan if one.reason == "new"],
        "foreign": [asdict(one) for one in report.unmatched],
        "kept": [asdict(one) for one in report.kept],
        "deleted": [asdict(one) for one in report.skipped if is_of_the_user(one.reason)],
    }


def comparison_lines(report: Report, found: dict[str, Any], most: int = MOST) -> Iterator[str]:
    """Return what a check found, for a person."""
    yield from _plan_lines(report.plan or [], most, with_new=True)
    yield from _left_lines(report, most)
    same = sum(counts.unchanged for counts in report.entities.values())
    deleted = len(found["deleted"])
    kept = len(found["kept"]) + deleted
    what = f"your edits; {deleted} deleted or taken back" if deleted else "your edits"
    yield (
        f"{same} match, {_fields(len(found['differ']))} differ, {_fields(len(found['missing']))} missing, "
        f"{kept} kept for you{f' ({what})' if kept else ''}."
    )
    if report.plan:
        yield "`stash-sync sync` writes them."


def _fields(count: int) -> str:
    return counted(count, "fields")


def _plan_lines(plan: Sequence[FieldChange], most: int, *, with_new: bool) -> Iterator[str]:
    """Return what is planned: of each type how many are new, and which fields of the others."""
    new: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    edited: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    removed: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    fields: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in plan:
        if one.reason != "new" and not _is_removal(one):
            edited[one.type].add((one.id, one.key))
            fields[one.type][one.field] += 1
        else:
            (new if one.reason == "new" else removed)[one.type].add((one.id, one.key))
    for name in dict.fromkeys([*new, *edited, *removed]):
        changed = edited[name] - new[name]
        parts = [f"{len(new[name])} new"] if new[name] and with_new else []
        parts += [f"{len(removed[name])} removed"] if removed[name] else []
        if changed:
            named = ", ".join(field for field, _ in fields[name].most_common())
            parts.append(f"{len(changed)} changed: {named}")
        if parts and (most or with_new):
            yield f"{PLURALS.get(name, name)}: {', '.join(parts)}"
    over = [one for one in plan if one.before and one.reason != "new" and not _is_removal(one)]
    shown = most + 1 if most else 0
    for one in over[:shown]:
        before, after = _differing(_text(one.before), _text(one.after))
        yield f"  {one.type.lower()} {one.id}, {one.field}: {before} -> {after}"
    if len(over) > shown:
        more = len(over) - shown
        yield f"  … {more}{' more' if shown else ''} of them {'replaces' if more == 1 else 'replace'} a value."


def _is_removal(one: FieldChange) -> bool:
    """Tell whether a planned change takes a whole entity out of Stash."""
    return one.field == "id" and one.after is None


def _left_lines(report: Report, most: int) -> Iterator[str]:
    unmatched = [(one.reason, base_name(one.file) or one.id) for one in report.unmatched]
    skipped = [(one.reason, _name_of(one)) for one in report.skipped]
    yield from _by_reason("Unmatched", unmatched, most, is_plan=report.plan is not None)
    yield from _by_reason("Skipped", skipped, most, is_plan=report.plan is not None)
    if report.kept:
        yield f"Kept for you ({len(report.kept)}): {', '.join(_kept(report.kept))}"


def _name_of(one: Skipped) -> str:
    return f"the table {one.id}" if one.kind == "database" else f"{one.kind} {one.id}"


def _by_reason(title: str, found: Iterable[tuple[str, str]], limit: int, *, is_plan: bool) -> Iterator[str]:
    alike: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for reason, name in found:
        alike[_ID.sub("…", reason)].append((reason, name))
    if not alike:
        return
    most = sorted(alike.items(), key=lambda one: (not one[1][0][1].startswith(IDLE), -len(one[1])))
    first = "" if limit else f" {len(most[0][1])} x {most[0][0]}{', …' * (len(most) > 1)}"
    yield f"{title} ({sum(map(len, alike.values()))}):{first}"
    for general, those in most[:limit]:
        reason, name = those[0]
        yield f"  {len(those)} x {reason if len(those) == 1 else general}, such as {name}"
        step, _ = step_for(reason, "stash-sync sync", is_plan=is_plan)
        if not step.startswith("Nothing to do"):
            yield f"      Next: {step}"
    if len(most) > limit > 0:
        more = len(most) - limit
        yield f"  … and {more} more reason{'s' * (more > 1)}; --html FILE and --json have all."


def _kept(kept: Sequence[Kept]) -> list[str]:
    counts = Counter((one.field, one.type) for one in kept)
    return [
        f"{field} of {count} {name.lower() if count == 1 else PLURALS.get(name, name)}"
        for (field, name), count in counts.most_common()
    ]


def _closing(report: Report) -> str:
    if report.plan is not None:
        return (
            f"Nothing was written: {_fields(len(report.plan))} of {_objects(report.plan)} would change; --html FILE shows each."
            if report.plan
            else _nothing(report)
        )
    if report.exit_code:
        return "Done, but some items could not be synced; see above."
    return _nothing(report) if report.is_silent else "Done."


def _objects(plan: Sequence[FieldChange]) -> str:
    return counted(len({(one.type, one.id) for one in plan}), "objects")


def _nothing(report: Report) -> str:
    """Nothing to do, which is good news only where the downloads were the right ones."""
    is_idle = any(one.kind == IDLE for one in report.skipped)
    return "Nothing to do, but see what was left out." if is_idle else "Nothing to do."


def _differing(before: str, after: str) -> tuple[str, str]:
    """Two texts as they fit a line, from shortly before where they differ."""
    pairs = enumerate(zip(before, after, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
    start = same - LEAD if max(len(before), len(after)) > WIDE and same > LEAD else 0
    return _short(before, start), _short(after, start)


def _short(text: str, start: int) -> str:
    text = f"…{text[start + 1 :]}" if start else text
    return text if len(text) <= WIDE else f"{text[: WIDE - 1]}…"


def _text(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return text.replace("\n", " ") or "(empty)"
