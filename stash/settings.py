"""Settings, by rank: flags, the environment, `stash-sync.toml`, the downloader's own config, the defaults."""

from __future__ import annotations

import os
import string
from datetime import date  # noqa: TC003 - pydantic reads it
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from stash.downloader_config import read_downloader_config
from stash.encoding import key_header
from stash.errors import UsageError
from stash.files.paths import PathMap
from stash.mapping.rules import EXTRAS, KINDS, STUDIO, STUDIO_FIELDS, TITLE, TITLE_FIELDS, Extra, Kind, Rules
from stash.scan_options import DEFAULTS, ScanChoice
from stash.setting_words import refuse_unknown_variables, why_wrong
from stash.settings_file import read_settings_file
from stash.source.addresses import is_path
from stash.transport.addresses import StashAddress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo


def _setting(name: str, default: Any, variable: str = "", **limits: Any) -> Any:  # noqa: ANN401 - as pydantic's Field
    """Return the field of a setting. Its variable is `STASH_SYNC_<NAME>` unless one is given."""
    alias = AliasChoices(name, variable or f"STASH_SYNC_{name.upper()}")
    return Field(default=default, validation_alias=alias, **limits)


DATABASES = ("database", "state")
"""The settings that name a database. Its address may hold a password."""

Words = Annotated[frozenset[str], NoDecode]
"""Names in lower case, from a list or a text with commas."""


class Settings(BaseSettings):
    """Every setting, with its default. Durations are in seconds."""

    model_config = SettingsConfigDict(
        extra="forbid", populate_by_name=True, validate_default=False, hide_input_in_errors=True
    )

    url: str | None = _setting("url", None, "STASH_URL")
    """The address of Stash, as in the browser: `http://host:9999`."""
    api_key: SecretStr | None = _setting("api_key", None, "STASH_API_KEY")
    """The API key from Stash's Settings, Security."""
    ca_file: str | None = _setting("ca_file", None)
    """The certificate of an authority of your own."""
    database: str | None = _setting("database", None, "STASH_SYNC_DATABASE_URL", repr=False)
    """The metadata database: a path, `sqlite:///…` or `postgresql://…`."""
    state: str | None = _setting("state", None, "STASH_SYNC_STATE_URL", repr=False)
    """The database of the `sync_` tables, unless they are in the metadata database."""
    downloads: Path | None = _setting("downloads", None)
    """The downloader's folder."""
    path_map: str | None = _setting("path_map", None)
    """The folder of the downloads as Stash sees it: pairs `host=stash` with semicolons between them."""
    reorganised: bool = _setting("reorganised", default=False)
    """Stash has the downloads in other subfolders of those of `path_map`, which are scanned as wholes."""
    scan_generate: ScanChoice = _setting("scan_generate", DEFAULTS)
    """The kinds that Stash generates in a scan: `defaults` (its own), `none`, `all`, or some such as `covers, phashes`."""
    patience: float = _setting("patience", 300.0, gt=0)
    """Seconds to wait for Stash, its jobs and a locked database."""
    full_after: int = _setting("full_after", 30, ge=0)
    """Days after which a sync looks at everything again, not only at what may have changed. 0 is every time."""
    keep_runs: int = _setting("keep_runs", 20, gt=0)
    """The number of runs with changes whose single changes are kept, so that `undo` can take them back."""
    downloader_config: Path | None = _setting("downloader_config", None)
    """The downloader's `config.ini` or `config.yaml`, with the defaults of address, database and downloads."""

    only_creators: Words = _setting("only_creators", frozenset())
    """The creators, by username or id, that a run without names syncs. All by default."""
    skip_creators: Words = _setting("skip_creators", frozenset())
    """The creators, by username or id, that are skipped."""
    kinds: Annotated[frozenset[Kind], NoDecode] = _setting("kinds", KINDS)
    """The kinds of items that are synced: `post`, `message`, `story`, `wall`."""
    since: date | None = _setting("since", None)
    """The first day, in UTC, of the items that are synced."""
    until: date | None = _setting("until", None)
    """The last day, in UTC, of the items that are synced."""
    only_tags: Words = _setting("only_tags", frozenset())
    """Only items with one of these hashtags."""
    skip_tags: Words = _setting("skip_tags", frozenset())
    """No item with one of these hashtags."""
    only_items: Words = _setting("only_items", frozenset())
    """Only the items with these ids."""
    skip_items: Words = _setting("skip_items", frozenset())
    """No item with one of these ids."""
    ignore_tags: Words = _setting("ignore_tags", frozenset())
    """Hashtags that become no tag."""
    rename_tags: Annotated[dict[str, str], NoDecode] = _setting("rename_tags", {})
    """Hashtags whose tag has another name: pairs `hashtag=name` with semicolons between them, or a table in the file."""
    title: str = _setting("title", TITLE)
    """The title of galleries, scenes and images, made of {title} {username} {name} {date} {id} {kind}."""
    studio: str = _setting("studio", STUDIO)
    """The name of creators' studios, made of {username} {name} {id}."""
    extras: Annotated[frozenset[Extra], NoDecode] = _setting("extras", frozenset())
    """Additions to the mapping: `kind`, `access`, `state`, `price` and `likes` as tags, `account_id` as a custom field."""
    split_scenes: bool = _setting("split_scenes", default=False)
    """Give a video a scene of its own if Stash holds it as a further file of another scene."""

    @field_validator(
        "only_creators",
        "skip_creators",
        "only_tags",
        "skip_tags",
        "only_items",
        "skip_items",
        "ignore_tags",
        "kinds",
        "extras",
        mode="before",
    )
    @classmethod
    def _words(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, str | list | tuple | set | frozenset):
            return value
        many = value.split(",") if isinstance(value, str) else map(str, value)
        words = frozenset(word for one in many if (word := one.strip().lstrip("#@").lower()))
        return EXTRAS if info.field_name == "extras" and words == {"all"} else words

    @field_validator("kinds")
    @classmethod
    def _all_kinds(cls, value: frozenset[Kind]) -> frozenset[Kind]:
        return value or KINDS

    @field_validator("rename_tags", mode="before")
    @classmethod
    def _renames(cls, value: object) -> object:
        if isinstance(value, str):
            value = dict(_pair(one) for one in value.split(";") if one.strip())
        if isinstance(value, dict):
            return {str(key).strip().lstrip("#").lower(): str(name).strip() for key, name in value.items()}
        return value

    @field_validator("title", "studio")
    @classmethod
    def _known_fields(cls, value: str, info: ValidationInfo) -> str:
        known = TITLE_FIELDS if info.field_name == "title" else STUDIO_FIELDS
        try:
            parts = list(string.Formatter().parse(value))
        except ValueError as error:
            raise ValueError(f"its braces do not match ({error})") from error
        named = {name for _, name, _, _ in parts if name is not None}
        if unknown := sorted(named - known):
            raise ValueError(f"there is no {{{unknown[0]}}}; use {', '.join(sorted(known))}")
        if not value.strip():
            raise ValueError("it is blank")
        return value

    def paths(self) -> PathMap:
        """Return the translation of paths between this host and Stash."""
        return PathMap.parse(self.path_map, is_reorganised=self.reorganised)

    def rules(self) -> Rules:
        """Return the user's choices about the mapping."""
        return Rules(
            only=self.only_creators,
            skip=self.skip_creators,
            kinds=self.kinds,
            since=self.since,
            until=self.until,
            only_tags=self.only_tags,
            skip_tags=self.skip_tags,
            only_items=self.only_items,
            skip_items=self.skip_items,
            ignore_tags=self.ignore_tags,
            rename_tags=self.rename_tags,
            title=self.title,
            studio=self.studio,
            extras=self.extras,
            split_scenes=self.split_scenes,
        )

    @field_validator("api_key", mode="before")
    @classmethod
    def _fit_for_a_header(cls, value: object) -> str | None:
        """Return the key as a header takes it. The downloader's config may hold a number."""
        key = value.get_secret_value() if isinstance(value, SecretStr) else value
        return None if key is None else key_header(str(key)).get("ApiKey")

    @field_validator("downloads")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        """Return the absolute path, because Stash knows files by their whole path."""
        try:
            return None if value is None else value.expanduser().absolute()
        except RuntimeError as error:
            raise ValueError(f"there is no home folder for {str(value)!r}") from error

    @field_validator(*DATABASES)
    @classmethod
    def _absolute_file(cls, value: str | None) -> str | None:
        """Return the absolute path of a database, so that it has one name from every folder."""
        return str(Path(value).expanduser().absolute()) if value and is_path(value) else value

    @field_validator("url", "database", "state", "path_map", "ca_file", mode="before")
    @classmethod
    def _none_when_empty(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("url")
    @classmethod
    def _as_in_the_browser(cls, value: str | None) -> str | None:
        """Return the address without its secrets, because the journal knows a Stash by its address."""
        return None if value is None else StashAddress(value)

    @model_validator(mode="after")
    def _key_of_the_address(self) -> Self:
        """Take the API key from the query of the address if none is set."""
        if self.api_key is None and self.url is not None and (key := StashAddress(self.url).api_key):
            self.api_key = SecretStr(key)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources by rank: flags, environment, file, the downloader's config."""
        file = InitSettingsSource(settings_cls, read_settings_file())
        return init_settings, env_settings, file, _DownloaderConfig(settings_cls)


class _DownloaderConfig(PydanticBaseSettingsSource):
    """The downloader's config file, if an earlier source names one."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - pydantic's signature
        """Return nothing for a single field, because the file is read as a whole."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the settings in the file."""
        path = self.current_state.get("downloader_config")
        return read_downloader_config(Path(path).expanduser()) if path else {}


def _pair(text: str) -> tuple[str, str]:
    hashtag, separator, name = text.partition("=")
    if not separator or not hashtag.strip() or not name.strip():
        raise ValueError(f"{text.strip()!r} is no rename; write hashtag=name")
    return hashtag, name


def load_settings(flags: Mapping[str, Any], place: str = "--{}") -> Settings:
    """Return the settings in force. Flags that are None are ignored. `place` says where a wrong flag stands.

    Raises:
        UsageError: a value is wrong, or the file or the environment has an unknown name.
    """
    refuse_unknown_variables(os.environ, VARIABLES)
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = _FIELDS.get(str(first["loc"][0]).upper(), str(first["loc"][0]))
        raise UsageError(why_wrong(name, _where(name, flags, place), first, list(VARIABLES))) from None


def _where(name: str, flags: Mapping[str, Any], place: str) -> str:
    """The place that a value comes from."""
    if flags.get(name) is not None:
        return place.format(name.replace("_", "-"))
    if (variable := VARIABLES.get(name, "")) in os.environ:
        return variable
    return f"The setting {name}"


VARIABLES = {
    name: str(field.validation_alias.choices[1])
    for name, field in Settings.model_fields.items()
    if isinstance(field.validation_alias, AliasChoices)
}
"""The environment variable of each setting."""

_FIELDS = {variable: name for name, variable in VARIABLES.items()}
