"""Deleting entities from Stash, a list of one type per mutation. Types with files are excluded."""

from __future__ import annotations

from functools import partial
from itertools import batched
from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery

from stash.errors import UnansweredWriteError
from stash.store.changes import Change, Failure
from stash.store.documents import Field, document
from stash.store.entity_types import ENTITY_TYPES
from stash.store.library_internals import is_new
from stash.store.sender import until_unlocked
from stash.store.unit_of_work import BATCH, Flushed
from stash.transport.halving import send_in_halves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.store.store import StashStore
    from stash.store.unit_of_work import FlushListener

ORDER = ("GalleryChapter", "Gallery", "Performer", "Tag", "Studio")
"""The types that can be deleted. A type that points to others comes before them."""


async def destroy(
    store: StashStore, changes: Sequence[Change], recorder: FlushListener | None = None
) -> Flushed:
    """Delete these entities, a type at a time, each type in the order given. A missing entity counts as deleted.

    A list is atomic. If it fails, its entities are sent one by one, which tells the refused ones.

    Raises:
        RetriableError: Stash did not answer.
    """
    done = Flushed()
    for name in ORDER:
        for batch in batched([c for c in changes if c.entity.__type_name__ == name], BATCH):
            if recorder is not None:
                await recorder.planned(batch)
            send, find_unapplied = partial(_send, store, name), partial(_standing, store, name)
            refused = await until_unlocked(batch, send, find_unapplied, store.connection.config.patience)
            applied = [change for change in batch if change not in refused]
            failed = [Failure(change, refused[change]) for change in batch if change in refused]
            if recorder is not None:
                await recorder.settled(applied, failed)
            for change in applied:
                store.registry.forget(change.entity)
            done.applied += applied
            done.failed += failed
    return done


async def _send(store: StashStore, name: str, batch: Sequence[Change]) -> dict[Change, str]:
    """Send a batch. Return Stash's message for each change whose entity still exists."""
    return {
        change: message
        for part in await send_in_halves(batch, partial(_send_once, store, name))
        for change, message in part.items()
    }


async def _send_once(store: StashStore, name: str, batch: Sequence[Change]) -> dict[Change, str]:
    ids = [change.entity.id for change in batch]
    said: dict[Change, str] = {}
    fields = [_one(name, i) for i in ids] if name == "GalleryChapter" else [_list(name, ids)]
    if await _mutate(store, fields, batch, said):
        return {}
    left = await _standing(store, name, batch)
    if left and await _mutate(store, [_one(name, change.entity.id) for change in left], left, said):
        return {}
    still = await _standing(store, name, left)
    return {change: said.get(change) or "Stash gave no answer" for change in still}


async def _mutate(
    store: StashStore, fields: Sequence[Field], changes: Sequence[Change], said: dict[Change, str]
) -> bool:
    """Send one request, and collect its messages in `said`. Tell whether Stash confirmed every field."""
    text, variables = document("mutation", fields)
    try:
        reply = await store.connection.mutate(text, variables, fields=len(fields))
    except UnansweredWriteError:
        return False
    if len(fields) == len(changes):
        said |= {change: reply.message_for(f"f{number}") or "" for number, change in enumerate(changes)}
    return all(reply.data.get(f"f{number}") is True for number in range(len(fields)))


async def _standing(store: StashStore, name: str, changes: Sequence[Change]) -> list[Change]:
    if not changes:
        return []
    if name != "GalleryChapter":
        standing = await store.standing({ENTITY_TYPES[name].entity: [change.entity.id for change in changes]})
        return [change for change in changes if (name, change.entity.id) in standing]
    homes = (change.before.get("gallery") for change in changes)
    galleries = list(dict.fromkeys(home for home in homes if isinstance(home, Gallery)))
    await store.reader.read_again([gallery for gallery in galleries if not is_new(gallery)])
    listed = {one.id for g in galleries for one in (g.chapters if isinstance(g.chapters, list) else ())}
    return [change for change in changes if change.entity.id in listed]


def _list(name: str, ids: Sequence[str]) -> Field:
    if name == "Gallery":
        return _gallery(ids)
    return Field(f"{ENTITY_TYPES[name].plural}Destroy", {"ids": ("[ID!]!", list(ids))})


def _one(name: str, entity_id: str) -> Field:
    if name == "Gallery":
        return _gallery([entity_id])
    if name == "GalleryChapter":
        return Field("galleryChapterDestroy", {"id": ("ID!", entity_id)})
    return Field(
        ENTITY_TYPES[name].operation("Destroy"), {"input": (f"{name}DestroyInput!", {"id": entity_id})}
    )


def _gallery(ids: Sequence[str]) -> Field:
    content = {"ids": list(ids), "delete_file": False, "delete_generated": False}
    return Field("galleryDestroy", {"input": ("GalleryDestroyInput!", content)})
