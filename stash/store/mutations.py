"""Building mutations: the input of each, the change that it makes, and the values known after it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from stash_graphql_client.types import Gallery, GalleryChapter, Image

from stash.store.changes import (
    SENT_SEPARATELY,
    Change,
    before,
    edited_fields,
    is_unmade,
    mark_sent,
    related,
    sendable,
    to_input,
    values,
)
from stash.store.documents import Field
from stash.store.entities import assign
from stash.store.entity_types import Entity, kind_of
from stash.store.library_internals import is_new, snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence


WRITTEN = "id updated_at"
"""The selection of every write: the id, and the time of the write by Stash's clock."""


class Link(NamedTuple):
    """An image that joins or leaves a gallery. `owner` is the entity on which the link was set."""

    owner: Entity
    field: str
    image: Image
    gallery: Gallery
    present: bool

    @property
    def other(self) -> Entity:
        """Return the entity that `owner` lists."""
        return self.gallery if self.owner is self.image else self.image


@dataclass(slots=True, eq=False)
class Mutation:
    """One mutation of one entity.

    `sent` is a copy of the values at the time of sending, `answered` the fields that Stash's reply held.
    """

    entity: Entity
    root_field: Field
    change: Change
    sent: dict[str, Any] = field(default_factory=dict)
    links: Sequence[Link] = ()
    answered: Collection[str] = ()
    has_picture: bool = False

    def entities(self) -> list[Entity]:
        """Return the entities to read again in order to see whether the mutation took effect."""
        if isinstance(self.entity, GalleryChapter):
            return [self.entity.gallery] if isinstance(self.entity.gallery, Gallery) else []
        return [link.image for link in self.links] or [self.entity]

    def is_done(self) -> bool:
        """Tell whether the mutation took effect, by the values read since. With a picture the answer is no."""
        if self.has_picture:
            return False
        if self.links:
            return all(_stands(link) == link.present for link in self.links)
        if isinstance(self.entity, GalleryChapter):
            return not is_new(self.entity)
        edited = edited_fields(self.entity)
        return not any(name in edited for name in self.sent)

    def confirm(self) -> None:
        """Note that Stash has the values that were sent. For an answered field the reply decides."""
        mark_sent(
            self.entity, {name: value for name, value in self.sent.items() if name not in self.answered}
        )
        for link in self.links:
            known = snapshot(link.owner).setdefault(link.field, [])
            if link.present:
                known.append(link.other)
            else:
                known[:] = [one for one in known if one is not link.other]


def _stands(link: Link) -> bool:
    return any(one is link.gallery for one in snapshot(link.image).get("galleries", ()))


def writable(entity: Entity, fields: Iterable[str]) -> list[str]:
    """Return those of the fields that a create or an update takes."""
    taken = _taken(type(entity), is_new(entity))
    return [field for field in fields if field in taken]


@cache
def _taken(entity_type: type[Entity], is_creation: bool) -> frozenset[str]:  # noqa: FBT001 - a key of the cache
    own = [f for f in entity_type.__tracked_fields__ if not _is_separate(entity_type, f)]
    return frozenset(own if is_creation else sendable(entity_type, own))


@cache
def handled(entity_type: type[Entity]) -> frozenset[str]:
    """Return the fields that a handler of the library writes."""
    return frozenset(f for f in entity_type.__tracked_fields__ if _handler(entity_type, f) is not None)


def all_writable(entity: Entity, fields: Sequence[str]) -> list[str]:
    """Return those of the fields that are written in any way."""
    return [*writable(entity, fields), *by_handler(entity, fields)]


def writable_now(entity: Entity, fields: Sequence[str]) -> list[str]:
    """Return the fields to write now. A field that points to an entity without an id stays pending."""
    data, links = entity.__dict__, entity.__relationships__
    return [f for f in writable(entity, fields) if f not in links or not is_unmade(data[f])]


def by_handler(entity: Entity, fields: Sequence[str]) -> list[str]:
    """Return those of the fields that a handler of the library writes."""
    own = handled(type(entity))
    return [field for field in fields if field in own]


def create_or_update(
    entity: Entity, fields: Sequence[str], attached: Mapping[str, str | None], *, is_checked: bool = False
) -> Mutation:
    """Build the create or update of an entity with these fields. `attached` is sent with it and not kept.

    A creation, and an update that `is_checked`, ask for the values that Stash has stored.
    """
    kind = kind_of(entity)
    verb, selection = (
        ("Create", f"created_at {WRITTEN} {kind.returned_fields}") if is_new(entity) else ("Update", WRITTEN)
    )
    if is_checked and not is_new(entity):
        selection = f"{WRITTEN} {kind.returned_fields}"
    sent = values(entity, fields)
    content = {**to_input(entity, sent), **attached}
    if verb == "Update":
        content["id"] = entity.id
    root_field = Field(kind.operation(verb), {"input": (f"{kind.name}{verb}Input!", content)}, selection)
    return Mutation(entity, root_field, _change(entity, sent, attached), sent, has_picture=bool(attached))


def change_of(entity: Entity, fields: Iterable[str], attached: Mapping[str, str | None]) -> Change:
    """Return the change that a create or an update makes. Attached content is named only."""
    return _change(entity, values(entity, fields), attached)


def _change(entity: Entity, sent: Mapping[str, Any], attached: Mapping[str, str | None]) -> Change:
    pictures = {name: "a new picture" if content else None for name, content in attached.items()}
    after = {**sent, **pictures} if pictures else sent
    if is_new(entity):
        return Change(entity, "create", {}, after)
    known = snapshot(entity).get
    return Change(entity, "update", {name: known(name) for name in after}, after)


def gallery_links(edits: Iterable[tuple[Entity, Sequence[str]]]) -> list[Mutation]:
    """Build the mutations for images that join or leave galleries, one per gallery and direction."""
    groups: dict[tuple[Gallery, bool], list[Link]] = {}
    for entity, fields in edits:
        for link in _links(entity, fields):
            groups.setdefault((link.gallery, link.present), []).append(link)
    return [_gallery_link(links) for _, links in sorted(groups.items(), key=lambda group: not group[0][1])]


def _links(entity: Entity, fields: Sequence[str]) -> Iterator[Link]:
    name = "galleries" if isinstance(entity, Image) else "images"
    if name not in fields or not isinstance(entity, Image | Gallery):
        return
    now, known = entity.__dict__[name] or [], before(entity, name) or []
    standing, wanted = set(known), set(now)
    changed = [(one, True) for one in now if one not in standing]
    changed += [(one, False) for one in known if one not in wanted]
    for one, present in changed:
        image, gallery = (entity, one) if isinstance(entity, Image) else (one, entity)
        yield Link(entity, name, image, gallery, present)


def _gallery_link(links: Sequence[Link]) -> Mutation:
    gallery, present, images = links[0].gallery, links[0].present, [link.image for link in links]
    name, argument = (
        ("addGalleryImages", "GalleryAddInput!")
        if present
        else ("removeGalleryImages", "GalleryRemoveInput!")
    )
    content = {"gallery_id": gallery.id, "image_ids": [image.id for image in images]}
    before, after = ([], images) if present else (images, [])
    change = Change(gallery, "link", {"images": before}, {"images": after})
    return Mutation(gallery, Field(name, {"input": (argument, content)}), change, links=links)


def split_links(mutation: Mutation) -> list[Mutation]:
    """Split the links of a mutation into two mutations. The list is empty if that is impossible."""
    half = len(mutation.links) // 2
    return [_gallery_link(mutation.links[:half]), _gallery_link(mutation.links[half:])] if half else []


def gallery_cover(gallery: Gallery) -> Mutation:
    """Build the mutation that sets or resets the cover of a gallery."""
    content: dict[str, Any] = {"gallery_id": gallery.id}
    if isinstance(gallery.cover, Image):
        content["cover_image_id"] = gallery.cover.id
        field = Field("setGalleryCover", {"input": ("GallerySetCoverInput!", content)})
    else:
        field = Field("resetGalleryCover", {"input": ("GalleryResetCoverInput!", content)})
    change = Change(gallery, "link", {"cover": before(gallery, "cover")}, {"cover": gallery.cover})
    return Mutation(gallery, field, change, values(gallery, ["cover"]))


def _is_separate(entity_type: type[Entity], name: str) -> bool:
    """Tell whether a field has a mutation of its own."""
    return (entity_type.__type_name__, name) in SENT_SEPARATELY or _handler(entity_type, name) is not None


def handler(entity: Entity, name: str) -> Any:
    """Return the library's handler that writes a field, or None."""
    return _handler(type(entity), name)


@cache
def _handler(entity_type: type[Entity], name: str) -> Any:
    if name == "custom_fields" or (entity_type.__type_name__, name) in SENT_SEPARATELY:
        return None
    return entity_type.__side_mutations__.get(name)


def levels(new: Sequence[Entity]) -> list[list[Entity]]:
    """Group new entities so that each group needs only the groups before it."""
    depth: dict[Entity, int] = {}
    for entity in new:
        needed = [depth[o] for o in related(entity) if o in depth]
        depth[entity] = max(needed, default=-1) + 1
    found: list[list[Entity]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for entity in new:
        found[depth[entity]].append(entity)
    return found


def accept_answer(mutation: Mutation) -> list[str]:
    """Assign the values that Stash answered. Return the fields that Stash did not store as sent."""
    told = [name for name in mutation.sent if name in mutation.answered]
    known, edited = snapshot(mutation.entity), edited_fields(mutation.entity) if told else []
    ignored = [name for name in told if name in edited]
    assign(mutation.entity, {name: known[name] for name in ignored})
    return ignored
