"""Settings: where each comes from, and what is said of a wrong one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from stash.errors import UsageError
from stash.explaining import explain, loose_permissions
from stash.files.paths import PathMap
from stash.mapping.rules import KINDS, Rules
from stash.settings import load_settings
from stash.settings_file import SETTINGS_FILE


def test_flags_then_environment_then_file_then_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag beats the environment, the environment the file, the file the default."""
    monkeypatch.delenv("STASH_URL", raising=False)
    assert load_settings({}).url is None
    Path(SETTINGS_FILE).write_text('url = "http://file"\npatience = 5\n')
    assert load_settings({}).url == "http://file"
    monkeypatch.setenv("STASH_URL", "http://environment")
    assert load_settings({"database": None}).url == "http://environment"
    assert load_settings({"url": "http://flag"}).url == "http://flag"
    assert load_settings({}).patience == 5
    sources = {name: source for name, _, source in explain(load_settings({}), {"downloads": Path()})}
    assert (sources["url"], sources["patience"], sources["downloads"], sources["state"]) == (
        "STASH_URL",
        SETTINGS_FILE,
        "flag",
        "default",
    )


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set to nothing does not count."""
    monkeypatch.setenv("STASH_URL", "")
    assert load_settings({}).url is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("patience = -1", "patience"),
        ("colour = 1", "colour is wrong: there is no such setting"),
        ("url = ", "no TOML"),
    ],
)
def test_a_wrong_file_is_said(content: str, words: str) -> None:
    """A wrong value, an unknown key and a broken file are each named."""
    Path(SETTINGS_FILE).write_text(content)
    with pytest.raises(UsageError, match=words):
        load_settings({})


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the key nor a password in a URL is shown."""
    monkeypatch.setenv("STASH_API_KEY", "very-secret")
    monkeypatch.setenv("STASH_SYNC_DATABASE_URL", "postgresql://me:very-secret@host/db")
    rows = explain(load_settings({}), {})
    assert "very-secret" not in str(rows)
    assert "very-secret" not in repr(load_settings({}))


def test_loose_permissions_are_said() -> None:
    """A settings file with a key that others can read is warned of; one without a key, or well kept, is not."""
    file = Path(SETTINGS_FILE)
    assert loose_permissions() is None
    file.write_text('url = "http://x"\n')
    file.chmod(0o644)
    assert loose_permissions() is None
    file.write_text('api_key = "k"\n')
    assert "chmod 600" in (loose_permissions() or "")
    file.chmod(0o600)
    assert loose_permissions() is None


def test_a_relative_downloads_folder_is_made_absolute(tmp_path: Path) -> None:
    """Stash knows files by their whole path, so a folder is named by its own, wherever the command runs."""
    assert load_settings({"downloads": "dl"}).downloads == tmp_path / "dl"


INI = """
[Options]
download_directory = /data/My "Best" = dl;
metadata_db_file = meta/metadata.sqlite3
use_folder_suffix = True
[StashContext]
scheme = https
host = nas.local
port = 9998
apikey = 100%secret
mapped_path = /stash/dl
"""

YAML = """
options:
  download_directory: downloads
  separate_timeline: true
postgres:
  pg_host: db.local
  pg_database: fansly_metadata
  pg_user: me@home
  pg_password: "a/b"
stash_context:
  host: "::1"
  port: 9999
  apikey: ""
  mapped_path: 'D:\\stash'
  override_dldir_w_mapped: true
  require_stash_only_mode: false
  enable_scene_split: true
"""


def test_the_downloaders_ini() -> None:
    """`config.ini` says where Stash is, where the files are and how Stash sees them, and which database."""
    Path("config.ini").write_text(INI)
    settings = load_settings({"downloader_config": Path("config.ini")})
    assert (settings.url, settings.api_key.get_secret_value()) == ("https://nas.local:9998", "100%secret")
    assert settings.downloads == Path('/data/My "Best" = dl;')
    assert settings.database == str(Path.cwd() / "meta/metadata.sqlite3")
    assert PathMap.parse(settings.path_map).to_stash('/data/My "Best" = dl;/x') == "/stash/dl/x"
    assert not settings.split_scenes
    assert not settings.reorganised


def test_the_downloaders_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """`config.yaml` says the same; folders are relative to it, and the password's own variable wins."""
    Path("somewhere").mkdir()
    Path("somewhere/config.yaml").write_text(YAML)
    monkeypatch.setenv("STASH_SYNC_DOWNLOADER_CONFIG", "somewhere/config.yaml")
    settings = load_settings({})
    downloads = Path.cwd() / "somewhere/downloads"
    assert (settings.url, settings.api_key, settings.downloads) == ("http://[::1]:9999", None, downloads)
    assert settings.database == "postgresql://me%40home:a%2Fb@db.local:5432/fansly_metadata"
    mapping = PathMap.parse(settings.path_map)
    assert mapping.to_stash(f"{downloads}/anna_fansly/x.jpg") == r"D:\stash\anna_fansly\x.jpg"
    assert mapping.to_stash(f"{downloads}2/x.jpg") == f"{downloads}2/x.jpg"
    assert settings.split_scenes
    assert settings.reorganised
    assert settings.paths().folders([r"D:\stash\anna_fansly\x.jpg"]) == [r"D:\stash"]
    monkeypatch.setenv("FANSLY_PG_PASSWORD", "other")
    assert "me%40home:other@" in (load_settings({}).database or "")


@pytest.mark.parametrize("creators", [["anna"], ["anna", "bea"]])
def test_a_database_for_each_creator(creators: list[str]) -> None:
    """With `separate_metadata` the one creator's database is the database; of several none is chosen."""
    Path("config.ini").write_text("[Options]\ndownload_directory = dl\nseparate_metadata = True\n")
    for name in creators:
        path = Path(f"dl/{name}_fansly/meta/{name}_metadata.sqlite3")
        path.parent.mkdir(parents=True)
        path.touch()
    settings = load_settings({"downloader_config": Path("config.ini")})
    assert settings.database == (str(path.absolute()) if len(creators) == 1 else None)


def test_the_downloaders_config_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a flag, the environment or our own file says beats the downloader's config; `settings` names the source."""
    Path("config.ini").write_text(INI)
    Path(SETTINGS_FILE).write_text('downloader_config = "config.ini"\nurl = "http://file"\n')
    monkeypatch.setenv("STASH_SYNC_DATABASE_URL", "mine.sqlite")
    settings = load_settings({"path_map": "/a=/b"})
    assert (settings.url, settings.database, settings.path_map) == (
        "http://file",
        str(Path.cwd() / "mine.sqlite"),
        "/a=/b",
    )
    sources = {name: source for name, _, source in explain(settings, {"path_map": "/a=/b"})}
    assert (sources["downloads"], sources["url"], sources["database"]) == (
        "config.ini",
        SETTINGS_FILE,
        "STASH_SYNC_DATABASE_URL",
    )


@pytest.mark.parametrize("folder", ["", "files"], ids=["beside the config", "with the files"])
def test_the_database_that_the_downloader_makes_by_itself(folder: str) -> None:
    """Where the config names no database, the downloader's default file counts, if it is there."""
    Path("config.ini").write_text("[Options]\ndownload_directory = files\n")
    Path("files").mkdir()
    assert load_settings({"downloader_config": Path("config.ini")}).database is None
    (Path(folder) / "metadata_db.sqlite3").touch()
    found = load_settings({"downloader_config": Path("config.ini")}).database
    assert found == str(Path.cwd() / folder / "metadata_db.sqlite3")


def test_a_postgresql_of_which_little_is_said() -> None:
    """What the config leaves out of the PostgreSQL database is as the downloader has it by default."""
    Path("config.yaml").write_text("postgres:\n  pg_password: secret\n")
    found = load_settings({"downloader_config": Path("config.yaml")}).database
    assert found == "postgresql://fansly_user:secret@localhost:5432/fansly_metadata"


@pytest.mark.parametrize("name", ["config.ini", "config.yaml"])
@pytest.mark.parametrize("content", ["", "options:\n", "[Options]\ndownload_directory = Local_directory\n"])
def test_a_config_that_says_little(name: str, content: str) -> None:
    """A file without the sections says nothing but the newer one's PostgreSQL, and the folder that nobody chose is none."""
    if name.endswith("yaml"):
        content = "" if content.startswith("[") else content
    elif content.startswith("options"):
        content = ""
    Path(name).write_text(content)
    settings = load_settings({"downloader_config": Path(name)})
    assert (settings.url, settings.downloads, settings.path_map) == (None,) * 3
    by_default = "postgresql://fansly_user@localhost:5432/fansly_metadata"
    assert settings.database == (by_default if name.endswith("yaml") else None)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.ini", None, "cannot be read"),
        ("config.ini", "download_directory", "no ini file"),
        ("config.yaml", "a: [", "no YAML"),
    ],
)
def test_a_broken_config_is_said(name: str, content: str | None, words: str) -> None:
    """A missing or broken file is named with what is wrong."""
    if content is not None:
        Path(name).write_text(content)
    with pytest.raises(UsageError, match=words):
        load_settings({"downloader_config": Path(name)})


def test_choices_are_lists_or_texts_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list in the file and a text in the environment say the same; `#`, `@` and case do not matter."""
    Path(SETTINGS_FILE).write_text(
        'only_tags = ["#Red", "blue "]\nsince = 2025-01-02\n[rename_tags]\n"#BW" = "Black and white"\n'
    )
    monkeypatch.setenv("STASH_SYNC_SKIP_CREATORS", "@Anna, 7, ")
    monkeypatch.setenv("STASH_SYNC_KINDS", "")
    rules = load_settings({}).rules()
    assert (rules.only_tags, rules.skip, rules.kinds) == ({"red", "blue"}, {"anna", "7"}, KINDS)
    assert rules.since == date(2025, 1, 2)
    assert rules.tag_of("BW") == "Black and white"
    monkeypatch.setenv("STASH_SYNC_RENAME_TAGS", "a=b; #C = d e")
    assert load_settings({}).rules().rename_tags == {"a": "b", "c": "d e"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('kinds = ["posts"]', "kinds"),
        ('extras = "weight"', "extras"),
        ('title = "{name} {colour}"', "there is no {colour}"),
        ('title = "{name"', "braces"),
        ('studio = " "', "blank"),
        ('studio = "{title}"', "there is no {title}"),
        ('rename_tags = "red"', "hashtag=name"),
        ('since = "yesterday"', "since"),
    ],
)
def test_a_wrong_choice_is_said(content: str, words: str) -> None:
    """Unknown kinds, extras and fields of templates, and what is no rename or day, are named."""
    Path(SETTINGS_FILE).write_text(content)
    with pytest.raises(UsageError, match=words):
        load_settings({})


def test_the_same_choices_have_the_same_key() -> None:
    """The digest of a part rests on the key: it does not depend on the order in which choices are given."""
    one, other = (Rules(only_tags=frozenset(tags)) for tags in (["a", "b", "c"], ["c", "b", "a"]))
    assert one.key == other.key
    assert one.key != Rules(title="{name}").key
