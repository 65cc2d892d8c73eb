"""Describe a wrong setting or variable: its name, the accepted values, the nearest name. Pure."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from stash.errors import UsageError
from stash.mapping.rules import EXTRAS, KINDS, STUDIO_FIELDS, TITLE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_OURS, _NEAR = "STASH_SYNC_", 0.85
_OTHERS = frozenset({"stash_sync", "stash_sync_debug", "stash_sync_kill_at"})
"""Variables of stash-sync that are no settings."""

_SECRET = frozenset({"url", "api_key", "database", "state"})


def _braced(names: Iterable[str]) -> str:
    return "a text with any of " + ", ".join(f"{{{name}}}" for name in sorted(names))


_NAMES = "names with commas between them"
_ACCEPTED = {
    "url": "an address such as http://localhost:9999",
    "database": "a path, sqlite:///PATH or postgresql://USER@HOST/NAME",
    "state": "a path, sqlite:///PATH or postgresql://USER@HOST/NAME",
    "downloads": "the path of a folder",
    "downloader_config": "the path of a config.ini or config.yaml",
    "path_map": "host=stash, several with ;",
    "reorganised": "true or false",
    "split_scenes": "true or false",
    "patience": "a number of seconds above 0",
    "keep_runs": "a whole number above 0",
    "full_after": "a whole number of days, 0 or more",
    "since": "a day such as 2025-01-31",
    "until": "a day such as 2025-01-31",
    "kinds": ", ".join(sorted(KINDS)),
    "extras": f"all, or any of {', '.join(sorted(EXTRAS))}",
    "rename_tags": "hashtag=name, several with ;",
    "title": _braced(TITLE_FIELDS),
    "studio": _braced(STUDIO_FIELDS),
}
"""The accepted values of each setting, in words."""


def why_wrong(name: str, where: str, error: Mapping[str, Any], known: Sequence[str]) -> str:
    """Return the sentence about a setting that was refused. `where` names its place, `error` is pydantic's."""
    if error["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name.casefold(), known, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        return f"The setting {name} is wrong: there is no such setting{hint}; see `stash-sync settings`."
    accepted = _ACCEPTED.get(name, _NAMES)
    if error["type"] == "value_error":
        what = str(error["msg"]).removeprefix("Value error, ")
    elif name in _SECRET or not isinstance(error["input"], str | int | float):
        what = "it is not of the right form"
    else:
        what = f"{error['input']!r} is not possible"
    return f"{where} is wrong: {what}; it takes {accepted}."


def refuse_unknown_variables(environment: Iterable[str], variables: Mapping[str, str]) -> None:
    """Check the environment for variables with a name close to those of stash-sync.

    Raises:
        UsageError: a variable is unknown. The sentence names the nearest known one.
    """
    known = {variable.casefold() for variable in variables.values()}
    plain = {_plain(variable): variable for variable in variables.values()}
    plain |= {_plain(_OURS + name): variable for name, variable in variables.items()}
    for name in sorted(environment):
        if name.casefold() in known | _OTHERS or not name.casefold().startswith("stash"):
            continue
        close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=_NEAR)
        if close or _plain(name).startswith(_plain(_OURS)):
            close = close or difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.0)
            raise UsageError(
                f"There is no variable {name}; did you mean {plain[close[0]]}? `stash-sync settings` lists all."
            )


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
