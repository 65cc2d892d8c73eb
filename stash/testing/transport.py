"""The transport of the kit: replies by root field become replies to our aliased documents."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any

import httpx

from stash.testing.canned import CannedReplies, Refusal
from stash.testing.execution import executed, repeated, root_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import FieldNode, GraphQLResolveInfo


class RootFieldTransport(httpx.AsyncBaseTransport):
    """Sends requests on, and gives the values of a reply the aliases under which they were asked for.

    A reply to `f0: findTags` may then be `{"data": {"findTags": …}}`. A reply that has the aliases already, and one
    to a document without aliases, stay as they are.

    Args:
        inner: sends the requests. The default is HTTP, which respx answers.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport | None = None) -> None:
        # To load the certificates, which a mocked Stash needs not, would take 0.2 s a test.
        self._inner = inner or httpx.AsyncHTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on, and return its reply under the request's aliases."""
        response = await self._inner.handle_async_request(request)
        try:
            body, reply = json.loads(request.content), json.loads(await response.aread())
        except ValueError:
            return response
        if not isinstance(reply, dict) or not isinstance(reply.get("data"), dict):
            return response
        nodes = root_nodes(body["query"])
        keys = {node.alias.value if node.alias else node.name.value for node in nodes}
        if keys <= reply["data"].keys() or not any(node.alias for node in nodes):
            return response
        return httpx.Response(response.status_code, json=aliased(body, nodes, reply))

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


def aliased(body: Mapping[str, Any], nodes: list[FieldNode], reply: Mapping[str, Any]) -> dict[str, Any]:
    """Return a reply by root field under the aliases of the request, its errors included.

    Raises:
        AssertionError: a root field has no canned reply, or a mutation that is sent twice has only one.
    """
    refusals, others = _parted(reply)
    canned = CannedReplies({**reply["data"], **refusals})
    twice = repeated(nodes) if body["query"].lstrip().startswith("mutation") else set()

    def root_field(info: GraphQLResolveInfo[Any], arguments: dict[str, Any]) -> Any:
        name = info.field_name
        if name in twice & canned.single:
            raise AssertionError(f"One request holds {name} several times; can a list of replies for it.")
        return reply_for(canned, name, arguments)

    done = executed(body, root_field)
    errors = [each for error in others for each in _aliased_errors(error, nodes)]
    errors += done.pop("errors", [])
    return {**done, "errors": errors} if errors else done


def reply_for(canned: CannedReplies, name: str, arguments: dict[str, Any]) -> Any:
    """Return the canned reply of a root field. `findTag` answers for `findTags(ids: …)` too.

    Raises:
        AssertionError: there is none.
    """
    if name in canned:
        return canned.take(name, arguments)
    try:
        return canned.take_ids(name, arguments)
    except KeyError:
        raise AssertionError(
            f"Stash was asked for {name}, and the canned reply has only {', '.join(canned)}."
        ) from None


def _parted(reply: Mapping[str, Any]) -> tuple[dict[str, Refusal], list[dict[str, Any]]]:
    """Return the refusals of root fields that are null, and the other errors of a reply."""
    refusals: dict[str, Refusal] = {}
    others = []
    for error in reply.get("errors") or ():
        names = error["path"][:1] if error.get("path") else list(reply["data"])
        nulls = [name for name in names if reply["data"].get(name, "") is None]
        refusals |= dict.fromkeys(nulls, Refusal(error.get("message", "")))
        others += [] if nulls else [error]
    return refusals, others


def _aliased_errors(error: dict[str, Any], nodes: list[FieldNode]) -> list[dict[str, Any]]:
    name, *rest = error.get("path") or [None]
    aliases = [node.alias.value for node in nodes if node.alias and node.name.value == name]
    return [{**error, "path": [alias, *rest]} for alias in aliases] or [error]
