"""Go's regular expressions in Python: what the contract does not reach."""

from __future__ import annotations

import pytest

from stash.embedded.errors import ResolverError
from stash.embedded.matching import parse_date, search_terms, search_words
from stash.embedded.regex import compile_go, exact_values
from stash.files.paths import natural_key


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("a.c", "abc", True),
        ("a.c", "a\nc", False),
        ("(?s)a.c", "a\nc", True),
        ("^b$", "a\nb\nc", False),
        ("(?m)^b$", "a\nb\nc", True),
        ("b$", "b\n", False),
        (r"b\z", "b", True),
        (r"\Ab", "ab", False),
        ("a(?i)b|c", "aB", True),
        ("a(?i)b|c", "C", True),
        ("(?:a(?i)b)c", "aBC", False),
        ("(?i:a)b", "AB", False),
        ("(?i)a(?-i:b)", "AB", False),
        ("(?i)a(?-i)b", "Ab", True),
        (r"\d", "٣", False),
        (r"\w", "é", False),
        (r"[^\d]", "1", False),
        (r"[\D]", "1", False),
        (r"[\W]", "é", True),
        (r"[\S]", " ", False),
        (r"\s", "\u00a0", False),
        (r"\Bb", "ab", True),
        (r"\pL", "é", True),
        (r"\PL", "é", False),
        (r"\p{^Lu}", "a", True),
        (r"[\p{Nd}]", "٣", True),
        (r"\x41\x{1F600}", "A😀", True),
        (r"[\x41-\x43]", "B", True),
        (r"\Qa.b\E+", "a.bb", True),
        (r"\Qa.b", "a.b", True),
        (r"\t\n\a", "\t\n\a", True),
        (r"[[:alpha:][:digit:]]", "7", True),
        ("[]a]", "]", True),
        ("[^]a]", "]", False),
        ("[a-]", "-", True),
        ("[a&&b]", "&", True),
        ("[[]", "[", True),
        (r"[\-\]]", "]", True),
        ("[^^]", "^", False),
        ("a{,2}", "a{,2}", True),
        ("a{2}", "aa", True),
        ("a{2,}?", "aaa", True),
        ("a{x}", "a{x}", True),
        ("(?U)a+", "aa", True),
        ("(?P<name>a)(?<other>b)", "ab", True),
        ("a|", "", True),
        (r"\(*", "((", True),
        ("", "anything", True),
    ],
)
def test_matches_as_go_does(pattern, text, found):
    """A translated pattern finds what Go's would."""
    assert (compile_go(pattern).search(text) is not None) is found


def test_lazy_and_greedy_swap():
    """The flag U makes repeats lazy and lazy ones greedy."""
    assert compile_go("(?U)a+").search("aaa")[0] == "a"
    assert compile_go("(?U)a+?").search("aaa")[0] == "aaa"


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("(?P<name)", "invalid named capture: `(?P<name)`"),
        ("(?#a)", "invalid or unsupported Perl syntax: `(?#`"),
        ("a+*", "invalid nested repetition operator: `+*`"),
        ("(*a)", "missing argument to repetition operator: `*`"),
        ("a|*", "missing argument to repetition operator: `*`"),
        (r"\Z", r"invalid escape sequence: `\Z`"),
        (r"\pX", r"invalid character class range: `\pX`"),
        ("[[:nope:]]", "invalid character class range: `[:nope:]`"),
        (r"[a-\t]", r"invalid character class range: `a-\t`"),
        ("(?P<a>x)(?P<a>y)", "redefinition of group name 'a' as group 2; was group 1: `(?P<a>x)(?P<a>y)`"),
    ],
)
def test_refused_as_go_does(pattern, reason):
    """What Go does not take is refused."""
    with pytest.raises(ResolverError) as error:
        compile_go(pattern)
    assert str(error.value) == f"error parsing regexp: {reason}"


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("^(?:a|b c)$", ["a", "b c"]),
        ("^(a)$", ["a"]),
        (r"^a\.b\|c$", ["a.b|c"]),
        (r"^(?:a\(1\)|b\\)$", ["a(1)", "b\\"]),
        ("^(?:a|b+)$", None),
        ("^(?:a|(b))$", None),
        (r"^\d$", None),
        ("(?i)^a$", None),
        ("^a", None),
        ("^a|b$", None),
        ("^[ab]$", None),
    ],
)
def test_exact_values(pattern, values):
    """Anchored alternations of literals are recognised, and nothing else is taken for one."""
    assert exact_values(pattern) == values


def test_natural_order():
    """Numbers go by value, letters as capitals, equal numbers by their zeros."""
    names = ["b", "a_", "a10", "é", "a2", "A1", "a", "a01"]
    assert sorted(names, key=natural_key) == ["a", "A1", "a01", "a2", "a10", "a_", "b", "é"]
    assert natural_key("ü") == natural_key("Ü")


def test_words_and_terms():
    """Values of INCLUDES fall into words, or are one phrase; a search falls into terms."""
    assert search_words(" two  words ") == ["two", "words"]
    assert search_words('"two words"') == ["two words"]
    assert search_words('"') == [""]
    assert search_terms('a -b "c d" e OR f | g -') == [
        (False, ["a"]),
        (True, ["b"]),
        (False, ["c d"]),
        (False, ["e", "f", "g"]),
        (False, ["-"]),
    ]


def test_dates():
    """A date keeps its precision; a time is cut to its day."""
    assert parse_date("2024-05") == "2024-05"
    assert parse_date("2024-05-01 10:00:00") == "2024-05-01"
    with pytest.raises(ResolverError, match="failed to parse date"):
        parse_date("2024-00")
