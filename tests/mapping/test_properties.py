"""Whatever stands in Stash and in the rows: nobody is taken for somebody else, and every file is where the rule says."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from stash_graphql_client.types import Gallery, Image, Performer, Tag

from metadata.models import ContentType
from stash.demo.files import jpeg
from tests.mapping.conftest import little_case
from tests.metadata.factories import AttachmentFactory, moment

if TYPE_CHECKING:
    from metadata.models import Account
    from tests.mapping.conftest import Case

QUICK = settings(max_examples=8, deadline=None, phases=(Phase.explicit, Phase.generate))
"""Each example is two whole runs, so none is made smaller."""

WORD = st.sampled_from(
    ["anna", "ANNA", "annabelle", "ann_", "anna_", "an%", "anna anna", "anna-x", "bann", "é"]
)


def lying_about(case: Case, owner: Account) -> Any:
    """A picture in a folder of nobody's."""
    media = case.rows.media(owner)
    place = case.downloads / "Collections" / media.local_filename
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(jpeg(str(media.id)))
    return media


def same(one: str, other: str) -> bool:
    """Whether two texts are the same name."""
    return one.casefold() == other.casefold()


@QUICK
@given(
    standing=st.lists(
        st.tuples(WORD, st.lists(WORD, max_size=2), st.none() | WORD),
        max_size=4,
        unique_by=lambda p: p[0].lower(),
    ),
    tags=st.lists(st.tuples(WORD, st.none() | WORD), max_size=3),
    username=st.sampled_from(["anna", "ann_", "annabelle"]),
)
async def test_only_who_is_the_same_is_taken(
    standing: list[tuple[str, list[str], str | None]], tags: list[tuple[str, str | None]], username: str
) -> None:
    """A performer is taken by url, else by alias, else by a name that is one's alone; a tag by name or alias: exactly."""
    with little_case() as case:
        creator = case.rows.account(username=username, displayName=None)
        post = case.post(creator, lying_about(case, creator))
        case.rows.tag(post, "anna")
        await case.save()
        made: list[tuple[Performer, list[str], str]] = []
        async with case.stash() as store:
            for n, (name, among, url) in enumerate(standing):
                aliases = [a for a in {alias.lower(): alias for alias in among}.values() if not same(a, name)]
                urls = [f"https://fansly.com/{url}"] if url else []
                one = await store.create(
                    Performer, name=name, alias_list=aliases, urls=urls, disambiguation=f"no. {n}"
                )
                made.append((one, aliases, url or ""))
            taken: list[str] = []
            for name, alias in tags:
                known = [name.lower(), *([alias.lower()] if alias and not same(alias, name) else [])]
                if not any(_is_like(one, other) for one in known for other in taken):
                    await store.create(Tag, name=name, aliases=[alias] if len(known) > 1 else [])  # type: ignore[list-item]
                    taken += known
        by_url = [one.id for one, _, url in made if same(url, username)]
        by_alias = [one.id for one, aliases, _ in made if any(same(alias, username) for alias in aliases)]
        by_name = [one.id for one, _, url in made if same(str(one.name), username) and url in {"", username}]
        wanted = by_url or by_alias or (by_name if len(by_name) == 1 else [])
        assert (await case.settled()).exit_code == 0
        async with case.stash() as store:
            (image,) = await store.find(Image)
            (performer,), (tag,) = image.performers, image.tags
            assert performer.id in (wanted or {performer.id} - {one.id for one, _, _ in made})
            assert same(tag.name, "anna") or "anna" in {alias.lower() for alias in tag.aliases}
            assert ("anna" in taken) is ("tagCreate" not in " ".join(body["query"] for body in case.sent))


def _is_like(pattern: str, other: str) -> bool:
    """Whether Stash might take one name for the other, whichever comes first."""
    return len(pattern) == len(other) or "%" in pattern + other or pattern == other


PART = st.text(
    st.characters(exclude_characters="/\\\0", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12
).filter(lambda text: text not in {".", ".."} and len(text.encode()) < 60)  # fmt: skip
SEEN = PART.filter(lambda text: text[0] != ".")
"""Names of what is looked at: hidden files and folders never are."""

LYING = st.sampled_from(["named in its row", "by the id in its name", "somebody else's", "of no row"])


@QUICK
@given(files=st.lists(st.tuples(st.lists(SEEN, max_size=2), SEEN, LYING), min_size=1, max_size=6))
async def test_files_lie_wherever_they_like(files: list[tuple[list[str], str, str]]) -> None:
    """Whatever files and folders are called, each file is its own media's, and what is no creator's is nobody's."""
    with little_case() as case:
        creator, other = case.rows.account(username="anna"), case.rows.account(username="annabelle")
        wanted: dict[str, str | None] = {}
        for number, (folders, name, lying) in enumerate(files):
            owner = other if lying == "somebody else's" else creator
            media = case.rows.media(owner, local_filename=None)
            by_id = lying == "by the id in its name"
            path = case.downloads.joinpath(
                *folders, f"{name}{number}{f'_id_{media.id}' if by_id else ''}.jpeg"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg(str(media.id)))
            media.local_filename = None if by_id or lying == "of no row" else path.name
            media.is_downloaded = lying != "of no row"
            if lying != "of no row":
                case.post(owner, media)
            wanted[str(path)] = None if lying == "of no row" else str(media.id)
        await case.save()
        assert (await case.settled()).exit_code == 0
        async with case.stash() as store:
            images = await store.find(Image)
            found = {one.visual_files[0].path: str(one.code) or None for one in images}
            studios = {str(one.code): one.studio.name for one in images if one.studio}
        assert {path: found.get(path) for path in wanted} == wanted
        assert {code for code in studios if studios[code] == "annabelle (Fansly)"} == {
            wanted[path]
            for path, (_, _, lying) in zip(wanted, files, strict=True)
            if lying == "somebody else's"
        }


HOURS = st.none() | st.integers(0, 40)
CARRIED = st.tuples(st.sampled_from(["media", "post", "nothing"]), st.integers(0, 5))


@QUICK
@given(
    posts=st.lists(st.tuples(HOURS, st.lists(CARRIED, max_size=4)), min_size=1, max_size=6),
    files=st.integers(1, 6),
)
async def test_posts_that_carry_whatever_they_like(
    posts: list[tuple[int | None, list[tuple[str, int]]]], files: int
) -> None:
    """Every post's gallery holds what it carries, however deep; the earliest of them owns each file."""
    with little_case() as case:
        creator = case.rows.account(username="anna")
        media = [lying_about(case, creator) for _ in range(files)]
        offered = [case.rows.offered(one) for one in media]
        rows = [
            case.rows.post(
                creator, content=f"The post number {n:03}", createdAt=None if hour is None else moment(hour)
            )
            for n, (hour, _) in enumerate(posts)
        ]
        numbers = count(1)
        for row, (_, carried) in zip(rows, posts, strict=True):
            for pos, (kind, n) in enumerate(carried):
                known = {"media": offered, "post": rows, "nothing": []}[kind]
                content_type = ContentType.AGGREGATED_POSTS if kind == "post" else ContentType.ACCOUNT_MEDIA
                content = known[n % len(known)].id if known else 7  # type: ignore[attr-defined]
                case.rows.add(
                    AttachmentFactory(
                        id=next(numbers), postId=row.id, contentId=content, contentType=content_type, pos=pos
                    )
                )
        await case.save()
        assert (await case.settled()).exit_code == 0
        held = {row.id: _closure(n, posts, files) for n, row in enumerate(rows)}
        async with case.stash() as store:
            codes = {one.id: str(one.code) for one in await store.find(Image)}
            galleries = await store.find(Gallery)
            order = await store.images_in_order(galleries)
            found = {int(str(one.code)): {codes[image] for image in order[one.id]} for one in galleries}
            titles = {str(one.code): one.title for one in await store.find(Image) if one.galleries}
        assert found == {post: {str(media[n].id) for n in those} for post, those in held.items() if those}
        for n, one in enumerate(media):
            holders = [row for row in rows if n in held[row.id]]
            if holders:
                first = min(holders, key=lambda row: (row.createdAt is None, str(row.createdAt), row.id))
                assert titles[str(one.id)] == first.content


def _closure(start: int, posts: list[tuple[int | None, list[tuple[str, int]]]], files: int) -> set[int]:
    """The media that a post carries, itself or through others."""
    found, seen, pending = set[int](), set[int](), [start]
    while pending:
        if (post := pending.pop()) not in seen:
            seen.add(post)
            carried = posts[post][1]
            found |= {n % files for kind, n in carried if kind == "media"}
            pending += [n % len(posts) for kind, n in carried if kind == "post"]
    return found
