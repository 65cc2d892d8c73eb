"""The page that the printed address shows in a browser."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from starlette.requests import Request

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>The embedded Stash</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }}</style></head>
<body><h1>The embedded Stash is running</h1>
<p>This is the small Stash of stash-sync, for trying things out. It has no pages beside this one.</p>
<p>Point stash-sync at it from another terminal:</p>
<pre>STASH_URL={url} stash-sync doctor</pre>
<p>It reads the files of its library, and never deletes, moves or changes one. Stop it with Ctrl-C where it was started.</p>
</body></html>
"""


async def welcome(request: Request) -> HTMLResponse:
    """Show that the server runs, and the next step."""
    return HTMLResponse(_PAGE.format(url=escape(str(request.base_url).rstrip("/"))))
