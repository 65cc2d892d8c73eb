"""Addresses, split into the part that may be shown and the secret rest. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

HIDDEN = "…"
"""Shown in place of an address of which every part may be secret."""

_FILES = ("sqlite", "file")
"""Prefixes of the schemes of addresses without a user."""

_AUTHORITY = re.compile(r"[^/?#]*")
_PATH = re.compile(r"[^?#]*")
_URL = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s'\"<>`]+")
_NEARLY_A_URL = re.compile(r"(?i)(?:postgres(?:ql)?|mysql|mariadb|sqlite)(?:\+\w+)?:")
_KEYWORDS = re.compile(r"(?i)password\s*=")
"""A sign of a keyword string, which PostgreSQL's own tools accept in place of a URL."""


class AddressParts(NamedTuple):
    """The parts of an address. User, password and query are decoded.

    `clear` is the address without these three. An ambiguous address has an `@` behind its host: the end of its password
    is unknown, so all of the address is hidden.
    """

    clear: str
    user: str | None = None
    password: str | None = None
    query: tuple[tuple[str, str], ...] = ()
    is_ambiguous: bool = False

    @property
    def shown(self) -> str:
        """Return the address with its user, as an error of a database names it."""
        scheme, mark, rest = self.clear.partition("://")
        hidden = ":***" if self.password is not None else ""
        return f"{scheme}{mark}{self.user}{hidden}@{rest}" if self.user else self.clear


def split(address: str) -> AddressParts:
    """Split an address such as `scheme://user:password@host:port/path?query#fragment`."""
    scheme, mark, rest = address.strip().partition("://")
    if not mark:
        scheme, rest = "", scheme
        if _KEYWORDS.search(rest):
            return AddressParts(HIDDEN, is_ambiguous=True)
    authority = _matched(_AUTHORITY, rest)
    after = rest[len(authority) :]
    if "@" in after and not scheme.startswith(_FILES):
        return AddressParts(f"{scheme}{mark}{HIDDEN}", is_ambiguous=True)
    userinfo, at, host = authority.rpartition("@")
    path = _matched(_PATH, after)
    query = after[len(path) :].partition("#")[0].removeprefix("?")
    user, colon, password = userinfo.partition(":")
    return AddressParts(
        f"{scheme}{mark}{host}{path}",
        unquote(user) if at else None,
        unquote(password) if colon else None,
        tuple(parse_qsl(query, keep_blank_values=True)),
    )


def is_path(address: str) -> bool:
    """Tell whether the address of a database is a path. A mistyped URL counts as a URL, because it may hold a password."""
    return not ("://" in address or _NEARLY_A_URL.match(address) or _KEYWORDS.search(address))


def has_secret(address: str) -> bool:
    """Tell whether an address holds a secret."""
    if is_path(address):
        return False
    parts = split(address)
    return parts.is_ambiguous or parts.password is not None or bool(parts.query)


def secrets_of(address: str) -> set[str]:
    """Return the secret texts of an address, as written and decoded."""
    parts = split(address)
    rest = address.partition("://")[2]
    if parts.is_ambiguous:
        return {rest}
    userinfo, at, behind = rest.rpartition("@")
    raw = {userinfo.partition(":")[2], behind.partition("?")[2], behind.partition("#")[2]} if at else set()
    raw |= {rest.partition("?")[2]}
    return {one for one in (*raw, parts.password, *(value for _, value in parts.query)) if one}


def without_secrets(text: str) -> str:
    """Replace each URL in a text by one without secrets."""
    return _URL.sub(lambda found: split(found[0]).shown if has_secret(found[0]) else found[0], text)


def _matched(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return found[0] if found is not None else ""
