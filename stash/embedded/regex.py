"""Go's regular expressions (RE2 syntax), translated to Python's `re`. What Go refuses is refused."""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from functools import cache, lru_cache
from typing import NoReturn

from .errors import ResolverError

_MAX_REPEAT = 1000
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAMED = re.compile(r"\(\?P?<(\w+)>")
_SAFE_IN_CLASS = frozenset("[&~|")
_DIGIT, _SPACE, _WORD = "0-9", r"\t\n\f\r ", "0-9A-Za-z_"
_PERL = {
    "d": _DIGIT,
    "s": _SPACE,
    "w": _WORD,
    "D": r"\x00-/:-\U0010ffff",
    "S": r"\x00-\x08\x0b\x0e-\x1f!-\U0010ffff",
    "W": r"\x00-/:-@\[-^`{-\U0010ffff",
}
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": _DIGIT,
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": _WORD,
    "xdigit": "0-9A-Fa-f",
}
_ALTERNATIVES = re.compile(r"\^(?:\((?:\?:)?(?P<group>.*)\)|(?P<bare>.*))\$", re.DOTALL)
_LITERAL = re.compile(r"(?:[^\\.+*?()|\[\]{}^$]|\\[^A-Za-z0-9])*")


@lru_cache(maxsize=64)
def compile_go(pattern: str) -> re.Pattern[str]:
    """Compile a Go pattern. Matching is unanchored and case-sensitive, as `MatchString` is.

    Raises:
        ResolverError: Go would not accept the pattern.
    """
    translated = _Translator(pattern).translate()
    try:
        return re.compile(translated)
    except re.error as error:
        raise ResolverError(f"error parsing regexp: {error.msg}: `{pattern}`") from error


def exact_values(pattern: str) -> list[str] | None:
    """Return the values of an anchored alternation of literals, `^(?:a|b)$`. None for any other pattern."""
    match = _ALTERNATIVES.fullmatch(pattern)
    if match is None:
        return None
    parts = [match["bare"]] if match["group"] is None else re.split(r"(?<!\\)\|", match["group"])
    if not all(_LITERAL.fullmatch(part) for part in parts):
        return None
    return [re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part in parts]


@cache
def _category(name: str, *, negated: bool) -> str:
    """Return the character ranges of a general category ("L", "Lu") for use within a class."""
    ranges: list[str] = []
    start: int | None = None
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and unicodedata.category(chr(code)).startswith(name) != negated
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            ranges.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = None
    return "".join(ranges)


class _Translator:
    """One pass over a pattern. Groups are tracked because a flag lasts until its group ends."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._out: list[str] = []
        self._scopes: list[list[str]] = [[]]  # per open group: the flag groups opened within it
        self._multiline = [False]
        self._lazy = [False]

    def translate(self) -> str:
        while self._at < len(self._pattern):
            self._step()
        if len(self._scopes) > 1:
            self._refuse("missing closing )", self._pattern)
        self._out.append(")" * len(self._scopes[0]))
        return "".join(self._out)

    def _step(self) -> None:
        char = self._pattern[self._at]
        if char == "\\":
            self._escape()
        elif char == "[":
            self._character_class()
        elif char == "(":
            self._open()
        elif char == ")":
            self._close()
        elif char in "*+?{":
            self._repeat()
        else:
            self._at += 1
            self._plain(char)

    def _plain(self, char: str) -> None:
        if char == "|":
            flags = self._scopes[-1]
            char = ")" * len(flags) + "|" + "".join(flags)
        elif char == "$":
            char = r"(?=\n|\Z)" if self._multiline[-1] else r"\Z"
        elif char == "^":
            char = r"(?m:^)" if self._multiline[-1] else r"\A"
        elif char == "}":
            char = r"\}"
        self._out.append(char)

    def _open(self) -> None:
        rest = self._pattern[self._at :]
        if flags := _FLAGS.match(rest):
            self._at += flags.end()
            self._flags(flags[1], flags[2] or "", closed=flags[3] == ")")
            return
        if named := _NAMED.match(rest):
            self._at += named.end()
            self._push(f"(?P<{named[1]}>")
            return
        if rest.startswith(("(?P<", "(?<")):
            self._refuse("invalid named capture", rest[: rest.find(">") + 1] or rest)
        if rest.startswith("(?"):
            self._refuse("invalid or unsupported Perl syntax", rest[:3])
        self._at += 1
        self._push("(")

    def _push(self, opening: str) -> None:
        self._out.append(opening)
        self._scopes.append([])
        self._multiline.append(self._multiline[-1])
        self._lazy.append(self._lazy[-1])

    def _flags(self, on: str, off: str, *, closed: bool) -> None:
        kept_on, kept_off = (flags.translate({ord("m"): None, ord("U"): None}) for flags in (on, off))
        opening = f"(?{kept_on}-{kept_off}:" if kept_off else f"(?{kept_on}:"
        if closed:
            self._scopes[-1].append(opening)
            self._out.append(opening)
        else:
            self._push(opening)
        self._multiline[-1] = ("m" in on) or (self._multiline[-1] and "m" not in off)
        self._lazy[-1] = ("U" in on) or (self._lazy[-1] and "U" not in off)

    def _close(self) -> None:
        if len(self._scopes) == 1:
            self._refuse("unexpected )", self._pattern)
        self._out.append(")" * len(self._scopes.pop()) + ")")
        self._multiline.pop()
        self._lazy.pop()
        self._at += 1

    def _repeat(self) -> None:
        start = self._at
        if self._pattern[start] == "{":
            count = _REPEAT.match(self._pattern, start)
            if count is None:
                self._at += 1
                self._out.append(r"\{")
                return
            if max(int(bound) for bound in count.groups() if bound) > _MAX_REPEAT:
                self._refuse("invalid repeat count", count[0])
            operator = count[0]
        else:
            operator = self._pattern[start]
        if start == 0 or (self._pattern[start - 1] in "(|" and self._pattern[start - 2 : start - 1] != "\\"):
            self._refuse("missing argument to repetition operator", operator)
        self._at += len(operator)
        lazy = self._pattern[self._at : self._at + 1] == "?"
        self._at += lazy
        following = self._pattern[self._at : self._at + 1]
        if following and following in "*+?":
            self._refuse("invalid nested repetition operator", self._pattern[start : self._at + 1])
        self._out.append(operator + ("?" if lazy != self._lazy[-1] else ""))

    def _escape(self) -> None:
        following = self._pattern[self._at + 1 : self._at + 2]
        if not following:
            self._refuse("trailing backslash at end of expression", "")
        if following == "Q":
            end = self._pattern.find(r"\E", self._at)
            stop = len(self._pattern) if end < 0 else end
            self._out.append(re.escape(self._pattern[self._at + 2 : stop]))
            self._at = stop if end < 0 else end + 2
        elif following in "bB":
            self._at += 2
            self._out.append(f"(?a:\\{following})")
        elif following in "Az":
            self._at += 2
            self._out.append(r"\A" if following == "A" else r"\Z")
        else:
            inner, is_set = self._class_escape()
            self._out.append(f"[{inner}]" if is_set else inner)

    def _class_escape(self) -> tuple[str, bool]:  # noqa: RET503 - it ends in NoReturn
        """Translate the escape at hand. The flag says whether it is a set of characters."""
        following = self._pattern[self._at + 1 : self._at + 2]
        if following in _PERL:
            self._at += 2
            return _PERL[following], True
        if following and following in "pP":
            named = re.compile(r"\\[pP](?:\{(\^?)(\w+)\}|(\w))").match(self._pattern, self._at)
            name = (named[2] or named[3]) if named else ""
            if named is None or not _is_category(name):
                self._refuse(
                    "invalid character class range", named[0] if named else self._pattern[self._at :]
                )
            self._at = named.end()
            return _category(name, negated=(following == "P") != bool(named[1])), True
        if code := re.compile(r"\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))").match(self._pattern, self._at):
            self._at = code.end()
            return re.escape(chr(int(code[1] or code[2], 16))), False
        if following and following in "aftnrv":
            self._at += 2
            return f"\\{following}", False
        if following and following not in string.ascii_letters + string.digits:
            self._at += 2
            return re.escape(following), False
        self._refuse("invalid escape sequence", f"\\{following}")

    def _character_class(self) -> None:
        start = self._at
        self._at += 1
        negated = self._pattern.startswith("^", self._at)
        self._at += negated
        parts: list[str] = []
        while self._at < len(self._pattern) and (self._pattern[self._at] != "]" or not parts):
            first = self._at
            parts.append(self._class_part())
            if re.compile(r"-[^\]]").match(self._pattern, self._at):
                self._at += 1
                parts += ["-", self._class_part()]
                if _last_char(parts[-1]) < _last_char(parts[-3]):
                    self._refuse("invalid character class range", self._pattern[first : self._at])
        if self._at >= len(self._pattern):
            self._refuse("missing closing ]", self._pattern[start:])
        self._at += 1
        self._out.append(f"[{'^' if negated else ''}{''.join(parts)}]")

    def _class_part(self) -> str:
        if posix := re.compile(r"\[:(\w+):\]").match(self._pattern, self._at):
            if posix[1] not in _POSIX:
                self._refuse("invalid character class range", posix[0])
            self._at = posix.end()
            return _POSIX[posix[1]]
        char = self._pattern[self._at]
        if char == "\\":
            return self._class_escape()[0]
        self._at += 1
        return f"\\{char}" if char in _SAFE_IN_CLASS or char in "]^" else char

    def _refuse(self, why: str, what: str) -> NoReturn:
        raise ResolverError(f"error parsing regexp: {why}: `{what}`")


def _last_char(part: str) -> str:
    """Return the character that a part of a class stands for, for ordering a range."""
    return {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\f": "\f", "\\v": "\v", "\\a": "\a"}.get(part, part[-1])


def _is_category(name: str) -> bool:
    majors = {"C", "L", "M", "N", "P", "S", "Z"}
    return name in majors or (len(name) == 2 and name[0] in majors and name[1].islower())  # noqa: PLR2004
