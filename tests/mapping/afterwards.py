"""What happens to the world of every_case.py between two syncs: at the source, and by the user's own hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery, Image, Tag

from stash.demo.files import jpeg
from tests.metadata.factories import AttachmentFactory, moment

if TYPE_CHECKING:
    from tests.mapping.every_case import EveryCase


async def afterwards(world: EveryCase) -> None:
    """Somebody is renamed, somebody becomes a creator, images, texts and hashtags come and go; the user edits."""
    _added(world)
    await world.case.save()
    await world.case.execute(*_changed(world))
    await _edited(world)


def _added(world: EveryCase) -> None:
    """A mention becomes a creator; an image joins what carries others, before all; a file comes at last."""
    rows, word, bea = world.case.rows, world.word, world.bea
    world.rows = rows
    known = rows.account(username=f"{word}.unknown", displayName=f"{word} Known", about="Found out")
    picture = world.media("known.p", known, "Collections/k_id_{}.jpeg")
    world.post("of known", known, picture, createdAt=moment(70))
    early = world.media("top.early", bea, f"{bea.username}_fansly/Timeline/Pictures/a_id_{{}}.jpeg")
    rows.add(AttachmentFactory(postId=world.ids["top"], contentId=rows.offered(early).id, pos=9))
    folder = world.case.downloads / f"{word}_a_fansly" / "Timeline" / "Pictures"
    world.paths["gone.p"] = folder / f"2025-01-01_at_12-00_UTC_id_{world.ids['gone.p']}.jpeg"
    world.paths["gone.p"].write_bytes(jpeg("gone"))


def _changed(world: EveryCase) -> list[str]:
    """A new username and display name; another text; a hashtag and a post of a wall less."""
    ids, word = world.ids, world.word
    red = f"SELECT id FROM hashtags WHERE value = '{word}Red'"
    return [
        f"UPDATE accounts SET username = '{word}_new', \"displayName\" = '{word} Else' WHERE id = {ids['anna']}",
        f"UPDATE posts SET content = 'Another text by and by' WHERE id = {ids['ten']}",
        f'DELETE FROM post_hashtags WHERE "postId" = {ids["first"]} AND "hashtagId" IN ({red})',
        f'DELETE FROM wall_posts WHERE "wallId" = {ids["wall"]} AND "postId" = {ids["leaf"]}',
    ]


async def _edited(world: EveryCase) -> None:
    """A title and a tag of the user's, a performer taken off, a gallery deleted."""
    async with world.case.stash() as store:
        images = {
            name: await store.find_one(Image, code=str(world.ids[name])) for name in ("longest.p", "longer.p")
        }
        images["longest.p"].title = "Mine"
        await images["longest.p"].add_tag(await store.find_one(Tag, name=f"{world.word}two words"))
        images["longer.p"].performers = []
        await store.flush()
        gallery = await store.find_one(Gallery, code=str(world.ids["reply"]))
        document = "mutation($ids: [ID!]!) { galleryDestroy(input: {ids: $ids}) }"
        assert not (await store.connection.mutate(document, {"ids": [gallery.id]}, fields=1)).errors
