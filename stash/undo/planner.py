"""What undoing a run means: which fields go back, which entities go, what stays and why. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from stash.changes.net_changes import is_same, without
from stash.files.content import mark_of_url
from stash.journal import ENTITY_ITSELF, PICTURES, UndoMark
from stash.store.entity_types import ENTITY_TYPES
from stash.undo.plan import UndoPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stash.changes.net_changes import EntityRef, FieldChange, NetChange
    from stash.undo.plan import StashSnapshot

_APART = frozenset(
    {
        *("id", "created_at", "updated_at", "image_path", "image_count", "folder", "files"),
        *("child_studios", "chapters", "scenes", "images", "cover", "gallery"),
    }
)
"""Fields of a made entity that are judged on their own, or are nobody's edit."""

REMOVABLE = frozenset({"GalleryChapter", "Gallery", "Performer", "Tag", "Studio"})
"""Types that a run makes out of nothing; scenes and images are the user's files."""

EDITED = "it was edited in Stash since; --force takes it back all the same"
USED = "it is used by what this run did not put it on; nothing to do"
AGAIN = "it was made again since; nothing to do"
OF_FILES = "it holds files; nothing to do"


class UndoPlanner:
    """Decides what becomes of each effect of a run."""

    def __init__(
        self, effects: Mapping[EntityRef, NetChange], standing: StashSnapshot, *, is_forced: bool
    ) -> None:
        self.plan = UndoPlan()
        self._effects = effects
        self._standing = standing
        self._fields = standing.fields
        self._is_forced = is_forced
        self._made = {
            p: e for p, e in effects.items() if e.is_made and p[0] in REMOVABLE and p in self._fields
        }
        self._going: set[EntityRef] = set()
        self._remaking: set[EntityRef] = set()
        self._scenes: defaultdict[str, list[str]] = defaultdict(list)
        self._chapters: defaultdict[str, list[EntityRef]] = defaultdict(list)
        for place, effect in effects.items():
            if place[0] == "Scene" and place in self._fields and "galleries" in effect.turns:
                for gallery in effect.turns["galleries"].after:
                    self._scenes[gallery].append(place[1])
            elif place[0] == "GalleryChapter" and place in self._made:
                self._chapters[str(self._fields[place].get("gallery"))].append(place)

    def decide(self) -> UndoPlan:
        """The plan."""
        plan = self.plan
        self._make_again()
        for name in ("Gallery", "GalleryChapter"):
            for place, effect in self._made.items():
                if place[0] == name:
                    self._judge(effect)
        for place, effect in self._effects.items():
            if place in self._fields and place not in self._made:
                for name, turn in effect.turns.items():
                    self._turn_back(place, name, turn)
        for effect in plan.recreates:
            for image in (effect.was or {}).get("images", ()):
                self._link(image, effect.place[1], is_in=True)
        self._judge_named()
        return plan

    def _make_again(self) -> None:
        gone = [e for place, e in self._effects.items() if e.was is not None and place not in self._fields]
        for effect in gone:
            if effect.place in self._standing.again:
                self.plan.left_alone.append((effect, AGAIN))
            else:
                self.plan.recreates.append(effect)
                self._remaking.add(effect.place)

    # --- fields ---

    def _turn_back(self, place: EntityRef, name: str, turn: FieldChange) -> None:
        if place[0] == "Gallery" and name == "images":
            self._turn_images(place, turn)
        elif name in PICTURES:
            self._turn_picture(place, name, turn)
        elif name in self._fields[place]:
            (self._turn_set if turn.is_set else self._turn_value)(place, name, turn)

    def _turn_value(self, place: EntityRef, name: str, turn: FieldChange) -> None:
        now, back = self._fields[place][name], turn.before
        if is_same(now, back):
            return
        target = ENTITY_TYPES[place[0]].relations.get(name)
        is_lost = target is not None and back is not None and not self._exists((target.__type_name__, back))
        if is_lost or not (self._is_forced or is_same(now, turn.after)):
            self.plan.kept.append((place, name))
            return
        self._write(place, name, back)
        self.plan.undo_marks.setdefault(place, {})[name] = UndoMark(now, back)

    def _turn_picture(self, place: EntityRef, name: str, turn: FieldChange) -> None:
        now, back = self._mark(place), mark_of_url(turn.before)
        if now == back:
            return
        if now is None or not (self._is_forced or now == turn.after):
            self.plan.kept.append((place, name))
            return
        self._write(place, name, turn.before)
        self.plan.undo_marks.setdefault(place, {})[name] = UndoMark(now, back)

    def _mark(self, place: EntityRef) -> str | None:
        """The mark of the picture that Stash shows, empty for none. None where it could not be read."""
        shown = self._standing.pictures.get(place, "")
        return None if shown is None else mark_of_url(shown)

    def _turn_set(self, place: EntityRef, name: str, turn: FieldChange) -> None:
        now = self._fields[place][name] or []
        standing = set(now)
        taken = [
            one for one in turn.after if one in standing and not self._is_of_a_kept_gallery(place, name, one)
        ]
        left = [one for one in without(turn.before, now) if self._is_member(place, name, one)]
        if not taken and not left:
            return
        result = [*without(now, taken), *left]
        self._write(place, name, turn.was if turn.was and is_same(turn.was, result) else result)
        if (place[0], name) != ("Scene", "galleries"):
            self.plan.undo_marks.setdefault(place, {})[name] = UndoMark(taken, left)
            return
        for gallery in (*taken, *left):  # a gallery remembers its scenes, not a scene its galleries
            mark = self._mark_of(("Gallery", gallery), "scenes")
            (mark.taken if gallery in taken else mark.left).append(place[1])

    def _turn_images(self, gallery: EntityRef, turn: FieldChange) -> None:
        """The images that joined or left a gallery. The link is written from the image's side."""
        for image in turn.after:
            if self._link(image, gallery[1], is_in=False):
                self._mark_of(gallery, "images").taken.append(image)
        for image in turn.before:
            if self._link(image, gallery[1], is_in=True):
                self._mark_of(gallery, "images").left.append(image)

    def _mark_of(self, place: EntityRef, name: str) -> UndoMark:
        return self.plan.undo_marks.setdefault(place, {}).setdefault(name, UndoMark([], []))

    def _link(self, image: str, gallery: str, *, is_in: bool) -> bool:
        """Have an image join or leave a gallery. Return whether that is a change."""
        place = "Image", image
        if place not in self._fields:
            return False
        standing = self._result(place, "galleries") or []
        if (gallery in standing) == is_in:
            return False
        self._write(place, "galleries", [*standing, gallery] if is_in else without(standing, [gallery]))
        return True

    def _write(self, place: EntityRef, name: str, value: Any) -> None:
        self.plan.writes.setdefault(place, {})[name] = value

    def _result(self, place: EntityRef, name: str) -> Any:
        return self.plan.writes.get(place, {}).get(name, self._fields[place].get(name))

    def _is_of_a_kept_gallery(self, place: EntityRef, name: str, one: str) -> bool:
        made = ("Gallery", one)
        return (place[0], name) == ("Scene", "galleries") and made in self._made and made not in self._going

    def _is_member(self, place: EntityRef, name: str, one: str) -> bool:
        target = ENTITY_TYPES[place[0]].relations.get(name)
        return target is None or self._exists((target.__type_name__, one))

    def _exists(self, place: EntityRef) -> bool:
        return place in self._fields or place in self._remaking or place in self._standing.again

    # --- what was made ---

    def _judge(self, effect: NetChange) -> None:
        """A gallery or a chapter goes if nobody has edited it. A chapter of a gallery that stays does too."""
        place, now = effect.place, self._fields[effect.place]
        if place[0] == "GalleryChapter":
            gallery = ("Gallery", now.get("gallery"))
            if gallery in self._made and gallery not in self._going:
                return
        elif now.get("files") or now.get("folder"):
            self.plan.left_alone.append((effect, OF_FILES))
            return
        if not self._is_forced and (self._is_edited(effect) or self._has_more(effect)):
            self.plan.left_alone.append((effect, EDITED))
        else:
            self._let_go(effect)

    def _let_go(self, effect: NetChange) -> None:
        self._going.add(effect.place)
        self.plan.deletes.append(effect)
        self.plan.undo_marks.setdefault(effect.place, {})[ENTITY_ITSELF] = UndoMark(effect.place[1], None)

    def _is_edited(self, effect: NetChange) -> bool:
        now, turns = self._fields[effect.place], effect.turns
        sent = {
            "",
            self._standing.sent.get(effect.place),
            *(turns[name].after for name in turns.keys() & PICTURES),
        }
        return self._mark(effect.place) not in sent or any(
            not is_same(value, turns[name].after if name in turns else None)
            for name, value in now.items()
            if name not in _APART
        )

    def _has_more(self, effect: NetChange) -> bool:
        """Tell whether a gallery has images, scenes, chapters or a cover that the run did not give it, or lacks some.

        An attempt that was killed had taken out what one lacks that it was about to take out as a whole.
        """
        place, turns = effect.place, effect.turns
        if place[0] != "Gallery":
            return False
        now = self._fields[place]
        images = {one for one in _given(turns, "images") if ("Image", one) in self._fields}
        left = {image for image in images if self._has(image, place[1])}
        cover = turns["cover"].after if "cover" in turns else None
        scenes = {*_given(turns, "scenes"), *self._scenes.get(place[1], ())}
        mine = [one for one in self._chapters.get(place[1], ()) if not self._is_edited(self._made[one])]
        chapters = {chapter for _, chapter in mine}
        here, listed = {*_members(now.get("scenes"))}, {*_members(now.get("chapters"))}
        has_others = now.get("image_count") != len(left) or now.get("cover") not in {*images, None}
        if has_others or here - scenes or listed - chapters:
            return True
        is_whole = left == images and now.get("cover") == (cover if cover in images else now.get("cover"))
        return place not in self._standing.pending_deletes and not (
            is_whole and here == scenes and listed == chapters
        )

    def _has(self, image: str, gallery: str) -> bool:
        return gallery in (self._fields["Image", image].get("galleries") or ())

    def _judge_named(self) -> None:
        """Performers, tags and studios go if nobody uses them once everything else is back, and nobody edited them."""
        left = {p: e for p, e in self._made.items() if p[0] in {"Performer", "Tag", "Studio"}}
        if not self._is_forced:
            edited = {place: effect for place, effect in left.items() if self._is_edited(effect)}
            self.plan.left_alone += [(effect, EDITED) for effect in edited.values()]
            left = {place: effect for place, effect in left.items() if place not in edited}
        freed = self._freed()
        while free := [place for place in left if self._is_free(place, freed)]:
            for place in free:
                self._let_go(left.pop(place))
        self.plan.left_alone += [(effect, USED) for effect in left.values()]

    def _freed(self) -> Counter[tuple[EntityRef, str]]:
        """Tell how many entities of each type let go of a performer, a tag or a studio."""
        freed: Counter[tuple[EntityRef, str]] = Counter()
        for place in {*self.plan.writes, *self._going}:
            if place not in self._fields:
                continue
            for name, target in (("performers", "Performer"), ("tags", "Tag"), ("studio", "Studio")):
                now = _members(self._fields[place].get(name))
                kept = () if place in self._going else _members(self._result(place, name))
                freed.update(((target, one), place[0]) for one in without(now, kept))
        return freed

    def _is_free(self, place: EntityRef, freed: Counter[tuple[EntityRef, str]]) -> bool:
        uses = self._standing.uses.get(place, {})
        children = _members(self._fields[place].get("child_studios"))
        return all(count <= freed[place, user] for user, count in uses.items()) and all(
            self._has_left(("Studio", child), place[1]) for child in children
        )

    def _has_left(self, child: EntityRef, parent: str) -> bool:
        if child in self._going:
            return True
        return child in self._fields and self._result(child, "parent_studio") != parent


def _given(turns: Mapping[str, FieldChange], name: str) -> list[str]:
    return turns[name].after if name in turns else []


def _members(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value] if value else []
