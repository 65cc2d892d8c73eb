"""The log: keyed events on stderr, as text or as one JSON object a line."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from stash.cli.texts import as_json, harmless
from stash.source.addresses import without_secrets

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LogFormat(StrEnum):
    """Form of the log."""

    TEXT = "text"
    JSON = "json"


class _Formatter(logging.Formatter):
    """An event with its keys: what a record has beyond the attributes of every record.

    As text an event with a `sentence` is that sentence.
    """

    def __init__(self, *, is_json: bool) -> None:
        super().__init__()
        self._is_json = is_json

    def format(self, record: logging.LogRecord) -> str:
        keys = {name: value for name, value in vars(record).items() if name not in _OWN}
        error = self.formatException(record.exc_info) if record.exc_info else ""
        if self._is_json:
            event: dict[str, Any] = {
                "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
                "level": record.levelname.lower(),
                "logger": record.name,
                "event": record.getMessage(),
                **keys,
            }
            return as_json(event | ({"error": error} if error else {}))
        if "sentence" in keys:
            return harmless(f"{record.levelname.lower()}: {keys['sentence']}")
        told = " ".join(f"{name}={value!r}" for name, value in keys.items())
        lines = f"{record.levelname.lower()}: {record.getMessage()} {told}".rstrip()
        return harmless(f"{lines}\n{error}" if error else lines)


class _OnStderr(logging.Handler):
    """Writes to stderr, whatever that is when an event comes."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{without_secrets(self.format(record))}\n")


def set_up(log_format: LogFormat, *, is_verbose: bool) -> None:
    """Write events to stderr: warnings, and with `is_verbose` everything that a run decides and does."""
    handler = _OnStderr()
    handler.setFormatter(_Formatter(is_json=log_format is LogFormat.JSON))
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, _OnStderr)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.INFO if is_verbose else logging.WARNING)
    for name in ("stash_graphql_client", "httpx", "httpcore", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
