"""What a reply must be before it is used: a damaged one is never taken for an answer."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stash.errors import DamagedReplyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stash.store.kinds import Kind
    from stash.wire import Reply


def rows_in(reply: Reply, number: int, kind: Kind) -> list[dict[str, Any]]:
    """The rows of the n-th field of a reply.

    Raises:
        DamagedReplyError: there are none, or one has no id.
    """
    page = reply.data.get(f"f{number}")
    rows = page.get(kind.plural) if isinstance(page, dict) else None
    if not isinstance(rows, list) or not all(
        isinstance(r, dict) and isinstance(r.get("id"), str) for r in rows
    ):
        raise DamagedReplyError(f"Stash's reply about its {kind.plural} is damaged; run again.")
    return rows


def all_rows_in(reply: Reply, number: int, kind: Kind) -> list[dict[str, Any]]:
    """Likewise, of a field without pages that answers a count: as many rows as Stash counted.

    Raises:
        DamagedReplyError: there are none, or one has no id, or some are missing.
    """
    rows = rows_in(reply, number, kind)
    if reply.data[f"f{number}"].get("count") != len(rows):
        raise DamagedReplyError(f"Stash's reply about its {kind.plural} lacks some of them; run again.")
    return rows


@contextmanager
def intact(what: str) -> Iterator[None]:
    """Look into a reply; whatever is not as Stash sends it is named.

    Raises:
        DamagedReplyError: something is missing or of the wrong type.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DamagedReplyError(
            f"Stash's reply about {what} is damaged ({type(error).__name__}: {str(error)[:100]}); run again."
        ) from error
