"""Everything that the embedded Stash can answer."""

from __future__ import annotations

from . import (
    chapters,
    files,
    galleries,
    images,
    jobs,
    merging,
    moving,
    performers,
    scan,
    scenes,
    server,
    studios,
    tags,
)
from .execution import Registry

_NOUNS = (chapters, files, galleries, images, jobs, performers, scenes, server, studios, tags)

REGISTRY = Registry(
    queries={name: resolver for module in _NOUNS for name, resolver in module.QUERIES.items()},
    mutations={
        name: resolver
        for module in (*_NOUNS, merging, moving, scan)
        for name, resolver in module.MUTATIONS.items()
    },
    kinds={name: kind for module in _NOUNS for name, kind in module.KINDS.items()},
    types_of=files.TYPES_OF,
)
