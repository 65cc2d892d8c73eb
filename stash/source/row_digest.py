"""The function for the digest of a row that a connection to SQLite has. PostgreSQL has one of its own."""

from __future__ import annotations

import hashlib
import marshal

ROW_DIGEST = "row_digest"
"""The name of the function in SQL."""


def row_digest(*values: bytes | str | float | None) -> int:
    """Return the digest of one row: 40 bits, so that the sum of millions is no more than SQLite's integers hold."""
    return int.from_bytes(hashlib.blake2b(marshal.dumps(values, 2), digest_size=5).digest())
