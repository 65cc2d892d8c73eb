"""A small Stash in this process: the real schema, real files, its state in one SQLite file.

It serves the demonstration and the tests, and lets the client library be tried without a server.
"""

from .app import EmbeddedStash, run, serve, serve_forever
from .service import Call, Reply

__all__ = ["Call", "EmbeddedStash", "Reply", "run", "serve", "serve_forever"]
