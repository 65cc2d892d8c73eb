"""Checking replies before they are used. A damaged one is an error."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stash.errors import DamagedReplyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stash.store.entity_types import EntityType
    from stash.transport.graphql import Reply


def rows_in(reply: Reply, number: int, kind: EntityType) -> list[dict[str, Any]]:
    """Return the rows of the n-th field of a reply.

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


def all_rows_in(reply: Reply, number: int, kind: EntityType) -> list[dict[str, Any]]:
    """Return all rows of an unpaged field. Their number has to be Stash's count.

    Raises:
        DamagedReplyError: there are none, or one has no id, or some are missing.
    """
    return page_in(reply, number, kind)[0]


def page_in(
    reply: Reply, number: int, kind: EntityType, page: int = 1, per_page: int | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Return the rows of one page, and how many rows Stash counted on all pages.

    Raises:
        DamagedReplyError: there are none, or one has no id, or their number differs from the count.
    """
    rows = rows_in(reply, number, kind)
    count = reply.data[f"f{number}"].get("count")
    if not isinstance(count, int) or len(rows) != _on_page(count, page, per_page):
        raise DamagedReplyError(f"Stash's reply about its {kind.plural} lacks some of them; run again.")
    return rows, count


def _on_page(count: int, page: int, per_page: int | None) -> int:
    return count if per_page is None else min(per_page, max(0, count - (page - 1) * per_page))


def rows_of_ids(reply: Reply, number: int, kind: EntityType, ids: Iterable[str]) -> list[dict[str, Any]]:
    """Return the rows of a field by ids. Stash refuses such a field if it lacks an id, so all have to be there.

    Raises:
        DamagedReplyError: there are none, or one that was asked for is missing.
    """
    asked = set(ids)
    rows = [row for row in rows_in(reply, number, kind) if row["id"] in asked]
    if {row["id"] for row in rows} != asked:
        raise DamagedReplyError(f"Stash's reply about its {kind.plural} lacks some of them; run again.")
    return rows


def is_whole(answer: dict[str, Any]) -> bool:
    """Tell whether the reply to a write has an id, and values of the types that a sync compares."""
    return isinstance(answer.get("id"), str) and all(
        isinstance(value, _TOLD.get(name, _TEXT))
        and (type(value) is not list or all(type(one) is str for one in value))
        for name, value in answer.items()
    )


_TEXT: tuple[type, ...] = (str, type(None))
_TOLD: dict[str, tuple[type, ...]] = {"organized": (bool,), "urls": (list,), "alias_list": (list,)}


@contextmanager
def validating_reply(what: str) -> Iterator[None]:
    """Read a reply in this block. An unexpected value becomes a `DamagedReplyError`.

    Raises:
        DamagedReplyError: something is missing or of the wrong type.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DamagedReplyError(
            f"Stash's reply about {what} is damaged ({type(error).__name__}: {str(error)[:100]}); run again."
        ) from error
