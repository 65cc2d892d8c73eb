"""The net change of a run."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stash.changes.net_changes import NetChange, comparable, net_changes, new_ids, with_ids
from stash.journal import LogEntry, SourceKey

KEY = SourceKey("post", "9")
SETS = st.lists(st.sampled_from("abcd"), unique=True)


def entry(action: str, before: dict[str, object], after: dict[str, object], stash_id: str = "3") -> LogEntry:
    """An entry of the log that Stash took."""
    return LogEntry("Gallery", KEY, action, before, after, stash_id=stash_id, state="applied")  # type: ignore[arg-type]


@given(st.lists(SETS, min_size=2, max_size=6))
def test_a_set_has_the_difference_of_its_ends(states: list[list[str]]) -> None:
    """However a set changed meanwhile, the net change is from the first state to the last one."""
    change = NetChange(("Gallery", "3"), KEY)
    for before, after in pairwise(states):
        change.add("urls", before, after)
    field = change.fields["urls"]
    assert set(field.before) == set(states[0]) - set(states[-1])
    assert set(field.after) == set(states[-1]) - set(states[0])
    assert field.full_before == states[0]


def test_a_value_has_its_ends() -> None:
    """A value that was written twice goes from what stood first to what was written last."""
    entries = [
        entry("update", {"title": "a"}, {"title": "b"}),
        entry("update", {"title": "b"}, {"title": "c"}),
    ]
    field = net_changes(entries)["Gallery", "3"].fields["title"]
    assert (field.before, field.after) == ("a", "c")


def test_what_stash_refused_is_no_change() -> None:
    """An entry that failed, or whose entity has no id, is left out; one without an outcome counts."""
    entries = [entry("update", {}, {"title": "b"})._replace(state="failed"), entry("create", {}, {}, "")]
    assert net_changes(entries) == {}
    assert net_changes([entry("update", {}, {"title": "b"})._replace(state="planned")])


def test_a_new_id_is_taken_everywhere() -> None:
    """An entity that an undo made again is meant by its new id, and so are the links to it."""
    ids = new_ids([entry("destroy", {"title": "a"}, {}), entry("create", {}, {"title": "a"}, "30")])
    assert ids == {("Gallery", "3"): "30"}
    scene = LogEntry("Scene", KEY, "update", {"galleries": []}, {"galleries": ["3", "4"]}, stash_id="3")
    renamed, linked = with_ids([entry("update", {}, {"title": "b"}), scene], ids)
    assert (renamed.stash_id, linked.stash_id, linked.after) == ("30", "3", {"galleries": ["30", "4"]})


def test_values_that_stash_keeps_alike_compare_alike() -> None:
    """Nothing is empty in each form; the order of a set does not count, that of a text's blanks at its ends neither."""
    assert len({comparable(one) for one in (None, "", " ", False, [], {})}) == 1
    assert comparable(["a", "b"]) == comparable(["b", " a", "b"])
    assert comparable({"a": 1, "b": 2}) == comparable({"b": 2, "a": 1}) != comparable({"a": 1})
