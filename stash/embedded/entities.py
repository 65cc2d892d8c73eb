"""Common parts of tags, studios, performers, galleries, scenes and images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stash.texts import GO_SPACE

from .database import id_list
from .errors import not_found
from .sql import IN_IDS, delete, insert, select, update
from .values import to_changes, to_date, to_int, to_ints, to_reference, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .context import Context
    from .database import Database
    from .execution import Args, Loader


@dataclass(frozen=True, slots=True)
class Link:
    """A table that ties owners to members, both by id."""

    table: str
    owner: str
    member: str
    order: str = ""

    @property
    def label(self) -> str:
        """The words that errors use for the members: "tag ids"."""
        return self.member.replace("_", " ") + "s"


@dataclass(frozen=True, slots=True)
class Noun:
    """Rules that store the inputs of one type of entity.

    Attributes:
        name: its table, and its name in error texts.
        texts: trimmed texts; input field and column have one name.
        plain: numbers, flags and enums, input field to column.
        references: ids of one other entity, input field to column.
        lists: ordered texts, input field to the column of their table.
        links: ids of others, by input field.
    """

    name: str
    texts: frozenset[str]
    dates: frozenset[str] = frozenset()
    plain: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The column by which other tables refer to this one."""
        return f"{self.name}_id"

    def columns(self, given: Args) -> dict[str, Any]:
        """Return the columns of the row that an input sets.

        Raises:
            ResolverError: a date or an id cannot be read.
        """
        columns: dict[str, Any] = {}
        for name, value in given.items():
            if name in self.texts:
                columns[name] = to_text(value)
            elif name in self.dates:
                columns[name] = to_date(value, f"converting {name.replace('_', ' ')}")
            elif name in self.plain:
                columns[self.plain[name]] = value
            elif name in self.references:
                column = self.references[name]
                columns[column] = to_reference(value, f"converting {column.replace('_', ' ')}")
        return columns

    def write_lists(self, database: Database, entity_id: int, given: Args) -> None:
        """Write the texts and links that an input sets, adds or removes."""
        if "url" in given and "urls" not in given and "urls" in self.lists:
            given = {**given, "urls": [given["url"]] if given["url"] else []}
        for name, column in self.lists.items():
            if name in given:
                mode, values = to_changes(given[name], "values")
                values = [value.strip(GO_SPACE) for value in values]
                if mode != "SET":
                    values = merged(mode, self.texts_of(database, entity_id, column), values)
                set_texts(database, self, entity_id, column, values)
        for name, link in self.links.items():
            if name in given:
                mode, texts = to_changes(given[name])
                change_links(database, link, entity_id, mode, to_ints(texts, f"converting {link.label}"))

    def texts_of(self, database: Database, entity_id: int, column: str) -> list[str]:
        """Return one entity's urls or aliases, in order."""
        sql = select(column, f"{self.name}_{column}", f"{self.key} = ?", "position")
        return database.values(sql, (entity_id,))


def create(context: Context, noun: Noun, given: Args, extra: Mapping[str, Any] | None = None) -> int:
    """Insert an entity with its texts and links, and return its id."""
    now = context.database.now()
    columns = {**noun.columns(given), **(extra or {}), "created_at": now, "updated_at": now}
    columns = {name: value for name, value in columns.items() if value is not None}
    entity_id = context.database.run(insert(noun.name, *columns), tuple(columns.values()))
    noun.write_lists(context.database, entity_id, given)
    return entity_id


def change(context: Context, noun: Noun, entity_id: int, given: Args) -> None:
    """Write what an input mentions, and the time. Everything else stays."""
    columns = {**noun.columns(given), "updated_at": context.database.now()}
    context.database.run(update(noun.name, list(columns)), (*columns.values(), entity_id))
    noun.write_lists(context.database, entity_id, given)


def require(context: Context, noun: Noun, entity_id: int) -> None:
    """Check that an entity is there.

    Raises:
        ResolverError: it is not.
    """
    if not exists(context.database, noun, entity_id):
        raise not_found(noun.name, entity_id)


def exists(database: Database, noun: Noun, entity_id: int) -> bool:
    """Tell whether an entity is there."""
    return bool(database.rows(select("1", noun.name, "id = ?"), (entity_id,)))


def destroy(context: Context, noun: Noun, ids: Sequence[int]) -> None:
    """Delete all of these entities, or none, with all that hangs on them.

    Raises:
        ResolverError: one of them is not there.
    """
    for entity_id in ids:
        require(context, noun, entity_id)
        context.database.run(delete("picture", "noun = ? AND owner_id = ?"), (noun.name, entity_id))
        context.database.run(delete(noun.name, "id = ?"), (entity_id,))


def touch(database: Database, noun: Noun, entity_id: int) -> None:
    """Set an entity's time of change to now."""
    database.run(update(noun.name, ["updated_at"]), (database.now(), entity_id))


def entity_id_of(args: Args) -> int:
    """Return the id within the input of an update."""
    return to_int(args["id"], "converting id")


def merged(mode: str, old: list[str], values: Sequence[str]) -> list[str]:
    """Add values that are not there yet, or take values away."""
    if mode == "REMOVE":
        return [value for value in old if value not in values]
    return list(dict.fromkeys([*old, *values]))


def set_texts(database: Database, noun: Noun, entity_id: int, column: str, values: Sequence[str]) -> None:
    """Replace an entity's urls or aliases."""
    table = f"{noun.name}_{column}"
    database.run(delete(table, f"{noun.key} = ?"), (entity_id,))
    rows = ((entity_id, position, value) for position, value in enumerate(values))
    database.run_many(insert(table, noun.key, "position", column), rows)


def change_links(database: Database, link: Link, owner: int, mode: str, members: Sequence[int]) -> None:
    """Set, add or remove members of an owner.

    Raises:
        ResolverError: a member does not exist.
    """
    if mode == "SET":
        database.run(delete(link.table, f"{link.owner} = ?"), (owner,))
    if mode == "REMOVE":
        where = f"{link.owner} = ? AND {link.member} {IN_IDS}"
        database.run(delete(link.table, where), (owner, id_list(members)))
    elif members:
        sql = insert(link.table, link.owner, link.member, verb="INSERT OR IGNORE")
        database.run_many(sql, ((owner, member) for member in members))


def members(link: Link) -> Loader:
    """Load, for each owner, the ids of its members."""
    return _grouped(link.table, link.owner, link.member, link.order or link.member)


def listed(noun: str, column: str) -> Loader:
    """Load, for each owner, its urls in their order, or its aliases by the alphabet."""
    return _grouped(f"{noun}_{column}", f"{noun}_id", column, "position" if column == "url" else column)


def referring(table: str, column: str, order: str = "id") -> Loader:
    """Load, for each owner, the ids of the rows that refer to it."""
    return _grouped(table, column, f"{table}.id", order)


def counted(link: Link) -> Loader:
    """Load, for each owner, how many members it has."""
    sql = select(f"{link.owner}, count(*)", link.table, f"{link.owner} {IN_IDS} GROUP BY {link.owner}")

    def load(context: Context, owners: list[int], _args: Args) -> list[int]:
        counts: dict[int, int] = dict(context.database.rows(sql, (id_list(set(owners)),)))
        return [counts.get(owner, 0) for owner in owners]

    return load


def _grouped(table: str, owner: str, value: str, order: str) -> Loader:
    sql = select(f"{owner}, {value}", table, f"{owner} {IN_IDS}", order)

    def load(context: Context, owners: list[int], _args: Args) -> list[list[Any]]:
        groups: dict[int, list[Any]] = {entity: [] for entity in owners}
        for key, item in context.database.rows(sql, (id_list(groups),)):
            groups[key].append(item)
        return [groups[entity] for entity in owners]

    return load
