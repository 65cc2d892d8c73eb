"""The command that was given, as one to paste and add to."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from stash.source.addresses import has_secret
from stash.transport.addresses import StashAddress

if TYPE_CHECKING:
    from collections.abc import Sequence

_ALONE = frozenset({"--dry-run", "--json", "--quiet", "-q", "--verbose", "-v", "--force", "--scan"})
_ADDRESSES = frozenset({"--database", "--url"})
_WITH_VALUE = frozenset({"--html", "--log-format"})


def command_line(arguments: Sequence[str] | None = None) -> str:
    """The sync that goes with the command that was given: without what is shown how, and without secrets."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    kept = ["stash-sync", words[0] if words[:1] == ["run"] else "sync"]
    rest = iter(words[1:])
    for word in rest:
        name, separator, value = word.partition("=")
        if name in _WITH_VALUE or name in _ADDRESSES:
            value = value if separator else next(rest, "")
            if name in _ADDRESSES and not _is_secret(name, value):
                kept += [word] if separator else [word, value]
        elif word not in _ALONE:
            kept.append(word)
    return shlex.join(kept)


def _is_secret(name: str, value: str) -> bool:
    return has_secret(value) if name == "--database" else StashAddress(value) != value.rstrip("/")
