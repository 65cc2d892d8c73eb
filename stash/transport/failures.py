"""Describe a failure on the way to Stash in words for a user. Pure."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpx

from stash.errors import CertificateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
"""Errors of OpenSSL for a server that answers in plain HTTP."""

LOCKED = "database is locked"
"""Errors of Stash while another process uses its database."""


def tls_failure(error: BaseException) -> str | None:
    """Return the reason of a TLS failure. None for any other error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    return None


def not_verified(url: str, reason: str) -> CertificateError:
    """Return the error of a Stash whose certificate was not verified, or that speaks no TLS."""
    if any(words in reason for words in _NO_TLS):
        return CertificateError(
            f"What answers at {url} speaks no TLS ({reason}); write http:// in STASH_URL, or serve Stash with TLS."
        )
    return CertificateError(
        f"The certificate of {url} could not be verified ({reason}); "
        "name its authority with STASH_SYNC_CA_FILE, or use its right host name."
    )


def why_unanswered(error: httpx.TransportError) -> str:
    """Return the kind of a failure. For a failed connection add the reason of the system or the proxy."""
    name, words = type(error).__name__, str(error)
    if isinstance(error, httpx.ProxyError) and words:
        return f"the proxy answers {words}"
    return f"no connection: {words}" if isinstance(error, httpx.ConnectError) and words else name


def proxy_status(error: httpx.TransportError) -> int | None:
    """Return the status with which a proxy refused the connection. None if the proxy named none."""
    said = str(error).partition(" ")[0] if isinstance(error, httpx.ProxyError) else ""
    return int(said) if said.isascii() and said.isdecimal() else None


def is_refusal(error: object) -> bool:
    """Tell whether an error in a reply refuses the key."""
    message = str(error.get("message")) if isinstance(error, dict) else ""
    return message.casefold().strip(".") in {"not authorized", "unauthorized"}


def is_locked(errors: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether Stash could not read because its database was locked, as during a scan."""
    return any(LOCKED in str(error.get("message")) for error in errors)
