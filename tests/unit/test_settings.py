"""Settings: where each comes from, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from stash.errors import UsageError
from stash.settings import SETTINGS_FILE, explain, load_settings, loose_permissions


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
