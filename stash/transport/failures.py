"""What a failure on the way to Stash means, in words for a person. Pure."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpx

from stash.errors import CertificateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
"""What OpenSSL says where the other side answers in plain HTTP."""

LOCKED = "database is locked"
"""What Stash says where something else is at work in its database."""


def tls_failure(error: BaseException) -> str | None:
    """Return what TLS said against the other side. None where it is no failure of TLS."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    return None


def not_verified(url: str, reason: str) -> CertificateError:
    """The error of a Stash that TLS does not reach."""
    if any(words in reason for words in _NO_TLS):
        return CertificateError(
            f"What answers at {url} speaks no TLS ({reason}); write http:// in STASH_URL, or serve Stash with TLS."
        )
    return CertificateError(
        f"The certificate of {url} could not be verified ({reason}); "
        "name its authority with STASH_SYNC_CA_FILE, or use its right host name."
    )


def why_unanswered(error: httpx.TransportError) -> str:
    """The kind of a failure, and of a connection that was not made what the system or the proxy said."""
    name, words = type(error).__name__, str(error)
    if isinstance(error, httpx.ProxyError) and words:
        return f"the proxy answers {words}"
    return f"no connection: {words}" if isinstance(error, httpx.ConnectError) and words else name


def proxy_status(error: httpx.TransportError) -> int | None:
    """The status with which a proxy refused to lead on. None where it did not say."""
    said = str(error).partition(" ")[0] if isinstance(error, httpx.ProxyError) else ""
    return int(said) if said.isascii() and said.isdecimal() else None


def is_refusal(error: object) -> bool:
    """Tell whether an error in a reply refuses the key."""
    message = str(error.get("message")) if isinstance(error, dict) else ""
    return message.casefold().strip(".") in {"not authorized", "unauthorized"}


def is_locked(errors: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether Stash could not look because its own database was locked, as it may be while it scans."""
    return any(LOCKED in str(error.get("message")) for error in errors)
