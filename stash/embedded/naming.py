"""Names and aliases: what Stash takes as taken. It asks with LIKE, the new name being the pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.texts import GO_SPACE, lowered

from .entities import Noun, merged
from .errors import ResolverError
from .sql import select
from .values import to_changes, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .context import Context
    from .database import Database
    from .execution import Args


def check_names(context: Context, noun: Noun, given: Args, entity_id: int = 0) -> None:
    """Check the name and the aliases of a tag or studio that is to be written.

    Raises:
        ResolverError: one is blank, or taken as a name or an alias of another one.
    """
    database = context.database
    aliases = _new_aliases(database, noun, given, entity_id)
    name = to_text(given.get("name")) or ""
    if noun.name == "studio" and entity_id:
        unchanged = database.value(select("name", "studio", "id = ?"), (entity_id,)) == name
        _check_aliases(database, noun, aliases, entity_id)
        if "name" in given and not unchanged:
            _check_name(database, noun, name, entity_id)
        return
    if "name" in given:
        _check_name(database, noun, name, entity_id)
    _check_aliases(database, noun, aliases, entity_id)


def _new_aliases(database: Database, noun: Noun, given: Args, entity_id: int) -> list[str]:
    if "aliases" not in given:
        return []
    mode, values = to_changes(given["aliases"], "values")
    values = [value.strip(GO_SPACE) for value in values]
    return values if mode == "SET" else merged(mode, noun.texts_of(database, entity_id, "alias"), values)


def _check_aliases(database: Database, noun: Noun, aliases: Iterable[str], entity_id: int) -> None:
    for alias in aliases:
        if not alias and noun.name == "studio":
            raise ResolverError("studio alias must not be an empty string")
        _check_name(database, noun, alias, entity_id, blank=True)


def _check_name(database: Database, noun: Noun, name: str, entity_id: int, *, blank: bool = False) -> None:
    if not name and not blank:
        raise ResolverError(f"{noun.name} name must not be blank")
    order = f"natural_key({'coalesce(sort_name, name)' if noun.name == 'tag' else 'name'})"
    same = database.rows(select("id, name", noun.name, "name LIKE ?", order), (name,))
    if same and same[0][0] != entity_id:
        raise ResolverError(f"{noun.name} with name '{name}' already exists")
    tables = f"{noun.name}_alias JOIN {noun.name} ON {noun.name}.id = {noun.key}"
    used = database.rows(select(f"{noun.name}.id, name", tables, "alias LIKE ?", order), (name,))
    if used and used[0][0] != entity_id:
        raise ResolverError(f"name '{name}' is used as alias for '{used[0][1]}'")


def check_performer(context: Context, noun: Noun, given: Args, entity_id: int = 0) -> None:
    """Check the name, disambiguation and aliases of a performer that is to be written.

    Raises:
        ResolverError: another performer has both, or an alias is doubled or equal to the name.
    """
    database = context.database
    row = database.rows(select("name, disambiguation", "performer", "id = ?"), (entity_id,))
    name, disambiguation = row[0] if row else ("", None)
    name = (to_text(given["name"]) or "") if "name" in given else name
    disambiguation = to_text(given["disambiguation"]) if "disambiguation" in given else disambiguation
    if "name" in given or "disambiguation" in given:
        if not name:
            raise ResolverError("performer name must not be blank")
        _check_unique_performer(database, name, disambiguation, entity_id)
    if "name" in given or "alias_list" in given:
        mode, values = to_changes(given.get("alias_list"), "values")
        values = [value.strip(GO_SPACE) for value in values]
        if "alias_list" not in given or mode != "SET":
            old = noun.texts_of(database, entity_id, "alias")
            values = merged(mode, old, values) if "alias_list" in given else old
        seen = {lowered(name)}
        for alias in values:
            if lowered(alias) in seen:
                raise ResolverError(f"performer contains duplicate alias '{alias}'")
            seen.add(lowered(alias))


def _check_unique_performer(
    database: Database, name: str, disambiguation: str | None, entity_id: int
) -> None:
    parameters = [name]
    if disambiguation:
        where = "name LIKE ? AND disambiguation LIKE ?"
        parameters.append(disambiguation)
    else:
        where = "name LIKE ? AND disambiguation IS NULL"
    taken = database.values(select("id", "performer", where) + " LIMIT 2", parameters)
    if any(other != entity_id for other in taken):
        both = f" and disambiguation '{disambiguation}'" if disambiguation else ""
        raise ResolverError(f"performer with name '{name}'{both} already exists")
