"""A made-up world to try stash-sync on: API payloads, and files as the downloader saves them."""

from stash.demo.world import DemoWorld, write_world

__all__ = ["DemoWorld", "write_world"]
