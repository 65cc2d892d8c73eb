"""Facts D6 to D12: HTTP, and the shape of errors."""

from __future__ import annotations

import gzip

import pytest

from .media import unique

_GRAPHQL = "application/graphql-response+json"


async def test_d6_replies_are_compressed_for_json_alone(server):
    """D6: with `Accept: application/json` long replies are compressed; with `*/*` they never are, and of another type."""
    document = "{ __schema { types { name fields { name } } } }"
    plain = await server.post(document, **{"Accept": "application/json", "Accept-Encoding": "gzip"})
    assert plain.headers["content-type"].startswith("application/json")
    assert plain.headers["content-encoding"] == "gzip"
    other = await server.post(document, **{"Accept": "*/*", "Accept-Encoding": "gzip"})
    assert other.headers["content-type"] == _GRAPHQL
    assert "content-encoding" not in other.headers
    assert plain.json() == other.json()


@pytest.mark.parametrize(
    ("document", "message", "code"),
    [
        ("{", "Expected Name, found <EOF>", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", 'Cannot query field "nope" on type "Query".', "GRAPHQL_VALIDATION_FAILED"),
        ("{ findTags { tags { idd } } }", 'Cannot query field "idd" on type "Tag".', "GRAPHQL_VALIDATION_FAILED"),
        ("query($x: Int) { version { hash } }", 'Variable "$x" is never used.', "GRAPHQL_VALIDATION_FAILED"),
        ("{ findTags(filter: {foo: 1}) { count } }", 'Field "foo" is not defined by type "FindFilterType".',
         "GRAPHQL_VALIDATION_FAILED"),
        ("{ findTags(foo: 1) { count } }", 'Unknown argument "foo" on field "Query.findTags".', "GRAPHQL_VALIDATION_FAILED"),
        ("mutation { tagCreate(input: {}) { id } }", 'Field "TagCreateInput.name" of required type',
         "GRAPHQL_VALIDATION_FAILED"),
        ('{ findTags(tag_filter: {name: {value: "a", modifier: LIKE}}) { count } }', 'Value "LIKE" does not exist in ',
         "GRAPHQL_VALIDATION_FAILED"),
        ("{ findTag { id } }", 'Field "findTag" argument "id" of type "ID!" is required, but it was not provided.',
         "GRAPHQL_VALIDATION_FAILED"),
        ("query A { version { hash } } query B { version { hash } }", "operation  not found", "GRAPHQL_VALIDATION_FAILED"),
    ],
)  # fmt: skip
async def test_d7_d11_refused_documents(server, document, message, code):
    """D7, D11: what is no valid document is refused, with 400 for `*/*` and 422 for application/json."""
    for accept, status in (("*/*", 400), ("application/json", 422)):
        reply = await server.post(document, Accept=accept)
        assert reply.status_code == status
        body = reply.json()
        assert body["data"] is None
        assert body["errors"][0]["message"].startswith(message)
        assert body["errors"][0]["extensions"] == {"code": code}


async def test_d7_bad_variables(server):
    """D7: bad variables are refused with the same status."""
    document = "mutation($i: TagCreateInput!) { tagCreate(input: $i) { id } }"
    for accept, status in (("*/*", 400), ("application/json", 422)):
        assert (await server.post(document, {"i": {"nome": 1}}, Accept=accept)).status_code == status


async def test_d7_resolver_errors_are_200(server):
    """D7: an error of a field is 200, whatever is accepted, and carries no code."""
    for accept in ("*/*", "application/json"):
        reply = await server.post('{ findTag(id: "x") { id } }', Accept=accept)
        assert reply.status_code == 200
        assert set(reply.json()["errors"][0]) == {"message", "path"}


async def test_d8_other_bodies_are_refused(server):
    """D8: compressed bodies, batches, forms and PUT are 400; the embedded Stash, which reads JSON alone, says 415 to forms."""
    body = b'{"query": "{ version { hash } }"}'
    json_type = {"Content-Type": "application/json"}
    replies = [
        await server.http.post(
            "/graphql", content=gzip.compress(body), headers={**json_type, "Content-Encoding": "gzip"}
        ),
        await server.http.post("/graphql", content=b"[" + body + b"]", headers=json_type),
        await server.http.post("/graphql", data={"query": "{ version { hash } }"}),
        await server.http.put("/graphql", content=body, headers=json_type),
    ]
    statuses = [reply.status_code for reply in replies]
    assert statuses in ([400, 400, 400, 400], [400, 400, 415, 400])


async def test_d10_get(server):
    """D10: GET takes queries and refuses mutations with 406; a slash at the end is fine."""
    reply = await server.http.get("/graphql", params={"query": "{ systemStatus { appSchema } }"})
    assert reply.json() == {"data": {"systemStatus": {"appSchema": 75}}}
    word = unique()
    mutation = f'mutation {{ tagCreate(input: {{name: "{word}"}}) {{ id }} }}'
    assert (await server.http.get("/graphql", params={"query": mutation})).status_code == 406
    assert await server.names("tag", word, "EQUALS") == set()
    reply = await server.http.post("/graphql/", json={"query": "{ systemStatus { status } }"})
    assert reply.json() == {"data": {"systemStatus": {"status": "OK"}}}


async def test_d11_a_value_without_a_variable_is_ignored(server):
    """D11: a value for a variable that the document does not have is ignored."""
    assert await server.data("{ systemStatus { appSchema } }", {"unused": 1}) == {
        "systemStatus": {"appSchema": 75}
    }


async def test_d12_errors_and_nulls(server):
    """D12: a nullable field that fails is null beside the others; a non-null one makes all data null."""
    tag = await server.create("tag", name=unique())
    reply = await server.query(f'{{ good: findTag(id: "{tag}") {{ id }} bad: findTag(id: "x") {{ id }} }}')
    assert reply["data"] == {"good": {"id": tag}, "bad": None}
    assert reply["errors"][0]["path"] == ["bad"]
    reply = await server.query(
        f'{{ good: findTag(id: "{tag}") {{ id }} bad: findTags(ids: ["x"]) {{ count }} }}'
    )
    assert reply["data"] is None


async def test_healthz(server):
    """D2: /healthz answers 200."""
    assert (await server.http.get("/healthz")).status_code == 200


async def test_fragments_and_directives(server):
    """Fragments, aliases, @skip and @include work as GraphQL says."""
    tag = await server.create("tag", name=unique())
    document = (
        "query($id: ID!, $yes: Boolean!) { a: findTag(id: $id) { ...F parents @skip(if: $yes) { id } "
        "children @include(if: $yes) { id } ... on Tag { favorite } } } fragment F on Tag { __typename again: id }"
    )
    assert (await server.data(document, {"id": tag, "yes": True}))["a"] == {
        "__typename": "Tag",
        "again": tag,
        "children": [],
        "favorite": False,
    }


async def test_introspection(server):
    """D10: the schema tells about itself, and has what appSchema 75 has."""
    found = await server.data(
        '{ image: __type(name: "Image") { fields { name } } later: __type(name: "StashIDsCriterionInput") { name } }'
    )
    names = {field["name"] for field in found["image"]["fields"]}
    assert {"id", "urls", "visual_files", "galleries"} <= names
    assert "custom_fields" not in names
    assert found["later"] is None
