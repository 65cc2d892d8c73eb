"""The address of a Stash, separated from the secrets that a user may have written into it. Pure."""

from __future__ import annotations

import base64
from typing import Self

from stash.encoding import key_header
from stash.source.addresses import split

_KEYS = {"apikey", "api_key"}
"""Names of the query parameter that holds the API key."""


class StashAddress(str):
    """The address of a Stash as it may be shown and stored. Its secrets are attributes beside the text.

    The text has no user, password, query, fragment or trailing `/graphql`. `login` holds the user and the password.
    `api_key` is the key of the query. `problem` says how to write an address whose parts are ambiguous.
    """

    __slots__ = ("api_key", "login", "problem")

    login: tuple[str, str] | None
    api_key: str | None
    problem: str

    def __new__(cls, text: str) -> Self:
        """Split a text as the user wrote it. Return an address that is split already unchanged."""
        if isinstance(text, cls):
            return text
        parts = split(text)
        clear = parts.clear.rstrip("/").removesuffix("/graphql").rstrip("/")
        made = super().__new__(cls, clear)
        made.login = None if parts.user is None else (parts.user, parts.password or "")
        if made.login == ("", ""):
            made.login = None
        made.api_key = next((v.strip() for name, v in parts.query if name.casefold() in _KEYS), "") or None
        made.problem = _problem(made.api_key, is_ambiguous=parts.is_ambiguous)
        return made

    def headers(self, api_key: str | None) -> dict[str, str]:
        """Return the headers that carry the key, the user and the password."""
        found = key_header(api_key)
        if self.login is not None:
            told = ":".join(self.login).encode()
            found["Authorization"] = f"Basic {base64.b64encode(told).decode()}"
        return found


def _problem(api_key: str | None, *, is_ambiguous: bool) -> str:
    if is_ambiguous:
        return "write an @ in its user name, password or path as %40, a / as %2F, a ? as %3F and a # as %23"
    if api_key is not None and not (api_key.isascii() and api_key.isprintable()):
        return "its apikey has letters that no key has; copy it from Settings, Security"
    return ""
