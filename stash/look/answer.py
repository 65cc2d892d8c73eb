"""One question to Stash, the same for a library of any size: how many entities it has, and what became of a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stash.errors import RejectedError
from stash.report import PLURALS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from stash.transport.judge import Reply

COUNTED = ("Image", "Scene", "Gallery", "Performer", "Studio", "Tag")
"""The types that Stash counts."""

_SERVER = "systemStatus { status appSchema } configuration { general { databasePath } }"
_NEWEST = 'filter: { per_page: 1, sort: "id", direction: DESC }'


@dataclass(frozen=True, slots=True)
class Mark:
    """The number of entities of a type in Stash, and the highest id."""

    count: int
    newest: int


type Marks = Mapping[str, Mark]
"""The marks of a Stash, by type."""

type Answer = dict[str, Any]
"""The data of a reply, as JSON. Two equal ones say that nothing was scanned, made, deleted or put back meanwhile."""


def question(sample: Iterable[tuple[str, str]]) -> str:
    """Return the question, with a sample of entities by type and id."""
    counted = [
        f"{name}: find{PLURALS[name].capitalize()}({_NEWEST}) {{ count {PLURALS[name]} {{ id }} }}"
        for name in COUNTED
    ]
    sampled = [
        f'{name}{number}: find{name}(id: "{number}") {{ created_at updated_at }}'
        for name, number in sample
        if number.isdecimal()
    ]
    return f"{{ {' '.join([_SERVER, *counted, *sampled])} }}"


async def ask(send: Callable[[str], Awaitable[Reply]], sample: Iterable[tuple[str, str]]) -> Answer:
    """Ask Stash.

    Raises:
        RejectedError: Stash refuses the question.
        SyncError: Stash does not answer.
    """
    reply = await send(question(sample))
    if reply.errors:
        raise RejectedError(f"Stash refused a question: {reply.errors[0].get('message', '')[:300]}")
    return reply.data


def marks_of(answer: Answer) -> Marks:
    """Return the marks in an answer. A type without a usable one is absent."""
    found: dict[str, Mark] = {}
    for name in COUNTED:
        page = answer.get(name)
        if isinstance(page, dict) and isinstance(page.get("count"), int):
            rows = page.get(PLURALS[name])
            ids = [_number(row) for row in rows] if isinstance(rows, list) else []
            found[name] = Mark(page["count"], max(ids, default=0))
    return found


def _number(row: object) -> int:
    found = row.get("id") if isinstance(row, dict) else None
    return int(found) if isinstance(found, str) and found.isdecimal() else 0


def nothing_went(before: Marks, now: Marks) -> bool:
    """Tell whether Stash still has every entity that it had, by its marks alone.

    Stash gives ids in order and none twice. So if all are there, the count has grown by as much as the highest id.
    """
    return all(name in before and name in now and _has_all(before[name], now[name]) for name in COUNTED)


def _has_all(before: Mark, now: Mark) -> bool:
    grown = now.newest - before.newest
    return grown >= 0 and now.count - before.count == grown
