"""Read the settings file. Every error names its path."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from stash.errors import UsageError
from stash.source.disk import read_bytes, reason_of

SETTINGS_FILE = "stash-sync.toml"
"""The name of the settings file in the current folder."""


def read_settings_file() -> dict[str, Any]:
    """Return the settings in the settings file. Empty without a file.

    Raises:
        UsageError: the file cannot be read, or is no TOML in UTF-8.
    """
    path = Path(SETTINGS_FILE)
    try:
        content = read_bytes(path)
    except FileNotFoundError:
        if not path.is_symlink():
            return {}
        raise UsageError(
            f"The settings file {_place()} is a link that leads nowhere; mend or remove it."
        ) from None
    except OSError as error:
        raise UsageError(
            f"The settings file {_place()} cannot be read ({reason_of(error)}); mend that, or remove it."
        ) from error
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"The settings file {_place()} is not UTF-8 in line {line}; save it as UTF-8."
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The settings file {_place()} is no TOML: {error}.") from error


def _place() -> str:
    return str(Path(SETTINGS_FILE).absolute())
