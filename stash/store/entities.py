"""The library's entities, with links that need no request.

The library keeps both sides of a relation in step by fetching the other side. For a popular performer these are
thousands of requests. Here a link is one entry in one list. A bounded other side (a gallery's scenes and
chapters, a studio's children) is kept in step. An unbounded one (a tag's images) is not tracked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, get_args, get_origin

from stash_graphql_client import types
from stash_graphql_client.types import Gallery, GalleryChapter, Group, Image, Performer, Scene, Studio, Tag
from stash_graphql_client.types.unset import UNSET

from stash.errors import LookupRefusedError
from stash.store.entity_types import Entity
from stash.store.inverse_sides import IN_STEP, drop, members, mirror
from stash.store.library_internals import assign_unchecked, is_new, live_store, received

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from stash_graphql_client.client import StashClient

    from stash.store.deferred_links import DeferredLinks

    type Exact = tuple[type, frozenset[type] | None]


class NoOp:
    """A finished call, returned by helpers that callers may await or not."""

    def __await__(self) -> Generator[None]:
        """Finish at once."""
        return
        yield  # an empty generator


class Single(Entity):
    """An entity of the store, compared and hashed as the object that it is."""

    # The library compares and hashes by type and id, and Stash gives a new entity another id.
    __hash__ = object.__hash__
    __eq__ = object.__eq__


class Tracked(Single):
    """An entity whose links are set without a request, in constant time."""

    __type_name__ = "Tracked"

    def __setattr__(self, name: str, value: Any) -> None:
        """Assign a field, and keep a bounded inverse side in step.

        Only a value of another than the declared type goes through pydantic, because its validation of
        assignments costs more than the rest of a sync.
        """
        before = self.__dict__.get(name, UNSET)
        if _is_exact(_EXACT[self.__type_name__].get(name), value):
            assign_unchecked(self, name, [*value] if type(value) is list else value)
        elif name in _METHODS:
            self.__dict__[name] = value  # pydantic would keep it where no call finds it
        else:
            super().__setattr__(name, value)
        if (self.__type_name__, name) in IN_STEP:
            after = members(self.__dict__[name])
            for other in members(before):
                if other not in after:
                    mirror(other, self, name, present=False)
            for other in after:
                mirror(other, self, name, present=True)

    def is_new(self) -> bool:
        """Tell whether Stash has no such entity yet."""
        return is_new(self)

    def _sync_inverse_relationship(self, field_name: str, new_value: Any) -> None:
        """Do nothing. `__setattr__` and `link` keep bounded relations in step."""

    async def _add_to_relationship(self, field_name: str, related_obj: Entity) -> None:
        link(self, field_name, related_obj)

    async def _remove_from_relationship(self, field_name: str, related_obj: Entity) -> None:
        unlink(self, field_name, related_obj)

    async def save(self, client: StashClient | None = None) -> None:  # noqa: ARG002 - the library's signature
        """Write this entity, and what it needs, to Stash.

        Raises:
            RejectedError: Stash refused it.
        """
        await store_of(self).save(self)


class InStudio(Tracked):
    """An entity that may belong to a studio."""

    def set_studio(self, studio: Studio | None) -> NoOp:
        """Set the studio. May be awaited."""
        self.studio = studio
        return NoOp()


class TrackedScene(InStudio, Scene):  # type: ignore[misc]  # the library's set_studio cannot be awaited
    """A scene of the store."""

    __type_name__ = "Scene"


class TrackedImage(InStudio, Image):
    """An image of the store."""

    __type_name__ = "Image"


class TrackedGallery(InStudio, Gallery):
    """A gallery of the store."""

    __type_name__ = "Gallery"


class TrackedPerformer(Tracked, Performer):
    """A performer of the store."""

    __type_name__ = "Performer"


class TrackedStudio(Tracked, Studio):
    """A studio of the store."""

    __type_name__ = "Studio"


class TrackedTag(Tracked, Tag):
    """A tag of the store."""

    __type_name__ = "Tag"


class TrackedChapter(Tracked, GalleryChapter):
    """A chapter of the store."""

    __type_name__ = "GalleryChapter"


class SingleGroup(Single, Group):
    """A group of the store. The library keeps its links."""

    __type_name__ = "Group"


TrackedScene.model_rebuild(_types_namespace=vars(types))  # it names types that only the library imports

LINKED: dict[str, type[Entity]] = {
    cls.__type_name__: cls
    for cls in (
        TrackedScene,
        TrackedImage,
        TrackedGallery,
        TrackedPerformer,
        TrackedStudio,
        TrackedTag,
        TrackedChapter,
    )
}

OWN: dict[str, type[Entity]] = {**LINKED, "Group": SingleGroup}
"""The store's class of each type. Files and folders keep the library's: they are never written, and keep their ids."""


def make_tracked(entity: Entity) -> None:
    """Give an entity that the library or a caller made the class of the store."""
    own = OWN.get(entity.__type_name__)
    if own is not None and type(entity) is not own:
        object.__setattr__(entity, "__class__", own)


def is_stub(entity: Entity) -> bool:
    """Tell whether nothing but the id of a saved entity is known."""
    return not is_new(entity) and not received(entity) - {"id"}


def assign(entity: Entity, values: Mapping[str, Any]) -> None:
    """Assign several fields at once, at less cost than one by one."""
    declared = _EXACT.get(entity.__type_name__, {})
    for name, value in values.items():
        if _is_exact(declared.get(name), value):
            assign_unchecked(entity, name, [*value] if type(value) is list else value)
        else:
            setattr(entity, name, value)


def _exact_types(cls: type[Entity]) -> dict[str, Exact]:
    """Map each assigned field to the type of its value, and to the types of its members if that is a list."""
    exact: dict[str, Exact] = {}
    for field in _ASSIGNED & cls.model_fields.keys():
        for declared in get_args(cls.model_fields[field].annotation):
            if declared in {str, bool}:
                exact[field] = (declared, None)
            elif get_origin(declared) is list:
                member = get_args(declared)[0]
                ours = (cls for cls in LINKED.values() if issubclass(cls, member))
                exact[field] = (list, frozenset({member, *ours}))
            elif isinstance(declared, type) and issubclass(declared, Entity):
                exact[field] = (LINKED.get(declared.__type_name__, declared), None)
    return exact


_ASSIGNED = frozenset(
    {"title", "code", "details", "date", "organized", "studio", "performers", "tags", "urls", "cover"}
)
"""The fields that a sync assigns by the thousand. None has a validator of its own or a bounded inverse side."""

_METHODS = frozenset({"save", "delete"})
"""The methods that a test may replace on one entity, as with `patch.object(scene, "save")`."""

_EXACT = {name: _exact_types(cls) for name, cls in LINKED.items()}


def _is_exact(declared: Exact | None, value: Any) -> bool:
    if declared is None or type(value) is not declared[0]:
        return False
    return declared[1] is None or declared[1].issuperset([type(one) for one in value])  # type: ignore[attr-defined]  # it is a list


class LiveStore(Protocol):
    """The store, as far as an entity needs it."""

    deferred_links: DeferredLinks

    async def save(self, obj: Entity, /) -> object:
        """Write one entity and what it needs."""
        ...


def store_of(entity: Entity) -> LiveStore:
    """Return the live store.

    Raises:
        LookupRefusedError: no store is open.
    """
    store = live_store(type(entity))
    if store is None:
        raise LookupRefusedError(f"{entity!r} belongs to no open store; open one with stash.connect().")
    return store  # type: ignore[return-value]  # the library names its own class; a live one is always ours


def link(entity: Entity, field: str, other: Entity) -> None:
    """Add `other` to a relation of `entity`. If the relation is unread, the next flush adds it."""
    owner, field, other = _owning_side(entity, field, other)
    current = owner.__dict__.get(field, UNSET)
    if current is UNSET and not owner.is_new():
        store_of(owner).deferred_links.add(owner, field, other)
        return
    if not owner.__relationships__[field].is_list:
        setattr(owner, field, other)
        return
    if current is UNSET or current is None:
        current = owner.__dict__[field] = []
    if other not in current:
        current.append(other)
        mirror(other, owner, field, present=True)


def unlink(entity: Entity, field: str, other: Entity) -> None:
    """Remove `other` from a relation of `entity`. If the relation is unread, the next flush removes it."""
    owner, field, other = _owning_side(entity, field, other)
    current = owner.__dict__.get(field, UNSET)
    if current is UNSET and not owner.is_new():
        store_of(owner).deferred_links.remove(owner, field, other)
    elif isinstance(current, list):
        drop(current, other)
        mirror(other, owner, field, present=False)
    elif current is other:
        setattr(owner, field, None)


def _owning_side(entity: Entity, field: str, other: Entity) -> tuple[Entity, str, Entity]:
    """Return the link as seen from the side that Stash takes it from, which is bounded."""
    relation = entity.__relationships__[field]
    if relation.target_field and (entity.__type_name__, field) != ("Gallery", "images"):
        return entity, field, other
    if relation.inverse_query_field is None:
        raise LookupRefusedError(f"{entity.__type_name__}.{field} cannot be linked.")
    return other, relation.inverse_query_field, entity
