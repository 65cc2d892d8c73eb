"""Render a page as one HTML file with its style, script and data. Its policy forbids every request."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

if TYPE_CHECKING:
    from stash.page.model import Note, Page, PageEntry

TILES = 200
"""Pictures in the gallery of new entities."""

_PLACES = {
    "Gallery": "galleries",
    "Scene": "scenes",
    "Image": "images",
    "Performer": "performers",
    "Studio": "studios",
    "Tag": "tags",
}


def render(page: Page) -> str:
    """Return the whole file. Texts of the source are escaped: by autoescape in the markup, as JSON in the data."""
    environment = Environment(
        loader=PackageLoader("stash.page", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    style, script = _own("page.css"), _own("page.js")
    return environment.get_template("page.html.j2").render(
        page=page,
        style=style,
        script=script,
        policy=f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'",
        tiles=[one for one in page.entries if one.media in page.pictures and one.type != "GalleryChapter"][
            :TILES
        ],
        href=lambda one: _href(page, one),
        data=_data(page),
    )


def _own(name: str) -> Markup:
    """Return a file of this package, which needs no escaping."""
    return Markup(files("stash.page").joinpath(name).read_text("utf-8"))  # noqa: S704 - part of the package


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _href(page: Page, one: PageEntry | Note) -> str:
    place = _PLACES.get(one.type)
    if not page.stash_url.startswith(("http://", "https://")) or place is None or not one.id.isdigit():
        return ""
    return f"{page.stash_url.rstrip('/')}/{place}/{one.id}"


def _data(page: Page) -> dict[str, Any]:
    """Return the data that the script shows and searches."""
    return {
        "changes": [_entry_data(page, one) for one in page.entries],
        "kept": [_note_data(page, one) for one in page.kept],
        "unmatched": [_note_data(page, one) for one in page.unmatched],
        "skipped": [_note_data(page, one) for one in page.skipped],
    }


def _entry_data(page: Page, entry: PageEntry) -> dict[str, Any]:
    return {
        "type": entry.type,
        "what": entry.what,
        "label": entry.label,
        "key": entry.key,
        "message": entry.message,
        "href": _href(page, entry),
        "lines": [(one.use, one.text) for one in entry.lines],
        "diffs": [(d.field, d.before, d.after, d.added, d.removed, d.why) for d in entry.diffs],
    }


def _note_data(page: Page, note: Note) -> dict[str, str]:
    return {
        "label": note.what,
        "where": note.where,
        "reason": note.reason,
        "step": note.next_step,
        "line": note.line,
        "href": _href(page, note),
    }
