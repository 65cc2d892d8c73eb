"""A page of a stranger's in a real Chromium, beside an embedded Stash with the user's files."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
from contextlib import contextmanager
from functools import partial

import pytest

from stash.embedded import EmbeddedStash, serve

from .conftest import pictures

_PAGE = """<!doctype html><title>stranger</title><script>
async function attack(host) {
  const destroy = 'mutation { imagesDestroy(input: {ids: [1, 2, 3, 4], delete_file: true, delete_generated: true}) }';
  const told = [];
  const talk = (protocols) => new Promise(done => {
    const socket = protocols ? new WebSocket(`ws://${host}/graphql`, protocols) : new WebSocket(`ws://${host}/graphql`);
    socket.onopen = () => {
      told.push('socket open');
      socket.send(JSON.stringify({type: 'connection_init'}));
      for (const type of ['subscribe', 'start'])
        socket.send(JSON.stringify({id: '1', type, payload: {query: destroy}}));
      setTimeout(done, 500);
    };
    socket.onmessage = (event) => told.push(event.data);
    socket.onerror = () => done();
  });
  for (const protocols of [['graphql-transport-ws'], ['graphql-ws'], null]) await talk(protocols);
  const body = JSON.stringify({query: destroy});
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json', 'text/plain; application/json'])
    for (const mode of ['cors', 'no-cors']) {
      try {
        const reply = await fetch(`http://${host}/graphql`, {method: 'POST', mode, body, headers: {'Content-Type': type}});
        if (reply.type !== 'opaque') told.push(`read ${reply.status} ${await reply.text()}`);
      } catch (error) { }
    }
  navigator.sendBeacon(`http://${host}/graphql`, new Blob([body], {type: 'text/plain'}));
  try {
    const reply = await fetch(`http://${host}/graphql?query=${encodeURIComponent(destroy)}`);
    told.push(`read ${reply.status}`);
  } catch (error) { }
  for (const kind of ['image/1/image', 'image/1/thumbnail'])
    await new Promise(done => {
      const image = new Image();
      image.onload = () => { told.push('saw a picture'); done(); };
      image.onerror = done;
      image.src = `http://${host}/${kind}`;
    });
  const frame = document.createElement('iframe');
  frame.name = 'target';
  document.body.append(frame);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const form = document.createElement('form');
    Object.assign(form, {method: 'POST', action: `http://${host}/graphql`, enctype: type, target: 'target'});
    const field = document.createElement('input');
    field.name = '{"query":' + JSON.stringify(destroy) + ',"x":"';
    field.value = '"}';
    form.append(field);
    document.body.append(form);
    form.submit();
    await new Promise(done => setTimeout(done, 200));
  }
  return told;
}
</script><body></body>"""


class _Stranger(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(_PAGE.encode())

    def log_message(self, *_arguments):
        """Say nothing."""


@contextmanager
def _stranger():
    """A web server of a stranger's; its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Stranger) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _embedded(library):
    """An embedded Stash in a thread of its own, with four pictures; its address."""
    told = []
    ready, loop = threading.Event(), asyncio.new_event_loop()
    over = asyncio.Event()

    async def work():
        with EmbeddedStash([library]) as stash:
            await pictures(stash, 4)
            async with serve(stash) as url:
                told.append(url)
                ready.set()
                await over.wait()

    thread = threading.Thread(target=partial(loop.run_until_complete, work()))
    thread.start()
    assert ready.wait(30)
    try:
        yield told[0].removeprefix("http://")
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "rebound.example"])
def test_a_page_of_a_strangers_deletes_nothing(browser, library, name):
    """No WebSocket, fetch, form, beacon or picture of a foreign page reaches the user's files, under any name."""
    with _embedded(library) as host, _stranger() as port:
        before = {path.name: path.read_bytes() for path in library.iterdir()}
        assert len(before) == 4
        context = browser.browser_type.launch(
            executable_path=_executable(),
            args=["--no-sandbox", "--host-resolver-rules=MAP *.example 127.0.0.1"],
        )
        try:
            page = context.new_page()
            page.goto(f"http://evil.example:{port}/")
            told = page.evaluate("host => attack(host)", host.replace("127.0.0.1", name))
        finally:
            context.close()
        assert told == []
        assert {path.name: path.read_bytes() for path in library.iterdir()} == before


def test_a_rebound_name_is_no_own_address(browser, library):
    """A page whose own name and port turn into this machine's is refused as well: its Host is a foreign one."""
    with _embedded(library) as host:
        own_port = host.rpartition(":")[2]
        rebound = browser.browser_type.launch(
            executable_path=_executable(),
            args=["--no-sandbox", "--host-resolver-rules=MAP *.example 127.0.0.1"],
        )
        try:
            page = rebound.new_page()
            reply = page.goto(f"http://rebound.example:{own_port}/")
            assert reply.status == 403
            body = json.dumps({"query": "{ findImages { count } }"})
            status = page.evaluate(
                "async body => (await fetch('/graphql', {method: 'POST', body, headers: {'Content-Type': 'application/json'}})).status",
                body,
            )
        finally:
            rebound.close()
        assert status == 403
        assert len(list(library.iterdir())) == 4


def test_the_printed_address_opens(browser, library):
    """The address that the command prints shows a plain page that says how to use it."""
    with _embedded(library) as host:
        page = browser.new_page()
        reply = page.goto(f"http://{host}/")
        assert reply.status == 200
        assert f"STASH_URL=http://{host}" in page.inner_text("body")
        page.close()


def _executable():
    from tests.browser import CHROMIUM  # noqa: PLC0415 - found where it is installed

    return CHROMIUM
