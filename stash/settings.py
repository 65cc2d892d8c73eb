"""Settings: flags, then the environment, then `stash-sync.toml`, then the defaults."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from stash.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS_FILE = "stash-sync.toml"
"""Looked for in the current folder."""


def _from(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class Settings(BaseSettings):
    """Every setting, with its default. Durations are in seconds."""

    model_config = SettingsConfigDict(extra="forbid", populate_by_name=True, validate_default=False)

    url: str | None = Field(default=None, validation_alias=_from("url", "STASH_URL"))
    """Where Stash is, as in the browser: `http://host:9999`."""
    api_key: SecretStr | None = Field(default=None, validation_alias=_from("api_key", "STASH_API_KEY"))
    """From Stash's Settings, Security."""
    ca_file: str | None = Field(default=None, validation_alias=_from("ca_file", "STASH_SYNC_CA_FILE"))
    """The certificate of an authority of your own."""
    database: str | None = Field(
        default=None, repr=False, validation_alias=_from("database", "STASH_SYNC_DATABASE_URL")
    )
    """The metadata database: a path, `sqlite:///…` or `postgresql://…`."""
    state: str | None = Field(
        default=None, repr=False, validation_alias=_from("state", "STASH_SYNC_STATE_URL")
    )
    """Where the `sync_` tables are kept, if not in the metadata database."""
    downloads: Path | None = Field(default=None, validation_alias=_from("downloads", "STASH_SYNC_DOWNLOADS"))
    """The downloader's folder."""
    path_map: str | None = Field(default=None, validation_alias=_from("path_map", "STASH_SYNC_PATH_MAP"))
    """`host=stash`, several with `;`: where Stash sees the downloads."""
    patience: float = Field(default=300.0, gt=0, validation_alias=_from("patience", "STASH_SYNC_PATIENCE"))
    """How long Stash, its jobs and a locked database are waited for."""

    keep_runs: int = Field(default=20, gt=0, validation_alias=_from("keep_runs", "STASH_SYNC_KEEP_RUNS"))
    """Of how many runs each single change is kept."""

    @field_validator("downloads")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        """Stash knows files by their whole path."""
        return None if value is None else value.expanduser().absolute()

    @field_validator("url", "database", "state", "path_map", "ca_file", mode="before")
    @classmethod
    def _none_when_empty(cls, value: object) -> object:
        return None if value == "" else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(SETTINGS_FILE))


def load_settings(flags: Mapping[str, Any]) -> Settings:
    """The settings in force; flags that are None do not count.

    Raises:
        UsageError: a value is wrong, or the file has an unknown key.
    """
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        problem = "there is no such setting" if first["type"] == "extra_forbidden" else first["msg"].lower()
        raise UsageError(f"The setting {name} is wrong: {problem}; see `stash-sync settings`.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{SETTINGS_FILE} is no TOML: {error}.") from error


def explain(settings: Settings, flags: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each setting as (name, value fit to be shown, where it comes from)."""
    in_file = _file_values()
    rows = []
    for name, field in Settings.model_fields.items():
        value = vars(settings)[name]
        aliases = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else []
        variables = [str(alias) for alias in aliases if str(alias).isupper() and str(alias) in os.environ]
        if flags.get(name) is not None:
            source = "flag"
        elif variables:
            source = variables[0]
        else:
            source = SETTINGS_FILE if name in in_file else "default"
        rows.append((name, _shown(value), source))
    return rows


def _shown(value: object) -> str:
    if value is None:
        return "-"
    text = str(value)
    if "://" in text and "@" in text:
        from sqlalchemy import make_url  # noqa: PLC0415 - slow to import, and seldom needed

        return make_url(text).render_as_string(hide_password=True)
    return text


def _file_values() -> dict[str, Any]:
    path = Path(SETTINGS_FILE)
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


def loose_permissions() -> str | None:
    """A warning where others can read an API key in the settings file."""
    path = Path(SETTINGS_FILE)
    if (
        os.name != "posix"
        or "api_key" not in _file_values()
        or not path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    ):
        return None
    return f"{SETTINGS_FILE} holds your API key and others can read it; run: chmod 600 {SETTINGS_FILE}"
