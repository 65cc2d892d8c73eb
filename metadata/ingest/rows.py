"""The rows that one payload asks for, and what was wrong in it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metadata.models import Fact
from stash.source.items import Problem
from stash.source.values import repair_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metadata.ingest.payload import Shape
    from metadata.models import ContentType

type Values = dict[str, Any]
type Holder = tuple[str, int]
"""The column of `attachments` that names the holder, and the holder's id."""

_FACTS = Fact.__tablename__


@dataclass(frozen=True, slots=True, order=True)
class Attached:
    """One attachment of a post or a message."""

    pos: int
    contentId: int
    contentType: ContentType


@dataclass(slots=True)
class Rows:
    """Rows by table and key. A later value of the same payload wins, a missing one never does.

    Beside them what a post or message has as a whole: it replaces what the database has. `hashtags` of a
    post whose text is unknown, and so in no `retold`, are only added.
    """

    tables: defaultdict[str, dict[tuple[Any, ...], Values]] = field(default_factory=lambda: defaultdict(dict))
    attachments: dict[Holder, set[Attached]] = field(default_factory=dict)
    hashtags: dict[int, set[str]] = field(default_factory=dict)
    retold: set[int] = field(default_factory=set)
    mentions: dict[int, dict[str, int | None]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def put(self, table: str, key: Values, values: Values | None = None) -> None:
        """Ask for a row: its key columns, and the values that the payload says."""
        self.tables[table].setdefault(tuple(key.values()), dict(key)).update(values or {})

    def put_if_new(self, table: str, key: Values, values: Values | None = None) -> None:
        """Ask for a row, unless this payload says more of it."""
        self.tables[table].setdefault(tuple(key.values()), {**key, **(values or {})})

    def put_facts(self, table: str, key: int, **said: int | None) -> None:
        """Ask for what is said of a row and has no column there."""
        known = {name: value for name, value in said.items() if value is not None}
        if known:
            self.put(_FACTS, {"tableName": table, "recordId": key}, known)

    def report(self, what: str, key: object, reason: str, *, is_malformed: bool = True) -> None:
        """Name a part of the payload that could not be used."""
        self.problems.append(Problem(what, repair_text(key), reason, is_malformed))

    def put_object(self, shape: Shape, one: Values, **more: object) -> None:
        """Ask for the row of an object: those of its keys that are columns, and more."""
        columns = {key: value for key, value in one.items() if key in shape.columns and key != "id"}
        self.put(shape.table, {"id": one["id"]}, columns | more)

    def read(self, shape: Shape, value: object) -> Values | None:
        """Parse an object of the payload. Keys with unusable values are left out as if they were missing."""
        if not isinstance(value, dict):
            self.report(shape.table, "?", f"is no object but {type(value).__name__}")
            return None
        parsed: Values = {}
        unusable = set(shape.required - value.keys())
        for key, parse in shape.parsers.items():
            if key in value:
                try:
                    parsed[key] = parse(value[key])
                except ValueError:
                    unusable.add(key)
        if unusable:
            self.report(shape.table, value.get("id", "?"), f"{', '.join(sorted(unusable))} not usable")
        return None if unusable & shape.required else parsed

    def read_each(self, shape: Shape, values: object) -> Iterator[Values]:
        """Parse the objects of a list of the payload. A missing list has none."""
        for value in values if isinstance(values, list) else ():
            one = self.read(shape, value)
            if one is not None:
                yield one
