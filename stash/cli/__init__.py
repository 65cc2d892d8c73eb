"""The command line: the only place that prints."""

from stash.cli.main import main

__all__ = ["main"]
