"""Facts A1 to A16: how texts are matched."""

from __future__ import annotations

import pytest

from .media import unique


async def _tags(server, *names):
    """Make tags whose names begin with one unique word; return that word."""
    word = unique()
    for name in names:
        await server.create("tag", name=word + name)
    return word


async def test_a1_equals_ignores_ascii_case(server):
    """A1: EQUALS is LIKE, which ignores the case of ASCII letters."""
    word = await _tags(server, "anna x")
    assert await server.names("tag", word.upper() + "ANNA X", "EQUALS") == {word + "anna x"}


async def test_a2_equals_has_wildcards(server):
    """A2: `_` and `%` are wildcards in EQUALS."""
    word = await _tags(server, "anna_x", "annaXx", "other")
    assert await server.names("tag", word + "anna_x", "EQUALS") == {word + "anna_x", word + "annaXx"}
    assert await server.names("tag", word + "%", "EQUALS") == {
        word + "anna_x",
        word + "annaXx",
        word + "other",
    }


@pytest.mark.parametrize("escaped", [r"anna\_x", '"anna_x"', "anna[_]x"])
async def test_a3_wildcards_cannot_be_escaped(server, escaped):
    """A3: nothing escapes a wildcard; a backslash, quotes and brackets stand for themselves."""
    word = await _tags(server, "anna_x")
    assert await server.names("tag", word + escaped, "EQUALS") == set()


async def test_a4_equals_does_not_trim(server):
    """A4: EQUALS takes white space in the value as it is."""
    word = await _tags(server, "ass")
    assert await server.names("tag", word + "ass ", "EQUALS") == set()


async def test_a5_equals_folds_ascii_only(server):
    """A5: letters beyond ASCII have to agree in case; a regex with (?i) finds both."""
    word = await _tags(server, "Élan", "élan")
    assert await server.names("tag", word + "ÉLAN", "EQUALS") == {word + "Élan"}
    assert await server.names("tag", f"(?i)^{word}élan$", "MATCHES_REGEX") == {word + "Élan", word + "élan"}


async def test_a6_includes_takes_any_word(server):
    """A6: INCLUDES takes any of several words, a phrase only in double quotes."""
    word = await _tags(server, "two", "words", "two words")
    every = {word + "two", word + "words", word + "two words"}
    assert await server.names("tag", f"{word}two {word}words", "INCLUDES") == every
    assert await server.names("tag", f'"{word}two words"', "INCLUDES") == {word + "two words"}
    assert await server.names("tag", f"'{word}two' {word}words", "INCLUDES") == {word + "words"}


async def test_a7_includes_with_quotes_is_no_whole_word(server):
    """A7: a quoted INCLUDES still matches within words, and its wildcards work."""
    word = await _tags(server, "ass", "glass")
    assert await server.names("tag", f'"{word}%ass"', "INCLUDES") == {word + "ass", word + "glass"}
    assert await server.names("tag", f"{word}_ss", "INCLUDES") == {word + "ass"}


async def test_a8_regex_is_case_sensitive_and_exact(server):
    """A8: MATCHES_REGEX is case-sensitive, and exact when anchored."""
    word = await _tags(server, "anna_x", "annaXx")
    assert await server.names("tag", f"^{word}anna_x$", "MATCHES_REGEX") == {word + "anna_x"}
    assert await server.names("tag", f"^{word}ANNA_X$", "MATCHES_REGEX") == set()
    assert await server.names("tag", f"{word}anna", "MATCHES_REGEX") == {word + "anna_x", word + "annaXx"}


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"(?i)ANNA$", {"anna"}),
        (r"\bb c$", {" b c"}),
        (r"^.*\p{Lu}x$", {"ÄUx"}),
        (r"[[:upper:]]x$", {"ÄUx"}),
        (r"(?:anna|b c)$", {"anna", " b c"}),
        (r"^.{1,1000}[^a-zA-Z ]{2}$", {"12"}),
        (r"(?i:ANNA)|\d{2}$", {"anna", "12"}),
        (r"\Qb c\E$", {" b c"}),
    ],
)
async def test_a9_regex_speaks_re2(server, pattern, found):
    """A9: the dialect is Go's RE2."""
    word = await _tags(server, "anna", " b c", "ÄUx", "12")
    names = await server.names(
        "tag", pattern, "MATCHES_REGEX", AND={"name": {"value": f"^{word}", "modifier": "MATCHES_REGEX"}}
    )
    assert names == {word + name for name in found}


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
        ("a{1,2000}", "invalid repeat count: `{1,2000}`"),
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `a)`"),
        ("[a", "missing closing ]: `[a`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("\\1", "invalid escape sequence: `\\1`"),
        ("a\\", "trailing backslash at end of expression: ``"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("(?<=a)b", "invalid named capture: `(?<=a)b`"),
        ("\\p{Nope}", "invalid character class range: `\\p{Nope}`"),
    ],
)
async def test_a9_what_re2_refuses(server, pattern, reason):
    """A9: lookaround, back references, repeats beyond 1,000 and broken patterns are errors of the field."""
    document = "query($f: TagFilterType) { findTags(tag_filter: $f) { count } }"
    reply = await server.post(document, {"f": {"name": {"value": pattern, "modifier": "MATCHES_REGEX"}}})
    assert reply.status_code == 200
    assert reply.json() == {
        "errors": [{"message": f"error parsing regexp: {reason}", "path": ["findTags"]}],
        "data": None,
    }


async def test_a10_exact_look_up_by_name_or_alias(server):
    """A10: one anchored alternation a field, OR-ed, finds exactly the wanted performers."""
    word = unique()
    await server.create("performer", name=word + "anna_x")
    await server.create("performer", name=word + "bea", alias_list=[word + "ANNA"])
    await server.create("performer", name=word + "annaXx")
    pattern = f"(?i)^(?:{word}anna_x|{word}ANNA)$"
    names = await server.names(
        "performer", pattern, "MATCHES_REGEX", OR={"aliases": {"value": pattern, "modifier": "MATCHES_REGEX"}}
    )
    assert names == {word + "anna_x", word + "bea"}


async def test_a11_alias_filter_looks_at_aliases_alone(server):
    """A11: the alias filter takes each alias by itself, ignores case, and leaves the name out."""
    word = unique()
    await server.create("tag", name=word + "act", aliases=[word + "full act", word + "deed"])
    assert await server.names("tag", word + "FULL ACT", "EQUALS", "aliases") == {word + "act"}
    assert await server.names("tag", word + "act", "EQUALS", "aliases") == set()


async def test_a14_and_beside_or_is_refused(server):
    """A14: AND and OR cannot stand at one level; NOT within AND can."""
    document = "query($f: TagFilterType) { findTags(tag_filter: $f) { count } }"
    any_name = {"name": {"value": "x", "modifier": "EQUALS"}}
    assert await server.refusal(document, {"f": {"AND": any_name, "OR": any_name}}) == (
        "cannot have AND and OR in the same filter"
    )
    word = await _tags(server, "a", "b")
    inner = {"name": {"value": f"{word}%", "modifier": "EQUALS"}}
    excluded = {"name": {"value": f"{word}b", "modifier": "EQUALS"}}
    found = await server.data(
        "query($f: TagFilterType) { findTags(tag_filter: $f) { tags { name } } }",
        {"f": {"AND": {**inner, "NOT": excluded}}},
    )
    assert found["findTags"]["tags"] == [{"name": word + "a"}]


def _nested(depth, criterion):
    """An OR of criteria, one within the other."""
    wanted = criterion
    for _ in range(depth - 1):
        wanted = {**criterion, "OR": wanted}
    return wanted


@pytest.mark.parametrize(
    ("criterion", "deepest"),
    [
        ({"code": {"value": "x", "modifier": "EQUALS"}}, 31),
        ({"code": {"value": "x", "modifier": "MATCHES_REGEX"}}, 30),
        ({"title": {"value": "", "modifier": "IS_NULL"}}, 29),
        ({"path": {"value": "x", "modifier": "EQUALS"}}, 30),
        ({"path": {"value": "x", "modifier": "INCLUDES"}}, 30),
        ({"path": {"value": "x", "modifier": "MATCHES_REGEX"}}, 29),
    ],
)
async def test_a15_depth_of_nested_or(server, criterion, deepest):
    """A15: beyond about 30 levels of OR the database refuses, with an error of the field; 2 less with the count."""
    for fields, most in (("images { id }", deepest), ("count", deepest - 2)):
        document = f"query($f: ImageFilterType) {{ findImages(image_filter: $f) {{ {fields} }} }}"
        await server.data(document, {"f": _nested(most, criterion)})
        assert "parser stack overflow" in await server.refusal(document, {"f": _nested(most + 1, criterion)})


@pytest.mark.parametrize(("field", "most"), [("path", 993), ("code", 998)])
async def test_a16_words_of_one_includes(server, field, most):
    """A16: an INCLUDES takes just under a thousand words."""
    document = "query($f: ImageFilterType) { findImages(image_filter: $f) { count } }"
    words = [f"w{number}" for number in range(most + 1)]
    fits = {field: {"value": " ".join(words[:most]), "modifier": "INCLUDES"}}
    assert (await server.data(document, {"f": fits}))["findImages"]["count"] >= 0
    too_many = {field: {"value": " ".join(words), "modifier": "INCLUDES"}}
    assert await server.refusal(document, {"f": too_many})
