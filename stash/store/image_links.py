"""Links between galleries and images: from whichever side they were set, they are written once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery, Image

from stash.store.changes import Change, before, edited_fields, mark_sent, values
from stash.store.documents import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stash.store.kinds import Entity


def image_links(entities: Sequence[Image | Gallery]) -> Iterable[tuple[Image, Gallery, bool]]:
    """The links that differ from what Stash has: (image, gallery, whether it is to be there)."""
    for entity in entities:
        name = "galleries" if isinstance(entity, Image) else "images"
        if name not in edited_fields(entity):
            continue
        now, known = entity.__dict__[name] or [], before(entity, name) or []
        standing, wanted = {id(one) for one in known}, {id(one) for one in now}
        for one, present in (
            *((one, True) for one in now if id(one) not in standing),
            *((one, False) for one in known if id(one) not in wanted),
        ):
            yield (entity, one, present) if isinstance(entity, Image) else (one, entity, present)


def confirm(
    entities: Sequence[Image | Gallery], confirmed: set[tuple[str, str, bool]], applied: list[Change]
) -> None:
    """Note the links that Stash confirmed as (image id, gallery id, present); the others stay pending."""
    links = list(image_links(entities))
    refused = {id(i) for i, g, p in links if (i.id, g.id, p) not in confirmed}
    refused |= {id(g) for i, g, p in links if (i.id, g.id, p) not in confirmed}
    for entity in entities:
        name = "galleries" if isinstance(entity, Image) else "images"
        if name in edited_fields(entity) and id(entity) not in refused:
            applied.append(
                Change(entity, "link", name, before(entity, name), list(entity.__dict__[name] or []))
            )
            mark_sent(entity, values(entity, [name]))


def link_field(name: str, gallery: Entity, images: Sequence[Image]) -> Field:
    """The mutation that adds images to a gallery, or takes them out."""
    content = {"gallery_id": gallery.id, "image_ids": [image.id for image in images]}
    kind = "GalleryAddInput!" if name.startswith("add") else "GalleryRemoveInput!"
    return Field(name, {"input": (kind, content)})
