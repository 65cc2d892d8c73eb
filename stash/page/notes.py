"""Notes on kept, unmatched and skipped objects, each with its next step. Pure."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from stash.files.paths import base_name
from stash.mapping.rules import KINDS
from stash.next_steps import step_for
from stash.page.model import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.report import Kept, Skipped, Unmatched


def unmatched_note(one: Unmatched, base: str) -> Note:
    """Return the note on a file or media without a match."""
    step, line = step_for(one.reason, base)
    return Note(base_name(one.file) or f"{one.kind} {one.id}", one.file, one.reason, step, line)


def skipped_note(one: Skipped, base: str, *, is_plan: bool = False) -> Note:
    """Return the note on a row, item or entity that was skipped."""
    step, line = step_for(one.reason, base, is_plan=is_plan, item=one.id if one.kind in KINDS else "")
    return Note(f"{one.kind} {one.id}".strip(), "", one.reason, step, line)


def kept_note(one: Kept, label: str, wrote: str | None, base: str, chosen: str = "") -> Note:
    """Return the note on a field that the user edited. `wrote` is the value of an earlier sync.

    `chosen` is the word that `--only` takes for the entity.
    """
    if one.field == "organized":
        reason, step, line = "you marked it as organized", "To have it synced again, take the mark off.", ""
    elif one.field == "primary file":
        reason, step, line = "it is about another file of yours", "Nothing to do.", ""
    else:
        reason = "its origin is unknown" if wrote is None else f"you edited it; a sync had written {wrote!r}"
        step = "Nothing to do; to have the source's value in this field, overwrite it."
        line = f"{base} --only {shlex.quote(chosen)} --overwrite {shlex.quote(one.field)}" if chosen else ""
    what = f"{one.field} of {one.type.lower()} {label or one.id}"
    return Note(what, "", reason, step, line, one.type, one.id)


def chosen_by(key: str, urls: Sequence[Any] = ()) -> str:
    """Return the word that `--only` takes for an entity, from its key or the address of its post. Empty for none."""
    kind, _, number = key.partition(" ")
    if kind in KINDS:
        return number
    if kind in {"account", "creator", "studio"} and number.isdecimal():
        return f"@{number}"
    posts = {found[1] for url in urls if (found := re.search(r"/post/(\d+)$", str(url)))}
    return posts.pop() if len(posts) == 1 else ""
