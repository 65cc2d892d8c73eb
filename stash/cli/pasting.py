"""The command that was given, as one to paste and add to."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ALONE = frozenset({"--dry-run", "--json", "--quiet", "--verbose", "--force"})
_WITH_VALUE = frozenset({"--html", "--log-format"})


def command_line(arguments: Sequence[str] | None = None) -> str:
    """The sync that goes with the command that was given: without what is shown how, and without passwords."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    kept = ["stash-sync", words[0] if words[:1] == ["run"] else "sync"]
    rest = iter(words[1:])
    for word in rest:
        name, separator, _ = word.partition("=")
        if name in _WITH_VALUE or (name == "--database" and "@" in word):
            if not separator:
                next(rest, None)
        elif name == "--database" and not separator:
            value = next(rest, "")
            kept += [] if "@" in value else [word, value]
        elif word not in _ALONE:
            kept.append(word)
    return shlex.join(kept)
