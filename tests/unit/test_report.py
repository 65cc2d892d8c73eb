"""The report: figures, lists and the exit code."""

from __future__ import annotations

from stash.report import FieldChange, Report, RunHeader, Unmatched


def test_the_summary_has_the_agreed_form() -> None:
    """The object of --json has exactly the agreed keys, with plain values."""
    report = Report(RunHeader(3))
    report.count("Image", "created")
    report.count("GalleryChapter", "unchanged")
    report.keep("Image", "5", "title")
    report.keep("Image", "5", "title")
    report.skip("posts", "7", "no media")
    report.skip("posts", "7", "no media")
    report.unmatched.append(Unmatched("image", "9", "/x.jpg", "unknown", is_failure=False))
    summary = report.summary()
    assert set(summary) == {
        "run",
        "outcome",
        "exit_code",
        "seconds",
        "requests",
        "looked_at",
        "entities",
        "links_added",
        "unattached",
        "unmatched",
        "skipped",
        "kept",
    }
    assert set(summary["entities"]) == {
        "performers",
        "studios",
        "tags",
        "galleries",
        "scenes",
        "images",
        "chapters",
    }
    assert summary["entities"]["images"] == {"created": 1, "updated": 0, "unchanged": 0, "kept": 0}
    assert summary["kept"] == [{"type": "Image", "id": "5", "field": "title"}]
    assert summary["skipped"] == [{"kind": "posts", "id": "7", "reason": "no media"}]
    assert summary["unmatched"] == [{"kind": "image", "id": "9", "file": "/x.jpg", "reason": "unknown"}]


def test_the_exit_code_tells_the_truth() -> None:
    """0 unless something that Stash takes, or a malformed row, could not be synced: then 3."""
    assert Report().exit_code == 0
    fine, failed, lost = Report(), Report(), Report()
    fine.skip("posts", "1", "locked")
    failed.skip("posts", "1", "malformed", is_failure=True)
    lost.unmatched.append(Unmatched("image", "1", "/x.jpg", "unknown", is_failure=True))
    assert [r.exit_code for r in (fine, failed, lost)] == [0, 3, 3]


def test_silence() -> None:
    """A run without a mutation had nothing to do; a plan with a change has something."""
    assert Report().is_silent
    assert not Report(RunHeader(requests={"reads": 1, "writes": 1, "mutations": 1, "scan": 0})).is_silent
    planned = Report(plan=[FieldChange("Image", "1", "title", None, "x", "new")])
    assert not planned.is_silent
    assert planned.summary()["plan"][0]["after"] == "x"
