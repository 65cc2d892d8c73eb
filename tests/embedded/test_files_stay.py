"""The files of a library stay as they are, whatever the embedded Stash is asked for."""

from __future__ import annotations

import json
import zipfile

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    get_named_type,
    get_nullable_type,
    is_non_null_type,
)

from stash.embedded import EmbeddedStash
from stash.embedded.schema import load_schema
from tests.contract.media import jpeg, mp4

from .conftest import ask, pictures

_VALUES = {"Boolean": True, "Int": 1, "Int64": 1, "Float": 1.0, "ID": "1", "Map": {}}


def _value(kind, name, paths):
    """A value of an input type that asks for as much harm as it can: all flags set, all ids named."""
    kind = get_nullable_type(kind)
    if isinstance(kind, GraphQLList):
        if get_named_type(kind).name == "ID":
            return ["2"] if name == "source" else ["1", "2"]
        return [_value(kind.of_type, name, paths)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        return {
            field: _value(one.type, field, paths)
            for field, one in kind.fields.items()
            if is_non_null_type(one.type) or (name == "input" and _is_dangerous(field))
        }
    if kind.name == "String":
        return "moved.jpg" if "basename" in name else str(paths[0]) if _is_place(name) else "1"
    return _VALUES.get(kind.name, "2024-01-01T00:00:00Z")


def _is_place(name):
    return any(word in name.lower() for word in ("path", "folder", "dest"))


def _is_dangerous(field):
    return any(
        word in field.lower()
        for word in ("delete", "path", "folder", "file", "id", "dest", "clean", "overwrite")
    )


MUTATIONS = sorted(load_schema().mutation_type.fields)


def _document(name, paths, dropped):
    field = load_schema().mutation_type.fields[name]
    values = {arg: _value(one.type, arg, paths) for arg, one in field.args.items()}
    for key in dropped:
        for value in (values, *(one for one in values.values() if isinstance(one, dict))):
            value.pop(key, None)
    kind = get_named_type(field.type)
    names = ", ".join(f"${arg}: {one.type}" for arg, one in field.args.items())
    given = ", ".join(f"{arg}: ${arg}" for arg in field.args)
    selection = " { __typename }" if hasattr(kind, "fields") else ""
    document = (
        f"mutation{f'({names})' if names else ''} {{ {name}{f'({given})' if given else ''}{selection} }}"
    )
    return document, values


def _state(*folders):
    """Every file and folder, with its content and time."""
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for folder in folders
        for path in sorted(folder.rglob("*"))
    }


async def _filled(stash, library):
    (library / "a.mp4").write_bytes(mp4())
    content = jpeg()
    for name in ("x.jpg", "y.jpg"):
        (library / name).write_bytes(content)
    with zipfile.ZipFile(library / "z.zip", "w") as archive:
        archive.writestr("1.jpg", jpeg())
    await pictures(stash, 2)
    for number in range(2):
        made = " ".join(
            f'{noun}Create(input: {{{field}: "{noun}{number}"}}) {{ id }}'
            for noun, field in (
                ("gallery", "title"),
                ("tag", "name"),
                ("performer", "name"),
                ("studio", "name"),
            )
        )
        assert "errors" not in await ask(stash, f"mutation {{ {made} }}")


@pytest.mark.parametrize("name", MUTATIONS)
async def test_no_mutation_touches_a_file(stash, library, tmp_path, name):
    """Whatever the schema's mutations are asked for, with every flag set, each file and folder stays as it was."""
    await _filled(stash, library)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "z.jpg").write_bytes(jpeg())
    before = _state(library, outside)
    for paths in ([library / "x.jpg"], [library / "new"], [library / ".." / "outside" / "z.jpg"], [outside]):
        for dropped in (
            (),
            ("destination_basename",),
            ("destination_folder_id",),
            ("destination_basename", "destination_folder_id"),
        ):
            document, values = _document(name, paths, dropped)
            reply = await ask(stash, document, values)
            assert "errors" in reply or reply["data"], reply
            await stash.jobs.idle()
    assert _state(library, outside) == before


@pytest.mark.parametrize(
    ("document", "count"),
    [
        ("mutation { imageDestroy(input: {id: 1, delete_file: true, delete_generated: true}) }", "findImages"),
        ("mutation { imagesDestroy(input: {ids: [1], delete_file: true}) }", "findImages"),
        ("mutation { sceneDestroy(input: {id: 1, delete_file: true}) }", "findScenes"),
        ("mutation { scenesDestroy(input: {ids: [1], delete_file: true}) }", "findScenes"),
        ("mutation { galleryDestroy(input: {ids: [1], delete_file: true}) }", "findGalleries"),
        ("mutation { deleteFiles(ids: [FURTHER]) }", "findFiles"),
        ('mutation { moveFiles(input: {ids: [1], destination_folder: "LIBRARY/new"}) }', "findFolders"),
    ],
)  # fmt: skip
async def test_what_it_does_not_do_is_said(stash, library, document, count):
    """A request that would delete or move a file is an error that says so, and leaves the rows as they are, too."""
    await _filled(stash, library)
    asked = f"{{ {count} {{ count }} }}"
    before = await ask(stash, asked)
    further = '{ findFiles(filter: {q: "y.jpg"}) { files { id } } }'
    [file] = (await ask(stash, further))["data"]["findFiles"]["files"]
    reply = await ask(stash, document.replace("LIBRARY", str(library)).replace("FURTHER", file["id"]))
    [error] = reply["errors"]
    assert error["message"].startswith("not supported by the embedded Stash: ")
    assert "its own folder" in error["message"]
    assert await ask(stash, asked) == before


async def test_the_flag_alone_is_no_error(stash, library):
    """Without the flag entities go as ever, and their files stay."""
    await _filled(stash, library)
    before = _state(library)
    reply = await ask(
        stash, "mutation { imagesDestroy(input: {ids: [1, 2], delete_file: false, delete_generated: true}) }"
    )
    assert reply["data"] == {"imagesDestroy": True}
    assert _state(library) == before


def test_its_own_folder_is_one_that_it_makes(library):
    """A folder that is there already, even an empty one, never becomes one whose files may be deleted."""
    with pytest.raises(FileExistsError):
        EmbeddedStash([], own=library)


async def test_a_link_out_of_its_own_folder(tmp_path, library):
    """A link in its own folder to a folder of the user's does not open that one, for deleting or moving."""
    own_folder = tmp_path / "own"
    with EmbeddedStash([], own=own_folder) as stash:
        (library / "a.jpg").write_bytes(jpeg())
        (own_folder / "link").symlink_to(library)
        (own_folder / "b.jpg").write_bytes(jpeg())
        paths = f'["{own_folder}", "{own_folder}/link"]'
        for _ in range(2):
            await ask(stash, f"mutation {{ metadataScan(input: {{paths: {paths}}}) }}")
            await stash.jobs.idle()
        found = (await ask(stash, "{ findFiles { files { id path } } }"))["data"]["findFiles"]["files"]
        linked = [one["id"] for one in found if "/link/" in one["path"]]
        plain = [one["id"] for one in found if "/link/" not in one["path"]]
        assert linked
        assert plain
        images = (await ask(stash, "{ findImages { images { id } } }"))["data"]["findImages"]["images"]
        before = _state(library)
        climbing = f'destination_folder: "{own_folder}", destination_basename: "../library/c.jpg"'
        for document in (
            *(
                f"mutation {{ imageDestroy(input: {{id: {one['id']}, delete_file: true}}) }}"
                for one in images
            ),
            f'mutation {{ moveFiles(input: {{ids: {json.dumps(linked)}, destination_folder: "{own_folder}/sub"}}) }}',
            f'mutation {{ moveFiles(input: {{ids: {json.dumps(plain)}, destination_folder: "{own_folder}/link"}}) }}',
            f'mutation {{ moveFiles(input: {{ids: {json.dumps(plain)}, destination_folder: "{own_folder}/../library"}}) }}',
            f"mutation {{ moveFiles(input: {{ids: {json.dumps(plain[:1])}, {climbing}}}) }}",
        ):
            await ask(stash, document)
        assert _state(library) == before


async def test_a_scan_stays_in_the_library(stash, library, tmp_path):
    """A path that climbs out of the library is passed over, so that no file of elsewhere is ever served."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "z.jpg").write_bytes(jpeg())
    for path in (f"{library}/../outside", f"{library}/../outside/z.jpg", str(outside)):
        await ask(stash, "mutation($p: [String!]) { metadataScan(input: {paths: $p}) }", {"p": [path]})
        await stash.jobs.idle()
    assert (await ask(stash, "{ findFiles { count } }"))["data"]["findFiles"]["count"] == 0
