"""The version of stash-sync, which needs no installed package: the downloader may hold a copy of the source."""

__version__ = "0.1.0"
