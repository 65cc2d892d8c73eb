"""The schema is the client library's, cut back to appSchema 75."""

from __future__ import annotations

import logging
import tomllib
from importlib.resources import files

import pytest
from graphql import build_schema, is_enum_type, parse, validate
from stash_graphql_client.capabilities import detect_capabilities
from stash_graphql_client.fragments import FragmentStore

from stash.embedded.schema import _sdl_texts, load_schema

from .conftest import ask

_CUTS = tomllib.loads((files("stash.embedded") / "schema75.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def whole():
    """The schema as it ships."""
    return build_schema("\n".join(_sdl_texts(files("stash_graphql_client") / "schema")))


def _has(schema, member):
    owner, _, name = member.partition(".")
    kind = schema.type_map.get(owner)
    if kind is None or not name:
        return kind is not None
    return name in (kind.values if is_enum_type(kind) else kind.fields)


@pytest.mark.parametrize("member", _CUTS["remove"])
def test_each_cut_takes_something_away(whole, member):
    """What the list removes is in the SDL that ships, by its later name, and not in the schema that is served."""
    owner, _, name = member.partition(".")
    later = {earlier: later for later, earlier in _CUTS["rename"].items()}.get(owner, owner)
    assert _has(whole, f"{later}.{name}" if name else later)
    assert not _has(load_schema(), member)


def test_renamed_and_retyped():
    """Renamed types go by their earlier names, and what has them follows."""
    schema = load_schema()
    assert str(schema.type_map["Performer"].fields["circumcised"].type) == "CircumisedEnum"
    assert (
        str(schema.type_map["SceneFilterType"].fields["duplicated"].type) == "PHashDuplicationCriterionInput"
    )
    assert "CircumcisedEnum" not in schema.type_map


def test_the_rest_is_all_there(whole):
    """Nothing else is lost: the schema has all types and members that the list does not name."""
    removed = set(_CUTS["remove"])
    for name, kind in whole.type_map.items():
        served = _CUTS["rename"].get(name, name)
        if served in removed or not hasattr(kind, "fields"):
            continue
        for member in kind.fields:
            assert f"{served}.{member}" in removed or _has(load_schema(), f"{served}.{member}")


async def test_the_librarys_own_documents_are_valid(stash):
    """The documents that the client library builds for such a server are valid on it, but for the three that a real one refuses too."""
    introspection = await ask(
        stash,
        "{ version { version } systemStatus { appSchema } __schema { queryType { fields { name } } mutationType "
        "{ fields { name } } subscriptionType { fields { name } } types { name kind fields { name } "
        "inputFields { name } } } }",
    )
    assert "errors" not in introspection

    async def answer(document, variables):
        return (await ask(stash, document, variables))["data"]

    store = FragmentStore()
    store.rebuild(await detect_capabilities(answer, logging.getLogger(__name__)))
    refused = {
        name
        for name in dir(store)
        if name.isupper()
        and ("query " in (text := getattr(store, name)) or "mutation " in text)
        and validate(load_schema(), parse(text))
    }
    assert refused == {"CREATE_IMAGE_MUTATION", "SCRAPE_SINGLE_TAG_QUERY", "SCRAPE_URL_QUERY"}
