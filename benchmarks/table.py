"""The figures as a table and a plot."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median, median_low
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "benchmarks.md"
"""The page whose tables are filled in, between its markers."""


@dataclass(frozen=True)
class Run:
    """One run of one competitor: seconds, MiB, counts."""

    name: str
    media: int
    what: str
    server: str
    wall: float
    cpu: float
    peak: float
    requests: int
    mutations: int
    received: int

    def __str__(self) -> str:
        figures = f"{self.requests} requests, {self.mutations} mutations, {self.received / 1e6:.2f} MB, {self.wall:.2f} s, CPU {self.cpu:.2f} s"
        per_media = f"{1000 * self.cpu / self.media:.3f} ms a media, {self.peak:.0f} MiB"
        return f"{self.name:7} {self.what:8} {self.media:>7,} media: {figures} ({per_media})"


def typical(runs: list[Run]) -> list[Run]:
    """One run for all rounds of the same: the median of each figure, and the most memory."""
    return [
        replace(
            rounds[0],
            wall=median(r.wall for r in rounds),
            cpu=median(r.cpu for r in rounds),
            peak=max(r.peak for r in rounds),
            requests=median_low(r.requests for r in rounds),
            mutations=median_low(r.mutations for r in rounds),
            received=median_low(r.received for r in rounds),
        )
        for rounds in _rounds(runs).values()
    ]


def _rounds(runs: list[Run]) -> dict[tuple[str, str, int], list[Run]]:
    rounds: dict[tuple[str, str, int], list[Run]] = {}
    for run in runs:
        rounds.setdefault((run.name, run.what, run.media), []).append(run)
    return rounds


def write(runs: list[Run], folder: Path) -> None:
    """Write the page between its markers, and the plot of this server."""
    page = folder / PAGE
    text = page.read_text("utf-8")
    server = runs[0].server.split()[1]
    for name, content in (("table", table(typical(runs))), ("ratios", ratios(runs))):
        start, end = f"<!-- {server} {name} -->\n", f"<!-- /{server} {name} -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}\n{content}\n{end}{rest.partition(end)[2]}"
    page.write_text(text, "utf-8")
    (folder / f"benchmarks-{server}.svg").write_text(plot(typical(runs)), "utf-8")


def table(runs: list[Run]) -> str:
    """Every run, a row."""
    head = "| media | who | run | requests | mutations | MB received | wall s | CPU s | CPU ms a media | peak MiB |"
    rows = [
        f"| {r.media:,} | {r.name} | {r.what} | {r.requests:,} | {r.mutations:,} | {r.received / 1e6:.2f} | {r.wall:.2f} | {r.cpu:.2f}"
        f" | {1000 * r.cpu / r.media:.3f} | {r.peak:.0f} |"
        for r in runs
    ]
    return "\n".join([head, "|---" * 10 + "|", *rows])


def ratios(runs: list[Run]) -> str:
    """What the figures come to, paired within one size; against the floor, within one round."""
    rounds, found = _rounds(runs), {(r.name, r.what, r.media): r for r in typical(runs)}
    lines = []
    for media in sorted({r.media for r in runs}):
        ours, again = found.get(("ours", "fresh", media)), found.get(("ours", "again", media))
        floor, before = found.get(("floor", "fresh", media)), found.get(("before", "fresh", media))
        if ours and floor:
            pairs = zip(rounds["ours", "fresh", media], rounds["floor", "fresh", media], strict=True)
            times = sorted(one.wall / other.wall for one, other in pairs)
            of = f" ({times[0]:.2f} to {times[-1]:.2f} in {len(times)} rounds)" if len(times) > 1 else ""
            lines.append(f"- {media:,} media: {median(times):.2f} times the floor's wall time{of}")
        if ours and again and before:
            lines.append(
                f'- {media:,} media, against the guide\'s "before": {before.requests / ours.requests:.0f} times fewer'
                f" requests, {before.wall / ours.wall:.0f} times faster; unchanged {before.wall / again.wall:.0f} times"
            )
        later = [r for r in found.values() if (r.name, r.media) == ("ours", media) and r.what != "fresh"]
        if ours and later:
            walls = ", ".join(f"{r.what} {r.wall / ours.wall:.2f}" for r in later)
            lines.append(f"- {media:,} media, wall against the fresh run: {walls}")
    for what in ("fresh", "again"):
        mine = [r for r in found.values() if r.name == "ours" and r.what == what]
        if len(mine) > 1:
            lines.append(
                f"- growth of ours, {what}: wall {growth(mine, 'wall'):.2f}, CPU {growth(mine, 'cpu'):.2f}"
            )
    return "\n".join(lines)


def growth(runs: list[Run], figure: str) -> float:
    """The exponent: the slope of the figure over the media, both as logarithms, from 1,000 media on."""
    points = [(math.log(r.media), math.log(getattr(r, figure))) for r in runs if r.media > 500]
    mean_x, mean_y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    over = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / over if over else 1.0


_COLOURS = {"ours": "#2563eb", "floor": "#16a34a", "naive": "#d97706", "before": "#dc2626"}
_WIDTH, _HEIGHT, _LEFT, _TOP = 640, 380, 70, 30


def plot(runs: list[Run]) -> str:
    """Wall time over media, both logarithmic; dashed is the unchanged run."""
    xs = [math.log10(r.media) for r in runs]
    ys = [math.log10(r.wall) for r in runs]
    low_x, high_x, low_y, high_y = (
        math.floor(min(xs)),
        math.ceil(max(xs)),
        math.floor(min(ys)),
        math.ceil(max(ys)),
    )

    def at(x: float, y: float) -> tuple[float, float]:
        across = _LEFT + (x - low_x) / (high_x - low_x) * (_WIDTH - _LEFT - 110)
        down = _TOP + (high_y - y) / (high_y - low_y) * (_HEIGHT - _TOP - 50)
        return round(across, 1), round(down, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="18" font-weight="bold">Wall time over media, {runs[0].server} (dashed: nothing changed)</text>',
    ]
    for power in range(low_y, high_y + 1):
        (x1, y1), (x2, _) = at(low_x, power), at(high_x, power)
        parts.append(
            f'<path d="M{x1} {y1}H{x2}" stroke="#e5e7eb"/><text x="{x1 - 8}" y="{y1 + 4}" text-anchor="end">{10.0**power:g} s</text>'
        )
    for power in range(low_x, high_x + 1):
        x, y = at(power, low_y)
        parts.append(f'<text x="{x}" y="{y + 20}" text-anchor="middle">{10**power:,}</text>')
    lines: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        lines.setdefault((run.name, run.what), []).append(run)
    for (name, what), found in lines.items():
        points = [at(math.log10(r.media), math.log10(r.wall)) for r in sorted(found, key=lambda r: r.media)]
        dash = "" if what == "fresh" else ' stroke-dasharray="5 4"'
        path = " ".join(f"{x},{y}" for x, y in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{_COLOURS[name]}" stroke-width="2"{dash}/>'
        )
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{_COLOURS[name]}"/>' for x, y in points]
        label = name if what == "fresh" else f"{name}, again"
        parts.append(
            f'<text x="{points[-1][0] + 8}" y="{points[-1][1] + 4}" fill="{_COLOURS[name]}">{label}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])
