"""Verify the certificate of Stash by the user's authorities, those of the environment, or the usual list."""

from __future__ import annotations

import os
import ssl
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from stash.errors import UsageError
from stash.source.disk import opened, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable


def verification(url: httpx.URL, ca_file: str | None) -> ssl.SSLContext | bool:
    """Return the verification for an address. Without `ca_file`, SSL_CERT_FILE and SSL_CERT_DIR count.

    Raises:
        UsageError: a named file or folder cannot be read, or holds no certificate.
    """
    if url.scheme == "http":
        return False  # nothing to verify, and building a context costs 20 ms
    if ca_file is not None:
        return _trusting_file(f"The ca_file {ca_file!r}", ca_file)
    if file := os.environ.get("SSL_CERT_FILE"):
        return _trusting_file(f"The file {file!r} of SSL_CERT_FILE", file)
    if folders := os.environ.get("SSL_CERT_DIR"):
        if not any(Path(one).is_dir() for one in folders.split(os.pathsep)):
            raise UsageError(
                f"SSL_CERT_DIR names no folder ({folders!r}); name one with certificates, or unset it."
            )
        return _trusting(
            f"The folder {folders!r} of SSL_CERT_DIR", partial(ssl.create_default_context, capath=folders)
        )
    return _trusting("The list of authorities", partial(httpx.create_ssl_context, trust_env=False))


def _trusting_file(source: str, file: str) -> ssl.SSLContext:
    """Trust the certificates of a file. The file is opened first, because OpenSSL would wait for a pipe."""
    try:
        opened(file).close()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{source} cannot be read ({reason_of(error)}); name a file with certificates in PEM form as ca_file."
        ) from error
    return _trusting(source, partial(ssl.create_default_context, cafile=file))


def _trusting(source: str, make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    try:
        return make()
    except (OSError, ssl.SSLError, ValueError) as error:
        log = os.environ.get("SSLKEYLOGFILE")
        if log and not _may_write(log):
            raise UsageError(f"The file {log!r} of SSLKEYLOGFILE cannot be written; unset it.") from error
        raise UsageError(
            f"{source} holds no certificate that can be read ({error}); name a file with certificates in PEM form as ca_file."
        ) from error


def _may_write(file: str) -> bool:
    path = Path(file)
    return os.access(path if path.exists() else path.parent, os.W_OK) and not path.is_dir()
