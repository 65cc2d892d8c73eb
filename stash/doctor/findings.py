"""What the doctor says: findings, each with its next step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["ok", "note", "warning", "problem"]
Area = Literal["settings", "Stash", "database", "library", "names", "next sync"]

NOTHING = "Nothing to do."
"""The next step of what is as it should be."""


@dataclass(frozen=True)
class Fix:
    """What `--fix` may do by itself: nothing but files of the user's own settings is touched.

    `private` takes the settings file from others' eyes; `path_map` writes a path map into it.
    """

    kind: Literal["private", "path_map"]
    value: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    `line` may be pasted into a shell; `exit_code` says of which kind a problem is, as for a sync, 0 for all that is none.
    """

    level: Level
    area: Area
    title: str
    what: str = ""
    next_step: str = NOTHING
    line: str = ""
    exit_code: int = 0
    fix: Fix | None = None


@dataclass
class Diagnosis:
    """All findings, the most fundamental first. `requests` is how many questions Stash was asked.

    `fixed` says what was done about those that are `mended`.
    """

    findings: list[Finding] = field(default_factory=list)
    requests: int = 0
    fixed: list[str] = field(default_factory=list)
    mended: list[Finding] = field(default_factory=list)

    @property
    def problems(self) -> list[Finding]:
        """Return what has to be mended yet."""
        return [one for one in self.findings if one.level == "problem" and one not in self.mended]

    @property
    def exit_code(self) -> int:
        """That of the first problem. 0 where there is none, or none any more."""
        return next((one.exit_code for one in self.problems), 0)

    def summary(self) -> dict[str, Any]:
        """The object of `--json`."""
        return {
            "outcome": "examined",
            "exit_code": self.exit_code,
            "requests": self.requests,
            "findings": [_shown(one) | {"is_fixed": one in self.mended} for one in self.findings],
            "fixed": self.fixed,
        }


def _shown(finding: Finding) -> dict[str, Any]:
    return {
        "level": finding.level,
        "area": finding.area,
        "title": finding.title,
        "what": finding.what,
        "next_step": finding.next_step,
        "line": finding.line,
        "is_fixable": finding.fix is not None,
    }


def obstacle(area: Area, error: Exception, exit_code: int) -> Finding:
    """Return what stood in the way, and the next step, as the error's sentence has them."""
    what, _, step = str(error).rstrip(".").rpartition("; ")
    if not what:
        return Finding(
            "problem", area, f"{step}.", next_step="Mend that, then run doctor again.", exit_code=exit_code
        )
    return Finding(
        "problem", area, f"{what}.", next_step=f"{step[:1].upper()}{step[1:]}.", exit_code=exit_code
    )
