"""What the journal keeps of a value."""

from __future__ import annotations

import json

import pytest
from stash_graphql_client.types.enums import GenderEnum
from stash_graphql_client.types.unset import UNSET

from stash.changes.change_set import plain


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("a", "a"),
        (True, True),
        (5, 5),
        (None, None),
        (UNSET, None),
        (["a"], ["a"]),
        (GenderEnum.FEMALE, "FEMALE"),
    ],
)
def test_a_value_is_kept_as_json(value: object, kept: object) -> None:
    """Texts, truths, numbers and lists as they are, a choice by its GraphQL name: so it can be written again."""
    assert json.loads(json.dumps(plain(value))) == kept
