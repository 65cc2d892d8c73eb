"""The command line: the only place that prints."""

from stash.cli.entry import main

__all__ = ["main"]
