"""`--only` and `--skip`: what each word means."""

from __future__ import annotations

import pytest

from stash.errors import UsageError
from stash.selectors import narrow_settings
from stash.settings import Settings
from stash.source.items import Creator, Item


def test_each_word_narrows_its_own_setting() -> None:
    """A creator, a hashtag, an item, a kind: each goes to the setting of its meaning."""
    found = narrow_settings(
        Settings(), ["@Anna", "#River", "post:12", "13", "posts"], ["@bea", "#lake", "message 14"]
    )
    assert (found.only_creators, found.skip_creators) == ({"anna"}, {"bea"})
    assert (found.only_tags, found.skip_tags) == ({"river"}, {"lake"})
    assert (found.only_items, found.skip_items) == ({"12", "13"}, {"14"})
    assert found.kinds == {"post"}


def test_skip_joins_what_is_set_and_only_takes_its_place() -> None:
    """What the settings leave out stays out; what they choose is chosen anew."""
    settings = Settings(skip_tags="lake", only_tags="river", kinds="post,message")
    found = narrow_settings(settings, ["#sea"], ["#hill", "messages"])
    assert (found.skip_tags, found.only_tags, found.kinds) == ({"lake", "hill"}, {"sea"}, {"post"})
    assert narrow_settings(settings, [], []) == settings


@pytest.mark.parametrize("word", ["anna", "", "@", "#", "2025-01-01", "video"])
def test_other_words_are_refused(word: str) -> None:
    """A word that says nothing to choose by is refused with those that do."""
    with pytest.raises(UsageError, match="@creator"):
        narrow_settings(Settings(), [word], [])


def test_skipping_every_kind_is_refused() -> None:
    """A sync of nothing at all is a mistake."""
    with pytest.raises(UsageError, match="every kind"):
        narrow_settings(Settings(), [], ["post", "message", "story", "walls"])


def test_items_are_chosen_by_id() -> None:
    """An item that is skipped is not taken, nor one that is not among those asked for."""
    one, two = (Item("post", number, Creator(1, "anna")) for number in (1, 2))
    assert [narrow_settings(Settings(), [], ["1"]).rules().takes(item) for item in (one, two)] == [
        False,
        True,
    ]
    assert [narrow_settings(Settings(), ["1"], []).rules().takes(item) for item in (one, two)] == [
        True,
        False,
    ]
