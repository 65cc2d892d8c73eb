"""`StashStore`: the public methods of the store, each answered by one component."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from stash_graphql_client.client.batch import BatchOperation, BatchResult

from stash.errors import RejectedError
from stash.store.adoption import Adopter
from stash.store.creation import EntityFactory, rejection
from stash.store.deferred_links import DeferredLinks
from stash.store.documents import Field, document
from stash.store.entities import make_tracked
from stash.store.entity_types import Entity, kind_of
from stash.store.natural_keys import NaturalKeys
from stash.store.pending import PendingByKey, PendingChanges
from stash.store.preloading import Preloader
from stash.store.queries import Queries
from stash.store.reading_store import ReadingStore
from stash.store.sender import Sender
from stash.store.unit_of_work import Flushed, FlushListener, UnitOfWork
from stash.store.writer import MutationWriter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence

    from stash_graphql_client.types import Gallery

    from stash.store.changes import Change
    from stash.transport.client import Connection
    from stash.transport.graphql import Requests

T = TypeVar("T", bound=Entity)


class StashStore(ReadingStore):
    """The entities of one Stash: its identity map, its lookups, and its one writer.

    Outside of a `session` every find asks Stash and every `get_or_create` is saved at once. In a session lookups are
    answered from what `preload` read, and new and changed entities wait for `flush`.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.deferred_links = DeferredLinks()
        pending_keys = PendingByKey()
        self._keys = NaturalKeys(self.reader)
        self._preloader = Preloader(self.reader)
        self._queries = Queries(self.reader)
        self._pending = PendingChanges(self.registry, self.caches, pending_keys)
        adopter = Adopter(self.registry, self.hydrator, self._keys, pending_keys)
        sender = Sender(connection, self.hydrator, adopter.assign_id)
        writer = MutationWriter(sender, self.reader, adopter)
        self._unit_of_work = UnitOfWork(self._pending, self.reader, writer, self.deferred_links)
        self._factory = EntityFactory(
            self.reader, self._keys, pending_keys, self._pending, self._unit_of_work
        )

    @property
    def requests(self) -> Requests:
        """Return the counts of requests so far."""
        return self.connection.requests

    @property
    def identity(self) -> tuple[str, str]:
        """Return the address of this Stash and the path of its database, which tell it from another."""
        return self.connection.config.url.rstrip("/"), self.connection.database_path

    @asynccontextmanager
    async def session(self) -> AsyncIterator[StashStore]:
        """Work on a bounded part: lookups are answered from what is preloaded, writing waits for `flush`.

        Sessions nest, and the inner one knows what the outer one knows. When a session ends, its images, scenes
        and galleries leave memory, unless they are still to be written.
        """
        known = self.registry.keys()
        try:
            with self.caches.nested():
                yield self
        finally:
            if not self.caches.is_in_session:
                self.registry.clear_missing()
            self._release(self.registry.keys() - known)

    window = session  # the guide's name

    def _release(self, keys: set[tuple[str, str]]) -> None:
        kept = set(self._pending.entities())
        for type_name, entity_id in keys:
            if type_name not in {"Tag", "Performer", "Studio"}:
                entity = self.registry.entry(type_name, entity_id)
                if entity is not None and entity not in kept:
                    self.registry.forget(entity)

    # --- natural keys -----------------------------------------------------------------------------------------

    async def named(self, entity_type: type[T], name: str) -> list[T]:
        """Return the best carriers of a natural key. See `NaturalKeys.named`."""
        return await self._keys.named(entity_type, name)

    async def rivals(self, entity_type: type[T], name: str) -> list[T]:
        """Return the entities because of which Stash refuses a new one of this name. See `NaturalKeys.rivals`."""
        return await self._keys.rivals(entity_type, name)

    async def get_or_create(
        self,
        entity_type: type[T],
        create_if_missing: bool = True,  # noqa: FBT001, FBT002 - the guide's signature
        **fields: Any,
    ) -> T:
        """Find by the natural key alone, else create with the other fields, saved (or queued in a session).

        Raises:
            LookupRefusedError: the natural key is missing, a field is unknown, or nothing is to be created.
            RejectedError: Stash refused to create it.
        """
        kind = kind_of(entity_type)
        return await self._factory.get_or_create(kind, fields, may_create=create_if_missing)  # type: ignore[return-value]  # by type

    # --- new entities -----------------------------------------------------------------------------------------

    async def make_first(self, entity_type: type[T], **fields: Any) -> T:
        """Return the one new entity of a natural key that no entity carries, whichever caller asks first.

        Raises:
            RejectedError: Stash refused to create it.
        """
        return await self._factory.make_first(kind_of(entity_type), fields)  # type: ignore[return-value]  # by type

    async def create(self, entity_type: type[T], **fields: Any) -> T:
        """Create an entity at once. If Stash has one of that natural key already, return that one.

        Raises:
            RejectedError: Stash refused it for another reason.
        """
        return await self._factory.create(kind_of(entity_type), fields)  # type: ignore[return-value]  # by type

    def new(self, entity_type: type[T], **fields: Any) -> T:
        """Make an entity of the store that is not pending yet. Its checks are those of an assignment.

        Raises:
            LookupRefusedError: the type has no such field.
        """
        return self._factory.build(kind_of(entity_type), fields)  # type: ignore[return-value]  # by type

    def queue(self, entity: Entity) -> None:
        """Have a new entity created by the next flush, and found by lookups of this session."""
        self._pending.queue(entity)

    def add(self, obj: Entity) -> None:
        """Enter an object. A new one is created by the next flush."""
        if obj.is_new():
            self._pending.queue(obj)
        else:
            self.registry.enter(obj)

    async def make(self, entity: T) -> T:
        """Create a new entity, at once or in a session by its flush.

        Raises:
            RejectedError: Stash refused it.
        """
        self._pending.queue(entity)
        return entity if self.caches.is_in_session else await self.save(entity)

    async def split_scene(self, scene_id: str, path: str) -> str:
        """Move a further file of a scene into a new scene, at once. Return the new scene's id.

        Raises:
            RejectedError: Stash refused it, or the scene has no such file.
        """
        question = Field("findScene", {"id": ("ID!", scene_id)}, "files { id path }")
        scene = (await self.reader.ask(document("query", [question]))).data["f0"] or {"files": []}
        ids = [file["id"] for file in scene["files"] if file["path"] == path]
        if not ids:
            raise RejectedError(f"Stash has no file {path!r} in the scene {scene_id}.")
        creation = Field("sceneCreate", {"input": ("SceneCreateInput!", {"file_ids": ids})}, "id")
        text, variables = document("mutation", [creation])
        reply = await self.connection.mutate(text, variables, fields=1)
        if not reply.data.get("f0"):
            raise RejectedError(f"Stash did not give {path!r} a scene of its own: {reply.message_for('f0')}")
        return str(reply.data["f0"]["id"])

    # --- reading ahead ----------------------------------------------------------------------------------------

    async def preload(self, entity_type: type[T], *, selection: str | None = None, **filters: Any) -> list[T]:
        """Read what the session will ask for. See `Preloader.preload`."""
        return await self._preloader.preload(entity_type, selection=selection, **filters)

    async def preload_any(self, entity_type: type[T], **filters: Any) -> int:
        """Read what meets any of the lookups. See `Preloader.preload_any`."""
        return await self._preloader.preload_any(entity_type, **filters)

    async def preload_index(self, *entity_types: type[Entity]) -> None:
        """Read whole types. See `Preloader.preload_index`."""
        await self._preloader.preload_index(*entity_types)

    async def preload_ids(
        self, ids: Mapping[type[Entity], Sequence[str]], *, is_complete: bool = False
    ) -> None:
        """Read entities by ids. See `Preloader.preload_ids`."""
        await self._preloader.preload_ids(ids, is_complete=is_complete)

    async def preload_new(self, ids: Mapping[type[Entity], Sequence[str]]) -> None:
        """Read entities that are likely to have no links, as after a scan. See `Preloader.preload_new`."""
        await self._preloader.preload_new(ids)

    async def rows_of_ids(
        self, ids: Mapping[type[Entity], Sequence[str]]
    ) -> dict[str, list[dict[str, Any]]] | None:
        """Return the raw rows of entities by ids. See `Preloader.rows_of_ids`."""
        return await self._preloader.rows_of_ids(ids)

    def take(self, rows: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        """Make entities of raw rows."""
        self._preloader.take(rows)

    # --- facts ------------------------------------------------------------------------------------------------

    async def standing(self, ids: Mapping[type[Entity], Sequence[str]]) -> set[tuple[str, str]]:
        """Return the ids that Stash has. See `Queries.standing`."""
        return await self._queries.standing(ids)

    async def uses(self, ids: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], dict[str, int]]:
        """Count the uses of tags, performers and studios. See `Queries.uses`."""
        return await self._queries.uses(ids)

    async def images_in_order(self, galleries: Sequence[Gallery]) -> dict[str, list[str]]:
        """Return the ids of the images of galleries in Stash's own order. See `Queries.orders`."""
        return await self._queries.orders([gallery.id for gallery in galleries])

    async def orders(self, galleries: Sequence[str]) -> dict[str, list[str]]:
        """Return the ids of the images of galleries by the galleries' ids. See `Queries.orders`."""
        return await self._queries.orders(galleries)

    async def first_paths(self, images: Sequence[str]) -> dict[str, str]:
        """Return the path that Stash has of the first file of each of these images."""
        return await self._queries.first_paths(images)

    # --- writing ----------------------------------------------------------------------------------------------

    def attach(self, entity: Entity, **content: str | None) -> None:
        """Have an `image` or `cover_image` (a data URL, or None to remove it) sent with the next write."""
        self._pending.attach(entity, content)

    def record_with(self, recorder: FlushListener | None) -> None:
        """Report every batch to a listener, before it is sent and after."""
        self._unit_of_work.listener = recorder

    def pending(self) -> list[Change]:
        """Return the changes of the next flush, mutation by mutation."""
        return self._pending.changes()

    def rollback(self, among: Iterable[Entity] | None = None, *, keeping: Collection[str] = ()) -> None:
        """Forget every pending entity, or the pending ones among these, except for the types to keep."""
        self._pending.rollback(among, keeping=keeping)

    async def flush(self, only: Sequence[Entity] | None = None, *, with_names: bool = False) -> Flushed:
        """Write everything that is pending, or these entities and what they need.

        Args:
            only: these entities.
            with_names: also create every tag, performer and studio that is queued.

        Raises:
            RetriableError: Stash did not answer. Unconfirmed changes are still pending.
            AccessRefusedError: the key was refused.
        """
        return await self._unit_of_work.flush(only, with_names=with_names)

    async def save(self, obj: T, _cascade_depth: int = 0) -> T:  # type: ignore[override]  # the guide's: it answers the object
        """Write one entity and what it needs.

        Raises:
            RejectedError: Stash refused it.
        """
        make_tracked(obj)
        done = await self._unit_of_work.flush(only=[obj])
        if done.failed:
            failure = done.failure_of(obj) or done.failed[0]
            raise rejection(failure.entity, failure.message)
        return obj

    async def save_batch(self, objects: Sequence[Entity], **_options: Any) -> BatchResult:
        """Write these entities. A refused entity stays pending, and its operation holds the error."""
        done = await self._unit_of_work.flush(only=objects)
        operations = [BatchOperation(mutation_name="save", input_type_name="", variables={}) for _ in objects]
        for operation, entity in zip(operations, objects, strict=True):
            failure = done.failure_of(entity)
            operation.result = {"id": entity.id}
            operation.error = None if failure is None else rejection(entity, failure.message)
        return BatchResult(operations=operations, raw_response=None)

    async def save_all(self, **_options: Any) -> BatchResult:
        """Write everything that is pending."""
        return await self.save_batch(self._pending.entities())
