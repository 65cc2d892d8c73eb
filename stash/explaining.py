"""List the settings in force as a user reads them: value, place, and readers of their file."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stash.downloader_config import read_downloader_config
from stash.settings import DATABASES, VARIABLES
from stash.settings_file import SETTINGS_FILE, read_settings_file
from stash.source.addresses import has_secret, is_path, split
from stash.transport.addresses import StashAddress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stash.settings import Settings


def explain(settings: Settings, flags: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return each setting as (name, value fit to be shown, source of the value)."""
    in_file, in_config = read_settings_file(), _config_values(settings)
    rows, said = [], {name.upper() for name in os.environ}
    for name, variable in VARIABLES.items():
        value = vars(settings)[name]
        if flags.get(name) is not None:
            source = "flag"
        elif variable in said:
            source = variable
        elif name == "api_key" and settings.url is not None and _is_in_the_address(settings):
            source = "url"
        else:
            source = SETTINGS_FILE if name in in_file else in_config.get(name, "default")
        if name in DATABASES and value is not None and not is_path(value):
            value = split(value).shown
        rows.append((name, _shown(value), source))
    return rows


def _is_in_the_address(settings: Settings) -> bool:
    key = None if settings.api_key is None else settings.api_key.get_secret_value()
    return key is not None and StashAddress(settings.url or "").api_key == key


def _shown(value: object) -> str:
    if isinstance(value, frozenset):
        value = ", ".join(sorted(value))
    if isinstance(value, dict):
        value = "; ".join(f"{key}={name}" for key, name in value.items())
    if value in {None, ""}:
        return "-"
    return str(value)


def _config_values(settings: Settings) -> dict[str, str]:
    """Return the settings in the downloader's config, each with the name of that file."""
    path = settings.downloader_config
    return {} if path is None else dict.fromkeys(read_downloader_config(path.expanduser()), path.name)


def loose_permissions() -> str | None:
    """Return a warning if other users can read an API key or a password in the settings file."""
    path = Path(SETTINGS_FILE)
    if os.name != "posix" or not path.is_file() or not path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return None
    values = read_settings_file()
    addresses = [str(values[name]) for name in ("url", *DATABASES) if name in values]
    if "api_key" in values:
        what = "your API key"
    elif any(map(has_secret, addresses)):
        what = "a password"
    else:
        return None
    return f"{SETTINGS_FILE} holds {what} and others can read it; run: chmod 600 {SETTINGS_FILE}"
