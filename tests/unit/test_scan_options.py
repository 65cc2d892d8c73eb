"""The setting `scan_generate`: its words, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.errors import UsageError
from stash.explaining import explain
from stash.scan_options import DEFAULTS, FLAGS, options, parse_choice
from stash.settings import load_settings
from stash.settings_file import SETTINGS_FILE

WORDS = st.sets(st.sampled_from([*FLAGS, "defaults"]), min_size=1)


@given(words=WORDS, separator=st.sampled_from([",", " , ", ",,"]), is_dashed=st.booleans())
def test_words_are_read_however_they_are_written(words: set[str], separator: str, *, is_dashed: bool) -> None:
    """A list and a text with commas say the same, in any case, with dashes or underscores."""
    text = separator.join(word.replace("_", "-").upper() if is_dashed else word for word in sorted(words))
    assert parse_choice(text) == parse_choice(sorted(words)) == words


@given(words=WORDS, saved=st.sets(st.sampled_from(sorted(FLAGS.values()))))
def test_options_are_the_saved_ones_and_the_chosen_ones(words: set[str], saved: set[str]) -> None:
    """A flag is on if it is chosen, or if it is saved and the saved ones are chosen."""
    sent = options(words, {field: field in saved for field in FLAGS.values()})
    wanted = {FLAGS[word] for word in words & FLAGS.keys()} | (saved if "defaults" in words else set())
    assert {field for field, is_on in sent.items() if is_on} == wanted


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ("", DEFAULTS),
        (" , ", DEFAULTS),
        ("none", {"none"}),
        ([], {"none"}),
        ("all", set(FLAGS)),
        ("all, covers", set(FLAGS)),
    ],
)
def test_short_choices(said: object, chosen: set[str]) -> None:
    """An empty variable is the default, an empty list is none, `all` is every flag."""
    assert parse_choice(said) == chosen


@pytest.mark.parametrize("said", ["cover", "none, covers", "defaults none", "true", "covers phashes"])
def test_what_is_no_choice_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """An unknown word, and one beside `none`, end with a sentence that names the setting."""
    monkeypatch.setenv("STASH_SYNC_SCAN_GENERATE", said)
    with pytest.raises(UsageError, match="SCAN_GENERATE"):
        load_settings({})


def test_it_stands_in_the_file_and_is_shown() -> None:
    """The settings file takes a list, and `settings` shows it."""
    Path(SETTINGS_FILE).write_text('scan_generate = ["phashes", "defaults"]\n')
    settings = load_settings({})
    assert settings.scan_generate == {"phashes", "defaults"}
    assert ("scan_generate", "defaults, phashes", SETTINGS_FILE) in explain(settings, {})
