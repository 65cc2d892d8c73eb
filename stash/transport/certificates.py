"""How the certificate of Stash is verified: by the authorities of the user, of the environment, or the usual ones."""

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
    """The verification of an address. SSL_CERT_FILE and SSL_CERT_DIR count where no `ca_file` is named.

    Raises:
        UsageError: what one of them names cannot be read, or holds no certificate.
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


def _trusting_file(named: str, file: str) -> ssl.SSLContext:
    """Trust the certificates of a file. OpenSSL would wait for a pipe, so that it is looked at before."""
    try:
        opened(file).close()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{named} cannot be read ({reason_of(error)}); name a file with certificates in PEM form as ca_file."
        ) from error
    return _trusting(named, partial(ssl.create_default_context, cafile=file))


def _trusting(named: str, make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    try:
        return make()
    except (OSError, ssl.SSLError, ValueError) as error:
        log = os.environ.get("SSLKEYLOGFILE")
        if log and not _may_write(log):
            raise UsageError(f"The file {log!r} of SSLKEYLOGFILE cannot be written; unset it.") from error
        raise UsageError(
            f"{named} holds no certificate that can be read ({error}); name a file with certificates in PEM form as ca_file."
        ) from error


def _may_write(file: str) -> bool:
    path = Path(file)
    return os.access(path if path.exists() else path.parent, os.W_OK) and not path.is_dir()
