"""What makes thousands of runs in one process bearable; none of it changes what a run does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metadata import database
from metadata.engines import make_engine

if TYPE_CHECKING:
    import pytest
    from sqlalchemy.engine import Dialect

    from metadata.engines import Address

_DIALECTS: dict[str, Dialect] = {}
_COMPILED: Any = {}


def share_statements(patch: pytest.MonkeyPatch) -> None:
    """Let all SQLite engines share one dialect, and with it the statements that were compiled for it."""

    def shared(address: Address, *options: Any) -> Any:
        engine = make_engine(address, *options)
        if address.kind == "sqlite":
            inner = engine.sync_engine
            inner.dialect = inner.pool._dialect = _DIALECTS.setdefault(address.kind, inner.dialect)
            inner._compiled_cache = _COMPILED
        return engine

    patch.setattr(database, "make_engine", shared)
