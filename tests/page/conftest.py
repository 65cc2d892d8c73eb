"""Worlds for pages: the mapping's cases, and the run that a page tells of."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from tests.mapping.conftest import case  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from pathlib import Path


class Parsed(HTMLParser):
    """A page as a browser would take it apart: its tags, texts, and what it would ask for."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.source = file.read_text("utf-8")
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._open = ""
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the library's signature
        """What follows is text again."""
        self._open = ""

    def handle_data(self, data: str) -> None:
        """Keep the text, or the script."""
        if self._open == "script":
            self.scripts.append(data)
        elif self._open != "style":
            self.text += data

    @property
    def data(self) -> dict[str, Any]:
        """What the script shows."""
        content: dict[str, Any] = json.loads(self.scripts[0])
        return content

    @property
    def asked_for(self) -> list[str]:
        """Every address that the page would load by itself."""
        loading = [
            value
            for tag, attributes in self.tags
            for name, value in attributes.items()
            if name in {"src", "srcset", "data", "action", "poster", "background"}
            or (tag == "link" and name == "href")
        ]
        return [str(value) for value in loading] + re.findall(
            r"url\(|@import", self.source.split("</style>")[0]
        )
