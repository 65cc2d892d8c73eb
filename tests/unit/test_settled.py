"""What is compared of an entity, to tell whether it stands as it was left."""

from __future__ import annotations

import httpx
from stash_graphql_client.types import Gallery, Image, Tag

from metadata.items import Creator
from stash.embedded import EmbeddedStash
from stash.engine.recording import Decided
from stash.engine.settled import Part, signature_of, signature_of_row
from stash.engine.wishes import Applied
from stash.journal import SourceKey
from stash.store import Change, Flushed, connect


async def test_the_order_of_aliases_says_nothing() -> None:
    """A tag stands as it was left, in whatever order Stash finds its aliases; another alias is a change."""
    rows = [{"id": "1", "name": "art", "aliases": aliases} for aliases in (["b", "a"], ["a", "b"], ["a"])]
    one, other, changed = (signature_of_row("Tag", row) for row in rows)
    assert one == other != changed
    with EmbeddedStash([]) as stash:
        async with connect("http://stash.test", transport=httpx.ASGITransport(stash.app)) as store:
            tag = store.new(Tag, name="art", aliases=["b", "a"])
            assert signature_of(tag)[2:] == one[2:]


async def test_what_a_later_batch_changes_is_signed_anew() -> None:
    """The signature of an entity, or of an image that joins a gallery, is let go when a later batch changes it."""
    with EmbeddedStash([]) as stash:
        async with connect("http://stash.test", transport=httpx.ASGITransport(stash.app)) as store:
            tag, image, gallery = (store.new(kind) for kind in (Tag, Image, Gallery))
            entities = [tag, image, gallery]
            decided = Decided(Creator(1, "anna"), Part(0), {}, "")
            decided.sign({id(entity): Applied(entity, SourceKey("x", "1")) for entity in entities})
            assert set(decided.signatures) == set(map(id, entities))
            decided.note(Flushed([Change(gallery, "link", {"images": []}, {"images": [image]})]))
            assert set(decided.signatures) == {id(tag)}
            decided.note(Flushed([Change(tag, "update", {"name": "a"}, {"name": "b"})]))
            assert not decided.signatures
