"""What is compared of an entity, to tell whether it stands as it was left."""

from __future__ import annotations

import httpx
from stash_graphql_client.types import Tag

from stash.embedded import EmbeddedStash
from stash.reconcile.fingerprint import signature_of, signature_of_row
from stash.store import connect


async def test_the_order_of_aliases_says_nothing() -> None:
    """A tag stands as it was left, in whatever order Stash finds its aliases; another alias is a change."""
    rows = [{"id": "1", "name": "art", "aliases": aliases} for aliases in (["b", "a"], ["a", "b"], ["a"])]
    one, other, changed = (signature_of_row("Tag", row) for row in rows)
    assert one == other != changed
    with EmbeddedStash([]) as stash:
        async with connect("http://stash.test", transport=httpx.ASGITransport(stash.app)) as store:
            tag = store.new(Tag, name="art", aliases=["b", "a"])
            assert signature_of(tag)[2:] == one[2:]
