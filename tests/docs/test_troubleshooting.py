"""The page of messages: each is one that the code can say, and no error of the code is left out."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stash import errors
from stash.next_steps import _STEPS
from stash.source import errors as source_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
MESSAGES = [
    message
    for row in re.findall(r"^\| (`.*?`) \| ", PAGE, re.MULTILINE)
    for message in re.findall(r"`([^`]+)`", row)
]
REASONS = "".join(
    re.findall(
        r"^## (?:Nothing happened|Unmatched and skipped)\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL
    )
)
ROWS = re.findall(r"^\| `.*$", REASONS, re.MULTILINE)
FOR_SCRIPTS = {"LookupRefusedError", "RejectedError"}
"""Errors that a script of the user's may meet; docs/reference/store.md is about it."""
SHORTEST = 12
"""Letters of a message that tells one error from another."""


def texts(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Return each text of a module, with `…` for what is put in, and inner texts by themselves."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [one.value if isinstance(one, ast.Constant) else "…" for one in node.values]
            yield node, plain("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, plain(node.value)


def plain(text: str) -> str:
    """Return a text with one kind of placeholder, and none beside punctuation."""
    return re.sub(r"\{[^{}]*\}", "…", " ".join(text.split()))


TREES = [
    ast.parse(path.read_text("utf-8"))
    for folder in ("stash", "metadata")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "embedded" not in path.parts
]
SAID = {text for tree in TREES for _, text in texts(tree)}


def raised() -> Iterator[str]:
    """Return the sentence of each error that is made anywhere in the code, as far as it stands there as a text."""
    kinds = {name for module in (errors, source_errors) for name in vars(module) if name.endswith("Error")}
    for tree in TREES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in kinds - FOR_SCRIPTS:
                for argument in node.args[:1]:
                    found = dict(texts(argument)).get(argument, "")
                    if sum(letter.isalpha() for letter in found) > SHORTEST:
                        yield found


def has(text: str, message: str) -> bool:
    """Tell whether a text has the parts of a message, in their order."""
    parts = [part.strip(" ") for part in message.split("…") if part.strip(" ")]
    return bool(re.search(".*".join(map(re.escape, parts)), text)) and bool(parts)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_one_of_the_code(message: str) -> None:
    """The code has a text with the words of this message."""
    assert any(has(text, message) for text in SAID)


def test_no_error_is_left_out() -> None:
    """Each sentence of an error has a row of the page."""
    assert sum(1 for _ in raised()) > 90
    telling = [message for message in MESSAGES if sum(letter.isalpha() for letter in message) >= SHORTEST]
    assert [text for text in raised() if not any(has(text, one) for one in telling)] == []


def test_no_reason_is_left_out() -> None:
    """Each reason for which the code has a next step has a row of the page."""
    left = [
        words
        for words, *_ in _STEPS
        if not any(set(words.split()) <= set(re.findall(r"[\w']+", row)) for row in ROWS)
    ]
    assert left == []
