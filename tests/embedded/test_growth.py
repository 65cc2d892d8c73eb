"""The work that a request makes is a number of statements, whatever the number of entities."""

from __future__ import annotations

from .conftest import ask, pictures


async def _statements(stash, document, variables=None):
    """How many SQL statements a request executes."""
    seen = []
    stash.database._connection.set_trace_callback(seen.append)
    reply = await ask(stash, document, variables)
    stash.database._connection.set_trace_callback(None)
    assert "errors" not in reply, reply
    return len([statement for statement in seen if not statement.startswith("--")])


async def test_reads_are_batched(stash):
    """A read of images with all that hangs on them takes as many statements for 30 as for 3."""
    ids = await pictures(stash, 30)
    document = (
        "query($p: FindFilterType) { findImages(filter: $p) { count filesize images { id code title date urls studio { id } "
        "tags { id name } performers { id } galleries { id title image_count cover { id } } "
        "visual_files { ... on BaseFile { path parent_folder { path } fingerprints { value } } } } } }"
    )
    await ask(
        stash, 'mutation { galleryCreate(input: {title: "g"}) { id } tagCreate(input: {name: "t"}) { id } }'
    )
    update = "mutation($i: BulkImageUpdateInput!) { bulkImageUpdate(input: $i) { id } }"
    change = {
        "ids": ids,
        "tag_ids": {"ids": ["1"], "mode": "ADD"},
        "gallery_ids": {"ids": ["1"], "mode": "ADD"},
    }
    await ask(stash, update, {"i": change})
    few = await _statements(stash, document, {"p": {"per_page": 3}})
    many = await _statements(stash, document, {"p": {"per_page": 30}})
    assert few == many < 20


async def test_an_exact_regex_is_looked_up_by_index(stash):
    """An anchored alternation of exact codes is answered by the index on codes."""
    clause = "code IS NOT NULL AND code IN (SELECT value FROM json_each(?))"
    plan = stash.database.rows(f"EXPLAIN QUERY PLAN SELECT id FROM image WHERE {clause}", ('["1", "2"]',))
    assert any("USING INDEX image_code" in row[3] or "image_code" in row[3] for row in plan)


async def test_a_list_of_ids_is_no_limit(stash):
    """A20: more ids than SQLite takes parameters can be asked for."""
    fields = " ".join(f't{number}: tagCreate(input: {{name: "{number}"}}) {{ id }}' for number in range(1200))
    made = await ask(stash, f"mutation {{ {fields} }}")
    ids = [tag["id"] for tag in made["data"].values()]
    found = await ask(
        stash, "query($ids: [ID!]) { findTags(ids: $ids) { count tags { id } } }", {"ids": ids[::-1]}
    )
    assert [tag["id"] for tag in found["data"]["findTags"]["tags"]] == ids[::-1]


async def test_documents_are_kept_by_their_text(stash):
    """A document is parsed once; old ones are dropped beyond some megabytes of text."""
    documents = stash.service._documents
    text = "{ systemStatus { appSchema } }"
    assert documents.get(text) is documents.get(text)
    padding = "#" * 1_500_000
    for number in range(4):
        documents.get(f"{text} {padding}{number}")
    assert len(documents._kept) < 5
    assert documents._size < 5_000_000
