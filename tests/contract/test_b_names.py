"""The facts on uniqueness: which names and aliases are refused, with which words."""

from __future__ import annotations

import pytest

from .media import unique

COLLECTIONS = pytest.mark.parametrize("noun", ["tag", "studio"])
NAMED = pytest.mark.parametrize("noun", ["tag", "studio", "performer"])


@NAMED
async def test_same_name_in_any_case(server, noun):
    """A name that is taken, in any case and with white space around it, is refused with the name as it was sent."""
    name = unique()
    await server.create(noun, name=name)
    wanted = name.upper()
    assert await server.refused(noun, name=f" {wanted} ") == f"{noun} with name '{wanted}' already exists"


@NAMED
async def test_blank_name(server, noun):
    """A blank name is refused, on creation and on update."""
    assert await server.refused(noun, name="  ") == f"{noun} name must not be blank"
    entity = await server.create(noun, name=unique())
    assert (await server.update(noun, entity, name=" "))["errors"][0][
        "message"
    ] == f"{noun} name must not be blank"


async def test_performer_disambiguation(server):
    """A performer's name may be taken again with another disambiguation, in whatever case."""
    name = unique()
    await server.create("performer", name=name)
    await server.create("performer", name=name, disambiguation="x")
    assert await server.refused("performer", name=name, disambiguation="X") == (
        f"performer with name '{name}' and disambiguation 'X' already exists"
    )
    assert await server.refused("performer", name=name, disambiguation=" ") == (
        f"performer with name '{name}' already exists"
    )


async def test_performer_aliases(server):
    """An alias equal to the own name, or to another alias, in any case, is refused; on update as well."""
    name = unique()
    assert await server.refused("performer", name=name, alias_list=[name.upper()]) == (
        f"performer contains duplicate alias '{name.upper()}'"
    )
    assert await server.refused("performer", name=name, alias_list=["bob", "BOB"]) == (
        "performer contains duplicate alias 'BOB'"
    )
    performer = await server.create("performer", name=name, alias_list=["bob"])
    for change in ({"alias_list": [name]}, {"name": "Bob"}, {"alias_list": ["x", "X"]}):
        reply = await server.update("performer", performer, **change)
        assert "performer contains duplicate alias" in reply["errors"][0]["message"]


async def test_performer_aliases_are_lowered_letter_by_letter(server):
    """Beyond ASCII too an alias is compared in lower case, as Go makes it: no final sigma, and `\u0130` is `i`."""
    for name, alias, is_taken in (
        ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c3", True),
        ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2", False),
        ("\u0130nci", "inci", True),
        ("\u212aim", "kim", True),
        ("ma\u00dfe", "masse", False),
    ):
        word = unique()
        if is_taken:
            refused = await server.refused("performer", name=word + name, alias_list=[word + alias])
            assert refused == f"performer contains duplicate alias '{word + alias}'"
        else:
            await server.create("performer", name=word + name, alias_list=[word + alias])


async def test_performer_aliases_may_be_others_names(server):
    """An alias may be another performer's name, and a name another's alias; a blank alias is kept as it is."""
    name, alias = unique(), unique()
    await server.create("performer", name=name, alias_list=[alias, " "])
    await server.create("performer", name=alias)
    performer = await server.create("performer", name=unique(), alias_list=[name, ""])
    assert (await server.show("performer", performer, "alias_list"))["alias_list"] == ["", name]


@NAMED
async def test_all_aliases_come(server, noun):
    """All aliases come, in no order to rely on: by the alphabet, or as its database finds them, which is its planner's choice."""
    word = unique()
    field = "alias_list" if noun == "performer" else "aliases"
    entity = await server.create(noun, name=unique(), **{field: [word + "b", word + "B2", word + "a"]})
    assert sorted((await server.show(noun, entity, field))[field]) == [word + "B2", word + "a", word + "b"]


@COLLECTIONS
async def test_name_used_as_alias(server, noun):
    """A name that is another one's alias is refused, with that one's name."""
    name, alias = unique(), unique()
    await server.create(noun, name=name, aliases=[alias])
    wanted = alias.upper()
    assert await server.refused(noun, name=wanted) == f"name '{wanted}' is used as alias for '{name}'"


@COLLECTIONS
async def test_alias_that_is_a_name(server, noun):
    """An alias that is another one's name or alias is refused in the words for a name."""
    name, alias = unique(), unique()
    await server.create(noun, name=name, aliases=[alias])
    wanted = name.upper()
    assert (
        await server.refused(noun, name=unique(), aliases=[wanted])
        == f"{noun} with name '{wanted}' already exists"
    )
    assert (
        await server.refused(noun, name=unique(), aliases=[alias])
        == f"name '{alias}' is used as alias for '{name}'"
    )


@COLLECTIONS
async def test_alias_like_the_own_name(server, noun):
    """An alias equal to the own name is taken on creation, and so are aliases that differ in case."""
    name, alias = unique(), unique()
    entity = await server.create(noun, name=name, aliases=[name, alias, alias.upper()])
    shown = await server.show(noun, entity, "aliases")
    assert sorted(shown["aliases"]) == sorted([name, alias, alias.upper()])


async def test_letters_beyond_ascii_are_not_folded(server):
    """`Élan` and `élan` are two tags."""
    word = unique()
    await server.create("tag", name=f"{word}Élan")
    await server.create("tag", name=f"{word}élan")


@NAMED
async def test_the_new_name_is_a_pattern(server, noun):
    """A new name with `_` or `%` is refused where an existing name matches it as a pattern; the other way it is fine."""
    word = unique()
    await server.create(noun, name=f"{word} two words")
    wanted = f"{word} two_words"
    assert await server.refused(noun, name=wanted) == f"{noun} with name '{wanted}' already exists"
    await server.create(noun, name=f"{word} a_b")
    await server.create(noun, name=f"{word} aXb")


@NAMED
async def test_an_unchanged_wildcard_name_cannot_be_sent_again(server, noun):
    """Sending a name with a wildcard again fails for tags and performers where another one matches; studios pass."""
    word = unique()
    entity = await server.create(noun, name=f"{word} a_b")
    await server.create(noun, name=f"{word} aXb")
    reply = await server.update(noun, entity, name=f"{word} a_b", favorite=True)
    if noun == "studio":
        assert "errors" not in reply
    else:
        assert reply["errors"][0]["message"] == f"{noun} with name '{word} a_b' already exists"


async def test_a_disambiguation_is_the_way_out_and_a_pattern(server):
    """A performer whose name is blocked by a pattern can be made with a disambiguation, which is a pattern too."""
    word = unique()
    await server.create("performer", name=f"{word}aXb", disambiguation="1")
    await server.create("performer", name=f"{word}aXb")
    await server.create("performer", name=f"{word}a_b", disambiguation="post 7")
    assert "already exists" in await server.refused("performer", name=f"{word}aXb", disambiguation="_")


async def test_renaming_to_itself_in_another_case(server):
    """An entity may change the case of its own name."""
    for noun in ("tag", "studio", "performer"):
        name = unique()
        entity = await server.create(noun, name=name)
        assert "errors" not in await server.update(noun, entity, name=name.upper())


async def test_studio_parent(server):
    """A studio cannot be its own ancestor; an unknown parent and one that is no number are errors."""
    top = await server.create("studio", name=unique())
    below = await server.create("studio", name=unique(), parent_id=top)
    for parent in (top, below):
        reply = await server.update("studio", top, parent_id=parent)
        assert reply["errors"][0]["message"] == "studio cannot be an ancestor of itself"
    assert (await server.update("studio", top, parent_id="99999999"))["errors"][0]["message"] == (
        "studio with id 99999999 not found"
    )
    assert "FOREIGN KEY constraint failed" in await server.refused(
        "studio", name=unique(), parent_id="99999999"
    )
    assert (await server.refused("studio", name=unique(), parent_id="x")).startswith("converting parent id: ")
    assert await server.show("studio", below, "parent_studio { id }") == {"parent_studio": {"id": top}}
    assert await server.show("studio", top, "child_studios { id }") == {"child_studios": [{"id": below}]}


async def test_tag_parents(server):
    """A tag has parents and children, and cannot become its own ancestor."""
    top = await server.create("tag", name=unique())
    below = await server.create("tag", name=unique(), parent_ids=[top])
    assert await server.show("tag", top, "children { id } child_count parent_count") == {
        "children": [{"id": below}],
        "child_count": 1,
        "parent_count": 0,
    }
    reply = await server.update("tag", top, parent_ids=[below])
    assert reply["errors"][0]["message"].startswith("cannot apply tag ")


@pytest.mark.parametrize("noun", ["tag", "studio", "performer", "gallery", "scene", "image"])
async def test_unknown_id_of_an_update(server, noun):
    """An update of an unknown id says so by this text; an id that is no number is another error."""
    field = {"tag": "description"}.get(noun, "details")
    reply = await server.update(noun, "99999999", **{field: "x"})
    assert reply["errors"][0]["message"] == f"{noun} with id 99999999 not found"
    reply = await server.update(noun, "x", **{field: "x"})
    assert reply["errors"][0]["message"] == 'converting id: strconv.Atoi: parsing "x": invalid syntax'


@pytest.mark.parametrize("noun", ["gallery", "scene"])
async def test_unknown_relations(server, noun):
    """An unknown tag, performer or studio fails a creation, with the database's own text."""
    for field in ("tag_ids", "performer_ids"):
        assert "FOREIGN KEY constraint failed" in await server.refused(
            noun, title="x", **{field: ["99999999"]}
        )
    assert "FOREIGN KEY constraint failed" in await server.refused(noun, title="x", studio_id="99999999")
    assert (await server.refused(noun, title="x", tag_ids=["a"])) == (
        'converting tag ids: strconv.Atoi: parsing "a": invalid syntax'
    )
    assert (await server.refused(noun, title="x", studio_id="a")).startswith(
        "converting studio id: converting a to int: "
    )


async def test_destroy(server):
    """What is destroyed is gone from what named it; an unknown id is an error."""
    tag = await server.create("tag", name=unique())
    gallery = await server.create("gallery", title=unique(), tag_ids=[tag])
    document = "mutation($id: ID!) { tagDestroy(input: {id: $id}) }"
    assert await server.data(document, {"id": tag}) == {"tagDestroy": True}
    assert (await server.show("gallery", gallery, "tags { id }"))["tags"] == []
