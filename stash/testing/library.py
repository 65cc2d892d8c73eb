"""Files for the in-process Stash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Image, Scene

from stash.demo import files
from stash.jobs import scan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stash.store import StashStore

PATIENCE = 60.0


async def add_scene(store: StashStore, path: Path, **values: Any) -> Scene:
    """Write a video into the library, have it scanned, and return its scene with these values."""
    return await _added(store, Scene, path, files.mp4, values)


async def add_image(store: StashStore, path: Path, **values: Any) -> Image:
    """Write a picture into the library, have it scanned, and return its image with these values."""
    return await _added(store, Image, path, files.jpeg, values)


async def _added[T: Scene | Image](
    store: StashStore, kind: type[T], path: Path, make: Callable[[str], bytes], values: dict[str, Any]
) -> T:
    _write(path, make(str(path)))
    await scan(store.connection, [str(path.parent)], PATIENCE)
    [entity] = await store.find(kind, path__exact=str(path))
    for name, value in values.items():
        setattr(entity, name, value)
    return await store.save(entity) if values else entity


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
