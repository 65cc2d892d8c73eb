"""Findings of the doctor, each with its next step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["ok", "note", "warning", "problem"]
Area = Literal["settings", "Stash", "database", "library", "names", "next sync"]

NOTHING = "Nothing to do."
"""The next step of a finding without a fault."""


@dataclass(frozen=True)
class Fix:
    """A fix that `--fix` may apply by itself. It changes the user's own settings file only.

    `private` lets the owner alone read that file. `path_map` writes a path map into it.
    """

    kind: Literal["private", "path_map"]
    value: str = ""


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    `line` may be pasted into a shell. `exit_code` is that of a sync with this problem, 0 for any other level.
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
    """All findings, the most fundamental first. `requests` counts the requests to Stash.

    `fixed` has a sentence for each fix, `mended` the findings that were fixed.
    """

    findings: list[Finding] = field(default_factory=list)
    requests: int = 0
    fixed: list[str] = field(default_factory=list)
    mended: list[Finding] = field(default_factory=list)

    @property
    def problems(self) -> list[Finding]:
        """Return the problems that are not fixed yet."""
        return [one for one in self.findings if one.level == "problem" and one not in self.mended]

    @property
    def exit_code(self) -> int:
        """Return the exit code of the first problem that is not fixed. 0 if there is none."""
        return next((one.exit_code for one in self.problems), 0)

    def summary(self) -> dict[str, Any]:
        """Make the object of `--json`."""
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
    """Make a finding of an error: its sentence says what was wrong, and the next step."""
    what, _, step = str(error).rstrip(".").rpartition("; ")
    if not what:
        return Finding(
            "problem", area, f"{step}.", next_step="Mend that, then run doctor again.", exit_code=exit_code
        )
    return Finding(
        "problem", area, f"{what}.", next_step=f"{step[:1].upper()}{step[1:]}.", exit_code=exit_code
    )
