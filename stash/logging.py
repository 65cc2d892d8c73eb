"""Loggers that speak where the host process does.

The downloader logs through loguru, with sinks of its own for records that are bound to `stash`. Any other process
has the standard library's logging.
"""

from __future__ import annotations

import logging
import sys
from pprint import pformat
from typing import Any


class HostLogger:
    """Logs plain sentences. The logger of the host is looked up at each record, because it may be set up later."""

    def __init__(self, name: str) -> None:
        self.name = name

    def debug(self, message: str) -> None:
        """Log for whoever looks for a fault."""
        self._log("DEBUG", message)

    def info(self, message: str) -> None:
        """Log what happened."""
        self._log("INFO", message)

    def warning(self, message: str) -> None:
        """Log what needs a look."""
        self._log("WARNING", message)

    def error(self, message: str) -> None:
        """Log what failed."""
        self._log("ERROR", message)

    def _log(self, level: str, message: str) -> None:
        loguru = sys.modules.get("loguru")
        if loguru is not None:
            # The sentence is an argument: loguru would take braces in it for fields.
            loguru.logger.bind(logger="stash", name=self.name).log(level, "{}", message)
        else:
            logging.getLogger(f"stash.{self.name}").log(logging.getLevelNamesMapping()[level], "%s", message)


client_logger = HostLogger("client")
processing_logger = HostLogger("processing")


def debug_print(obj: Any, logger_name: str | None = None) -> None:  # noqa: ANN401 - any object is shown
    """Log an object for debugging, by the logger of that name."""
    HostLogger(logger_name or "processing").debug(pformat(obj, indent=2).strip())
