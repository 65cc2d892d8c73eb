"""Loggers of the downloader's process: what is logged here shows on its console and in its `stash.log`.

The downloader logs with loguru. Its handlers take what is bound to the logger `stash`.
"""

from __future__ import annotations

import logging
from pprint import pformat

from loguru import logger

client_logger = logger.bind(logger="stash", name="client")
processing_logger = logger.bind(logger="stash", name="processing")


def debug_print(obj: object, logger_name: str | None = None) -> None:
    """Log an object, readably, at the level `DEBUG`. `logger_name` is `client`, `processing` or another name."""
    logger.bind(logger="stash", name=logger_name).debug("{}", pformat(obj, indent=2).strip())


class LoguruHandler(logging.Handler):
    """Hands warnings of this package, which the standard library logs, on to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the sentence of a record, else its message with its facts."""
        known = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}
        facts = {name: value for name, value in vars(record).items() if name not in known}
        told = " ".join([record.getMessage(), *(f"{name}={value!r}" for name, value in facts.items())])
        bound = processing_logger.opt(exception=record.exc_info)
        bound.log(record.levelname, "{}", facts.get("sentence", told))


_HANDLER = LoguruHandler(logging.WARNING)


def show_warnings() -> None:
    """Have warnings of this package shown where the downloader shows its own."""
    logging.getLogger("stash").addHandler(_HANDLER)  # once, however often it is added
