"""The downloader's own config file, of both eras: `config.ini` until early 2026, `config.yaml` since.

Only what both programs need is read: where Stash is and how it sees the files, where the files are, which database.
"""

from __future__ import annotations

import configparser
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from stash.errors import UsageError
from stash.files.paths import quoted
from stash.source.disk import read_bytes, reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping

UNSET_FOLDER = "local_directory"
"""The downloader's name for a download folder that nobody chose."""

DEFAULT_DATABASE = "metadata_db.sqlite3"
"""The downloader's name for a database that nobody chose. It is where the downloader is started, or with the files."""

YAML = frozenset({".yaml", ".yml"})
"""The suffixes of the newer config file. Its versions keep their metadata in PostgreSQL, unless it names a file."""

ONE_A_CREATOR = "*/meta/*metadata.sqlite3"
"""The databases that the downloader keeps for each creator, with `separate_metadata`."""


def read_downloader_config(path: Path) -> dict[str, Any]:
    """The settings that a config file of the downloader says, by our names. What it does not say is absent.

    Raises:
        UsageError: there is no such file, or it is neither of the two kinds.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise UsageError(
            f"The downloader's config file {str(path)!r} cannot be read ({reason}); name its config.ini or config.yaml."
        ) from error
    sections = _yaml(path, text) if path.suffix.lower() in YAML else _ini(path, text)
    stash, options, postgres = (_section(sections, name) for name in ("stash", "options", "postgres"))
    downloads = _folder(path, options.get("download_directory"))
    found = {
        "url": _url(stash),
        "api_key": stash.get("apikey"),
        "downloads": downloads,
        "path_map": mapped_downloads(downloads, stash),
        "reorganised": True if _text(stash.get("override_dldir_w_mapped")) == "true" else None,
        "database": _database(path, options, {**options, **postgres}, downloads),
        "split_scenes": True if _text(stash.get("enable_scene_split")) == "true" else None,
    }
    return {name: value for name, value in found.items() if value is not None and value != ""}


def _ini(path: Path, text: str) -> Mapping[str, Any]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"The downloader's config file {str(path)!r} is no ini file: {reason}") from error
    return {name.lower(): dict(parser[name]) for name in parser.sections()}


def _yaml(path: Path, text: str) -> Mapping[str, Any]:
    import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - needed for this alone

    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UsageError(f"The downloader's config file {str(path)!r} is no YAML: {reason}") from error
    return {str(name).lower(): value for name, value in content.items()} if isinstance(content, dict) else {}


def _section(sections: Mapping[str, Any], name: str) -> dict[str, Any]:
    names = {"stash": ("stash_context", "stashcontext")}.get(name, (name,))
    found: Mapping[str, Any] = next((s for one in names if isinstance(s := sections.get(one), dict)), {})
    return {str(key).lower(): value for key, value in found.items() if value is not None}


def _text(value: object) -> str:
    return str(value).strip().strip("\"'").lower() if value is not None else ""


def _url(stash: Mapping[str, Any]) -> str | None:
    if not stash:
        return None
    host = str(stash.get("host") or "localhost").strip()
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{stash.get('scheme') or 'http'}://{host}:{stash.get('port') or 9999}"


def _folder(path: Path, folder: object) -> Path | None:
    """A folder of the config: relative to the file that names it, as the downloader is started beside it."""
    text = str(folder or "").strip().strip("\"'")
    if not text or text.lower() == UNSET_FOLDER:
        return None
    try:
        return path.absolute().parent / Path(text).expanduser()
    except RuntimeError as error:
        raise UsageError(
            f"The downloader's config file {str(path)!r} names the folder {text!r}, for which there is no home."
        ) from error


def mapped_downloads(downloads: Path | None, stash: Mapping[str, Any]) -> str | None:
    """`mapped_path` stands for the download folder, or for one with the same files in folders of its own."""
    mapped = str(stash.get("mapped_path") or "").strip()
    return f"{quoted(str(downloads))}={quoted(mapped)}" if downloads is not None and mapped else None


def _database(
    path: Path, options: Mapping[str, Any], postgres: Mapping[str, Any], downloads: Path | None
) -> str | None:
    """Return what the config names. Else the file that the downloader makes of itself, where that is there, and is one alone."""
    if any(name.startswith("pg_") for name in postgres):
        return postgresql_url(postgres)
    if (file := _folder(path, options.get("metadata_db_file"))) is not None:
        return str(file)
    beside = [path.absolute().parent / DEFAULT_DATABASE]
    beside += [downloads / DEFAULT_DATABASE] if downloads is not None else []
    found = [one for one in beside if one.is_file()]
    if not found and downloads is not None:
        found = list(downloads.glob(ONE_A_CREATOR))
        found = found if len(found) == 1 else []
    if not found and path.suffix.lower() in YAML:
        return postgresql_url({})
    return str(found[0]) if found else None


def postgresql_url(section: Mapping[str, Any]) -> str:
    """Return the address of a PostgreSQL database. What the section leaves out is the downloader's own default."""
    user = quote(str(section.get("pg_user") or "fansly_user"), safe="")
    password = os.environ.get("FANSLY_PG_PASSWORD") or str(section.get("pg_password") or "")
    secret = f":{quote(password, safe='')}" if password else ""
    host, port = section.get("pg_host") or "localhost", section.get("pg_port") or 5432
    return f"postgresql://{user}{secret}@{host}:{port}/{section.get('pg_database') or 'fansly_metadata'}"
