"""Make the page of a plan: the changes that a sync would send. Pure."""

from __future__ import annotations

import re
import shlex
from itertools import groupby
from typing import TYPE_CHECKING

from stash.mapping.titles import TRAILER_TAG
from stash.next_steps import unscanned
from stash.page.model import MOST_ENTRIES, DiffLine, Page, PageEntry, diff_of, is_over_something
from stash.page.notes import chosen_by, kept_note, skipped_note, unmatched_note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stash.page.model import What
    from stash.report import FieldChange, Report

ITEMS = frozenset({"post", "message", "story", "wall"})


def page_of_plan(report: Report, base: str) -> Page:
    """Return the page of a dry run's report, without pictures. `base` is the command that flags are added to."""
    plan = sorted(report.plan or [], key=_identity)
    groups = [list(fields) for _, fields in groupby(plan, key=_identity)]
    items, waiting = _items(plan), unscanned(report)
    entries = [_entry(fields, items, base) for fields in groups[:MOST_ENTRIES]]
    _name_creators(entries, base)
    keys = {(one.type, one.id): one.key for one in plan}
    return Page(
        title="What a sync would do",
        subtitle=f"{len(plan)} changes of {len(groups)} entities are planned; nothing was written."
        + (
            f" {waiting} files are not in this plan, as Stash has not scanned them yet: a sync has them scanned first; "
            "to see them planned too, plan with --dry-run --scan."
            if waiting
            else ""
        ),
        is_plan=True,
        facts=[("To do it", base), *facts_of(report)],
        figures=figures_of(report),
        entries=entries,
        left_out=len(groups) - len(entries),
        kept=[
            kept_note(one, one.id, None, base, chosen_by(keys.get((one.type, one.id), "")))
            for one in report.kept
        ],
        unmatched=[unmatched_note(one, base) for one in report.unmatched],
        skipped=[skipped_note(one, base, is_plan=True) for one in report.skipped],
    )


def facts_of(report: Report) -> list[tuple[str, str]]:
    """Return the single figures of a report."""
    asked = report.header.requests
    return [
        ("Requests", f"{asked['reads']} reads, {asked['writes']} writes, {asked['scan']} for scans"),
        ("Time", f"{report.header.seconds:.1f} seconds"),
        ("Links added", str(report.links_added)),
        ("Files without a post or message", str(report.unattached)),
    ]


def figures_of(report: Report) -> list[tuple[str, list[int]]]:
    """Return one row of figures for each type: created, updated, unchanged, kept."""
    return [(name, [c.created, c.updated, c.unchanged, c.kept]) for name, c in report.entities.items()]


def lines_of(key: str, label: str, item: str, base: str) -> list[DiffLine]:
    """Return command lines that avoid a change. `item` is the key of the item that contains a media."""
    kind, _, number = (item or key).partition(" ")
    if kind in ITEMS:
        return [
            DiffLine(f"{base} --skip {number}", f"Sync all but this {kind}"),
            DiffLine(f"{base} --only {number}", f"Sync this {kind} alone"),
        ]
    is_hashtag = label != TRAILER_TAG and " " not in label  # a sync made any other name, or a user
    if kind == "hashtag" and is_hashtag:
        text = f"STASH_SYNC_IGNORE_TAGS={shlex.quote(label)} {base}"
        skip = f"{base} --skip {shlex.quote(f'#{label}')}"
        return [DiffLine(text, "Make no tag of this hashtag"), DiffLine(skip, "Sync nothing that has it")]
    if kind in {"studio", "creator"}:
        return [
            DiffLine(f"{base} --skip @{number}", "Sync all creators but this"),
            DiffLine(f"{base} --only @{number}", "Sync this creator alone"),
        ]
    return []


def _name_creators(entries: Sequence[PageEntry], base: str) -> None:
    """Give the performer of a creator the command lines of the creator's studio."""
    studios = {entry.key.partition(" ")[2]: entry for entry in entries if entry.key.startswith("studio ")}
    for entry in entries:
        kind, _, account = entry.key.partition(" ")
        if kind == "account" and account in studios:
            entry.lines = lines_of(studios[account].key, entry.label, "", base)


def _items(plan: Sequence[FieldChange]) -> dict[str, str]:
    """Return the item of each media, by the planned images and scenes of galleries, and by planned URLs."""
    found: dict[str, str] = {}
    for one in plan:
        if one.type == "Gallery" and one.field in {"images", "scenes"}:
            found |= dict.fromkeys(map(str, one.after), one.key)
        post = re.search(r"/post/(\d+)$", str(one.after[-1])) if one.field == "urls" and one.after else None
        kind, _, number = one.key.partition(" ")
        if post is not None and kind == "media":
            found.setdefault(number, f"post {post[1]}")
    return found


def _identity(one: FieldChange) -> tuple[str, str, str]:
    """Return the identity of an entity. New chapters differ only by key."""
    return one.type, one.id, one.key


def _entry(fields: Sequence[FieldChange], items: Mapping[str, str], base: str) -> PageEntry:
    first = fields[0]
    after = {one.field: one.after for one in fields}
    label = str(after.get("name") or after.get("title") or first.id)
    diffs = [
        diff_of(one.field, one.before, one.after, one.reason if one.reason != "new" else "") for one in fields
    ]
    is_new = any(one.reason == "new" for one in fields)
    what: What = "created" if is_new else "changed" if any(map(is_over_something, diffs)) else "filled"
    kind, _, number = first.key.partition(" ")
    picture = number if kind == "media" else str(after.get("cover") or "")
    return PageEntry(
        first.type,
        "" if is_new else first.id,
        label,
        what,
        key=first.key,
        media=picture,
        diffs=diffs,
        lines=lines_of(first.key, label, items.get(number, "") if kind == "media" else "", base),
    )
