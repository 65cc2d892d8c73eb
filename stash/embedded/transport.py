"""The HTTP side: /graphql as the real server speaks it, /healthz, and the pictures and files themselves."""

from __future__ import annotations

import gzip
import json
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from .guard import Guard
from .sql import select
from .subscriptions import talk
from .welcome import welcome

if TYPE_CHECKING:
    from starlette.requests import Request

    from .app import EmbeddedStash, Proceed
    from .service import Call, Reply

_JSON, _GRAPHQL = "application/json", "application/graphql-response+json"
_SURROGATE = re.compile("[\ud800-\udfff]")
_FILE_OF = {"image": {"image", "thumbnail", "preview"}, "scene": {"stream"}}
_PICTURE_OF = {"performer": "image", "studio": "image", "tag": "image", "scene": "screenshot"}
_WORTH_COMPRESSING = 1024


def build_app(stash: EmbeddedStash) -> Starlette:
    """Build the ASGI application of an embedded Stash."""
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    routes: list[BaseRoute] = [Route("/", welcome)]
    for path in ("/graphql", "/graphql/"):
        routes += [
            Route(path, partial(_graphql, stash), methods=methods),
            WebSocketRoute(path, partial(talk, stash)),
        ]
    routes += [Route("/healthz", _healthz), Route("/{noun}/{entity_id:int}/{what}", partial(_media, stash))]
    return Starlette(routes=routes, middleware=[Middleware(Guard)])


async def _healthz(_request: Request) -> Response:
    return Response(status_code=200)


async def _graphql(stash: EmbeddedStash, request: Request) -> Response:
    if not stash.authorised(request.headers, request.query_params):
        return Response(status_code=401, headers={"WWW-Authenticate": "FormBased"})
    plain = _JSON in request.headers.get("accept", "")
    if request.method == "POST" and _media_type(request) != _JSON:
        message = f"only bodies of the type {_JSON} are read"
        return _respond({"errors": [{"message": message}], "data": None}, 415, request, plain=plain)
    try:
        given = await _read(request)
    except ValueError as error:
        return _respond({"errors": [{"message": str(error)}], "data": None}, 400, request, plain=plain)
    call = stash.service.read(given["query"], given.get("variables") or {}, given.get("operationName"))
    if request.method == "GET" and call.operation == "mutation":
        message = "GET requests only allow query operations"
        return _respond({"errors": [{"message": message}], "data": None}, 406, request, plain=plain)
    proceed: Proceed = partial(_execute, stash, request, call)
    for around in reversed(stash.middleware):
        proceed = partial(around, call, proceed)
    reply = await proceed()
    if isinstance(reply, Response):
        return reply
    status = (422 if plain else 400) if reply.refused else 200
    return _respond(reply.body(), status, request, plain=plain)


async def _execute(stash: EmbeddedStash, request: Request, call: Call) -> Reply:
    context = stash.context(str(request.base_url).rstrip("/"))
    return await stash.service.execute(call, context, request.is_disconnected)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read(request: Request) -> dict[str, Any]:
    """Return query, variables and operationName of a request.

    Raises:
        ValueError: it is no GraphQL over HTTP.
    """
    if request.method == "GET":
        given: Any = dict(request.query_params)
        if "variables" in given:
            given["variables"] = json.loads(given["variables"])
    elif request.method == "POST":
        text = (await request.body()).decode("utf-8", "replace")
        try:
            given = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"json request body could not be decoded: {error} body:{text[:200]}") from error
        if "\\u" in text:
            given = _scrubbed(given)
    else:
        raise ValueError("transport not supported")
    if not isinstance(given, dict) or not isinstance(given.get("query"), str):
        raise ValueError("no operation provided")  # noqa: TRY004 - what is wrong is the request
    return given


def _scrubbed(value: Any) -> Any:  # noqa: ANN401
    """Put U+FFFD where the JSON named half a character."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    if isinstance(value, dict):
        return {_scrubbed(name): _scrubbed(item) for name, item in value.items()}
    return value


def _respond(body: dict[str, Any], status: int, request: Request, *, plain: bool) -> Response:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    headers = {"Content-Type": _JSON if plain else _GRAPHQL}
    wanted = "gzip" in request.headers.get("accept-encoding", "")
    if plain and wanted and len(content) >= _WORTH_COMPRESSING:
        content = gzip.compress(content, compresslevel=5)
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(content, status, headers)


async def _media(stash: EmbeddedStash, request: Request) -> Response:
    """Serve a picture that a client set, or an entity's primary file."""
    if not stash.authorised(request.headers, request.query_params):
        return RedirectResponse("/login", status_code=302)
    noun, what = request.path_params["noun"], request.path_params["what"]
    entity_id = request.path_params["entity_id"]
    if _PICTURE_OF.get(noun) == what:
        sql = select("data", "picture", "noun = ? AND owner_id = ?")
        data = stash.database.value(sql, (noun, entity_id))
        if data is not None:
            return Response(data, media_type="application/octet-stream")
    file = _primary_file(stash, noun, entity_id) if what in _FILE_OF.get(noun, ()) else None
    return FileResponse(file) if file is not None else Response(status_code=404)


def _primary_file(stash: EmbeddedStash, noun: str, entity_id: int) -> Path | None:
    """Return the primary file of an image or scene. None where there is none, or it is no regular file any more."""
    tables = f"{noun}_file JOIN file ON file.id = file_id"
    path = stash.database.value(select("path", tables, f"is_primary AND {noun}_id = ?"), (entity_id,))
    return Path(path) if path is not None and Path(path).is_file() else None
