"""The client library has the private names that the store relies on, and they behave as assumed."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import stash_graphql_client
from stash_graphql_client import StashClient
from stash_graphql_client.store import StashEntityStore
from stash_graphql_client.types import Gallery, Performer, Tag
from stash_graphql_client.types.base import StashObject

import stash
from stash.store import library_internals as internals

PACKAGE = Path(stash.__file__).parent

PRIVATE_STATE = {"_snapshot", "_is_new", "_received_fields", "_pending_side_ops"}
GUARDED = PRIVATE_STATE | {
    "__pydantic_private__",
    "__pydantic_fields_set__",
    "__pydantic_extra__",
    "_diff_custom_fields",
    "_type_index",
}

OVERRIDDEN = {
    StashObject: ["_sync_inverse_relationship", "_add_to_relationship", "_remove_from_relationship"],
    StashEntityStore: ["_cache_entity"],
    StashClient: ["_decode_result", "_parse_result_to_type", "_raw_execute", "_convert_datetime"],
}

CLASS_ATTRIBUTES = [
    "__tracked_fields__",
    "__relationships__",
    "__side_mutations__",
    "__create_input_type__",
    "__update_input_type__",
    "__type_name__",
]


@pytest.fixture
def library_store() -> StashEntityStore:
    """A store of the library that no request reaches."""
    return StashEntityStore(client=None)  # type: ignore[arg-type]  # nothing is asked


def tag_of_a_reply(**fields: Any) -> Tag:
    """Parse a tag as the library does."""
    return Tag.from_graphql({"id": "7", "name": "one", **fields})


def test_no_other_module_uses_them() -> None:
    """The private names of the library are in one module of the package."""
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name
        not in {"library_internals.py", "downloader_memory.py"}  # the latter: names of the downloader
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.Constant)
        and (name := node.attr if isinstance(node, ast.Attribute) else node.value) in GUARDED
    ]
    assert found == []


@pytest.mark.parametrize(
    ("owner", "name"), [(owner, name) for owner, names in OVERRIDDEN.items() for name in names]
)
def test_what_is_overridden_exists(owner: type[Any], name: str) -> None:
    """A method that the package overrides is one that the library calls."""
    assert callable(getattr(owner, name))
    root = Path(stash_graphql_client.__file__).parent
    calls = [re.search(rf"\.{name}\b", path.read_text()) is not None for path in root.rglob("*.py")]
    assert any(calls)


@pytest.mark.parametrize("name", CLASS_ATTRIBUTES)
def test_types_declare_how_they_are_written(name: str) -> None:
    """Each written type tells its tracked fields, relations, handlers and inputs."""
    assert all(getattr(cls, name) is not None for cls in (Gallery, Performer, Tag))


def test_the_state_of_an_entity_is_what_blank_makes() -> None:
    """An entity that the store builds has the private state of one that the library builds."""
    theirs = tag_of_a_reply()
    ours = internals.blank(Tag, dict.fromkeys(Tag.model_fields), "7")
    assert set(StashObject.__private_attributes__) == PRIVATE_STATE
    assert theirs.__pydantic_private__ is not None
    assert ours.__pydantic_private__ is not None
    assert ours.__pydantic_private__.keys() == theirs.__pydantic_private__.keys() == PRIVATE_STATE
    assert vars(ours).keys() == vars(theirs).keys()
    assert ours.__pydantic_extra__ == theirs.__pydantic_extra__


def test_the_library_compares_edits_with_the_snapshot() -> None:
    """The library calls an entity edited whose value differs from that of the snapshot."""
    tag = tag_of_a_reply()
    assert not tag.is_dirty()
    internals.snapshot(tag)["name"] = "another"
    assert tag.is_dirty()
    assert internals.snapshot(tag) is tag._snapshot


def test_new_and_created() -> None:
    """The library sees what `mark_new` and `mark_created` set."""
    tag = Tag(name="one")
    assert internals.is_new(tag)
    assert tag.is_new()
    internals.mark_created(tag)
    assert not tag.is_new()
    assert internals.snapshot(tag) == {}
    internals.mark_new(tag)
    assert tag.is_new()


def test_received_fields_are_those_of_replies(
    library_store: StashEntityStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a store is live the library notes the fields of a reply, and sees those that the store notes."""
    monkeypatch.setattr(StashObject, "_store", library_store)
    tag = tag_of_a_reply()
    assert internals.received(tag) == {"id", "name"}
    assert internals.received(Tag(name="one")) == frozenset()
    internals.set_received(tag, frozenset({"id"}))
    assert tag._received_fields == {"id"}


def test_an_unchecked_assignment_leaves_what_a_checked_one_does() -> None:
    """`assign_unchecked` leaves the fields and the notes of pydantic's own assignment."""
    checked, unchecked = tag_of_a_reply(), tag_of_a_reply()
    checked.description = "a text"
    internals.assign_unchecked(unchecked, "description", "a text")
    assert vars(checked) == vars(unchecked)
    assert internals.assigned_fields(checked) == internals.assigned_fields(unchecked)
    assert "description" in internals.assigned_fields(checked)


def test_copied_state_is_the_other_ones() -> None:
    """An entity that takes another's state is no longer new, and edited as the other one is."""
    new, known = Tag(name="one"), tag_of_a_reply()
    internals.copy_state(known, new)
    assert not new.is_new()
    assert internals.snapshot(new) == internals.snapshot(known)


def test_the_edit_of_custom_fields_is_an_input() -> None:
    """The library makes an input of edited custom fields, and none without an edit."""
    performer = Performer.from_graphql({"id": "7", "name": "one", "custom_fields": {"a": 1}})
    assert internals.custom_fields_diff(performer) is None
    performer.custom_fields = {"a": 2}
    assert internals.custom_fields_diff(performer).to_graphql()["partial"] == {"a": 2}


def test_the_identity_map_of_the_library(library_store: StashEntityStore) -> None:
    """The library finds an entity by the entry of its type and id, and by the index of its type."""
    tag = tag_of_a_reply()
    library_store._cache_entity(tag)
    assert internals.entries_of(library_store)["Tag", "7"].entity is tag
    assert internals.ids_by_type(library_store) == {"Tag": {"7"}}
    internals.entries_of(library_store).clear()
    assert library_store.get_cached(Tag, "7") is None


def test_one_store_is_live(library_store: StashEntityStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The types ask the live store first, so that an id is one object."""
    monkeypatch.setattr(StashObject, "_store", None)
    assert internals.live_store() is None
    internals.set_live_store(library_store)
    assert internals.live_store(Tag) is library_store
    tag = tag_of_a_reply()
    library_store._cache_entity(tag)
    assert Tag(id="7") is tag
