"""History of scenes: plays, o-counters and resume points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .database import id_list
from .errors import not_found
from .sql import IN_IDS, delete, insert, select, update
from .values import to_int

if TYPE_CHECKING:
    from .context import Context
    from .execution import Args, Loader, Resolver

_PLAYS, _OS = "scene_play", "scene_o"


def _scene(context: Context, args: Args) -> int:
    scene_id = to_int(args["id"], "converting id")
    if not context.database.rows(select("1", "scene", "id = ?"), (scene_id,)):
        raise not_found("scene", scene_id)
    return scene_id


def _history(context: Context, table: str, scene_id: int) -> list[str]:
    return context.database.values(select("at", table, "scene_id = ?", "at DESC"), (scene_id,))


def _shown(context: Context, table: str, scene_id: int) -> dict[str, Any]:
    history = _history(context, table, scene_id)
    return {"count": len(history), "history": history}


def _add(table: str) -> Resolver:
    def resolve(context: Context, args: Args) -> dict[str, Any]:
        scene_id = _scene(context, args)
        times = args.get("times") or [context.database.now()]
        context.database.run_many(insert(table, "scene_id", "at"), ((scene_id, time) for time in times))
        return _shown(context, table, scene_id)

    return resolve


def _remove(table: str) -> Resolver:
    def resolve(context: Context, args: Args) -> dict[str, Any]:
        scene_id = _scene(context, args)
        for time in args.get("times") or _history(context, table, scene_id)[:1]:
            one = select("rowid", table, "scene_id = ? AND at = ?") + " LIMIT 1"
            context.database.run(delete(table, f"rowid = ({one})"), (scene_id, time))
        return _shown(context, table, scene_id)

    return resolve


def _reset(table: str) -> Resolver:
    def resolve(context: Context, args: Args) -> int:
        context.database.run(delete(table, "scene_id = ?"), (_scene(context, args),))
        return 0

    return resolve


def _counted(resolver: Resolver) -> Resolver:
    """Answer with the count alone, as the older fields do."""

    def resolve(context: Context, args: Args) -> int:
        return int(resolver(context, args)["count"])

    return resolve


def _save_activity(context: Context, args: Args) -> bool:
    scene_id = _scene(context, args)
    if args.get("resume_time") is not None:
        context.database.run(update("scene", ["resume_time"]), (args["resume_time"], scene_id))
    if args.get("playDuration") is not None:
        sql = "UPDATE scene SET play_duration = play_duration + ? WHERE id = ?"
        context.database.run(sql, (args["playDuration"], scene_id))
    return True


def _reset_activity(context: Context, args: Args) -> bool:
    scene_id = _scene(context, args)
    for name, column in (("reset_resume", "resume_time"), ("reset_duration", "play_duration")):
        if args.get(name):
            context.database.run(update("scene", [column]), (0, scene_id))
    return True


def _times(table: str) -> Loader:
    sql = select("scene_id, at", table, f"scene_id {IN_IDS}", "at DESC")

    def load(context: Context, ids: list[int], _args: Args) -> list[list[str]]:
        found: dict[int, list[str]] = {scene_id: [] for scene_id in ids}
        for scene_id, at in context.database.rows(sql, (id_list(found),)):
            found[scene_id].append(at)
        return [found[scene_id] for scene_id in ids]

    return load


def _count(table: str) -> Loader:
    load_times = _times(table)
    return lambda context, ids, args: [len(times) for times in load_times(context, ids, args)]


def _last_played(context: Context, ids: list[int], args: Args) -> list[str | None]:
    return [times[0] if times else None for times in _times(_PLAYS)(context, ids, args)]


HISTORY_LOADERS: dict[str, Loader] = {
    "play_history": _times(_PLAYS),
    "o_history": _times(_OS),
    "play_count": _count(_PLAYS),
    "o_counter": _count(_OS),
    "last_played_at": _last_played,
}
HISTORY_MUTATIONS: dict[str, Resolver] = {
    "sceneAddPlay": _add(_PLAYS),
    "sceneDeletePlay": _remove(_PLAYS),
    "sceneResetPlayCount": _reset(_PLAYS),
    "sceneIncrementPlayCount": _counted(_add(_PLAYS)),
    "sceneAddO": _add(_OS),
    "sceneDeleteO": _remove(_OS),
    "sceneResetO": _reset(_OS),
    "sceneIncrementO": _counted(_add(_OS)),
    "sceneDecrementO": _counted(_remove(_OS)),
    "sceneSaveActivity": _save_activity,
    "sceneResetActivity": _reset_activity,
}
