"""The merge: every branch by name, and what holds for every history."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.reconcile.merge import merge_aliases, merge_set, merge_value
from stash.texts import normalize_text

TEXTS = st.sampled_from(["", "a", "b", "c", " a ", "Media from x"])
SETS = st.lists(st.sampled_from("abcdef"), unique=True)


@pytest.mark.parametrize(
    ("theirs", "wish", "known", "action", "reason"),
    [
        ("x", None, None, "same", "the source does not say"),
        ("x", "x", None, "same", "equal already"),
        (" x\n", "x", ["y"], "same", "equal already"),
        ("old", "new", ["old"], "write", "the source changed what we wrote"),
        ("old", "", ["old"], "write", "the source changed what we wrote"),
        ("mine", "new", ["old"], "keep", "edited in Stash"),
        ("", "new", ["old"], "keep", "edited in Stash"),
        (None, "new", None, "write", "empty in Stash"),
        ("mine", "", None, "same", "the source has nothing"),
        ("Media from Anna", "new", None, "write", "a placeholder of an earlier program"),
        ("predecessor", "new", None, "write", "written by an earlier program"),
        ("mine", "new", None, "keep", "origin unknown"),
    ],
)
def test_each_rule_for_a_value(theirs, wish, known, action, reason) -> None:
    """Each line of the table of values decides as it says, and says why."""
    decision = merge_value(theirs, wish, known, predecessors=["predecessor"])
    assert (decision.action, decision.reason) == (action, reason)
    assert decision.value == (wish if action == "write" else theirs)


def test_overwrite_writes_in_every_case() -> None:
    """A field that is to be overwritten takes the wish, whoever wrote what stands there."""
    decision = merge_value("mine", "new", ["old"], overwrite=True)
    assert (decision.action, decision.reason) == ("write", "overwritten as asked")
    assert merge_value("new", "new", ["old"], overwrite=True).action == "same"


@given(theirs=TEXTS, wish=TEXTS, known=st.none() | st.lists(TEXTS))
def test_a_value_is_settled_after_one_merge(theirs: str, wish: str, known: list[str] | None) -> None:
    """Merging again, with the result as what stands and what is remembered of it, writes nothing."""
    first = merge_value(theirs, wish, known)
    remembered = known if first.remembered is None else [first.remembered]
    second = merge_value(normalize_text(first.value), wish, remembered)
    assert second.action != "write"
    assert normalize_text(second.value) == normalize_text(first.value)


@given(
    edits=st.lists(st.tuples(st.sampled_from(["user", "source"]), st.sampled_from("abcdefgh")), max_size=12)
)
def test_no_history_loses_a_users_value(edits: list[tuple[str, str]]) -> None:
    """A user's value stands until the user changes it; the source's arrives as long as the user has not edited."""
    theirs, wish, known, by_user = "", "start", None, False
    for who, text in [("source", "start"), *edits]:
        if who == "user":
            by_user, theirs = by_user or text != theirs, text
        else:
            wish = text
        decision = merge_value(theirs, wish, known)
        if by_user and decision.action == "write":
            assert theirs in (known or [])  # the user put back what we had written
            by_user = False
        theirs = normalize_text(decision.value)
        known = known if decision.remembered is None else [decision.remembered]
        if theirs == wish:
            by_user = False
        if not by_user:
            assert theirs == wish


@given(theirs=SETS, wish=SETS, seen=SETS, complete=st.booleans(), data=st.data())
def test_a_set_is_the_formula(theirs, wish, seen, complete, data) -> None:
    """Result = theirs + (wish - seen) - (wrote - wish), and nothing goes where the source is not complete."""
    wrote = data.draw(st.lists(st.sampled_from(seen), unique=True)) if seen else []
    decision = merge_set(theirs, wish, seen, wrote, is_complete=complete)
    dropped = set(wrote) - set(wish) if complete else set()
    assert set(decision.result) == (set(theirs) | (set(wish) - set(seen))) - dropped
    assert set(decision.removed) == dropped & set(theirs)
    assert set(theirs) - set(wrote) <= set(decision.result)
    assert len(decision.result) == len(set(decision.result))
    again = merge_set(
        decision.result, wish, decision.known_members, decision.last_applied, is_complete=complete
    )
    assert (again.added, again.removed, again.known_members, again.last_applied) == (
        (),
        (),
        decision.known_members,
        decision.last_applied,
    )


@given(
    steps=st.lists(st.tuples(st.sampled_from(["user+", "user-", "wish+", "wish-"]), st.sampled_from("abcd")))
)
def test_no_history_loses_a_users_link(steps: list[tuple[str, str]]) -> None:
    """What the user added stays, what the user removed stays removed, what the source dropped goes if we had added it."""
    theirs: set[str] = set()
    wish: set[str] = set()
    seen: tuple = ()
    wrote: tuple = ()
    added_by_user: set[str] = set()
    removed_by_user: set[str] = set()
    for step, key in steps:
        if step == "user+":
            added_by_user |= {key} - theirs
            removed_by_user.discard(key)
            theirs.add(key)
        elif step == "user-":
            removed_by_user |= {key} & theirs & set(seen)
            added_by_user.discard(key)
            theirs.discard(key)
        elif step == "wish+":
            wish.add(key)
        else:
            wish.discard(key)
            removed_by_user.discard(key)
        decision = merge_set(sorted(theirs), sorted(wish), seen, wrote)
        theirs, seen, wrote = set(decision.result), decision.known_members, decision.last_applied
        assert not removed_by_user & wish & theirs & set(decision.added)
        assert (added_by_user - set(wrote)) <= theirs
        assert theirs - added_by_user <= wish | set(wrote)


@pytest.mark.parametrize(
    ("theirs", "wish", "complete", "seen", "wrote"),
    [
        (["a"], ["a"], True, ("a",), ("a",)),
        ([], ["a"], True, ("a",), ()),  # the user took it off
        (["a"], ["b"], True, ("b",), ("b",)),
        (["a"], ["b"], False, ("a", "b"), ("a", "b")),
        ([], ["b"], False, ("a", "b"), ("b",)),
    ],
)
def test_what_is_remembered_of_a_set(theirs, wish, complete, seen, wrote) -> None:
    """Of what we had added ours stays what stands and is wished; where the source is not complete nothing is forgotten."""
    decision = merge_set(theirs, wish, ["a"], ["a"], is_complete=complete)
    assert (decision.known_members, decision.last_applied) == (seen, wrote)


def test_set_decisions_say_why() -> None:
    """The reason tells what the source did."""
    assert merge_set([], ["a"], [], []).reason == "new in the source"
    assert merge_set(["a"], [], ["a"], ["a"]).reason == "dropped by the source"
    assert merge_set(["a"], ["b"], ["a"], ["a"]).reason == "the source changed"
    assert merge_set(["a"], ["a"], ["a"], []).reason == "nothing new"


@given(theirs=st.lists(st.text(max_size=3)), wish=st.lists(st.text(max_size=3)), name=st.text(max_size=3))
def test_aliases_only_grow(theirs: list[str], wish: list[str], name: str) -> None:
    """No alias goes, none is added twice or equals the name, ignoring case."""
    result = merge_aliases(theirs, wish, name=name)
    assert result[: len(theirs)] == theirs
    wanted = {normalize_text(alias).casefold() for alias in wish} - {""}
    assert wanted <= {normalize_text(alias).casefold() for alias in (*result, name)}
    folded = [alias.casefold() for alias in result[len(theirs) :]]
    assert len(set(folded)) == len(folded)
    assert normalize_text(name).casefold() not in folded
    assert merge_aliases(result, wish, name=name) == result


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (None, ""),
        ("  a\r\n b\t ", "a\r\n b"),
        ("\u3000a\u00a0", "a"),
        ("a\ud800b", "a\ufffdb"),
        ("😀", "😀"),
        ("XaX", "XaX"),
    ],
)
def test_texts_are_compared_as_stash_keeps_them(text: str | None, kept: str) -> None:
    """Outer white space goes, lone surrogates are replaced, null is empty, everything else stays."""
    assert normalize_text(text) == kept


@given(st.text())
def test_what_is_kept_stays_as_it_is(text: str) -> None:
    """Keeping a text twice is keeping it once."""
    assert normalize_text(normalize_text(text)) == normalize_text(text)
