"""The thresholds of the guards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.errors import RefusedError
from stash.guards import check_any_source, check_entities, check_files, check_source


@pytest.mark.parametrize(
    ("missing", "total", "is_refused"),
    [
        (19, 19, False),
        (20, 20, True),
        (10, 20, False),
        (11, 20, True),
        (20, 40, False),
        (21, 40, True),
        (0, 0, False),
    ],
)
def test_more_than_half_of_at_least_twenty(missing: int, total: int, is_refused: bool) -> None:
    """Half of what was synced may be gone, and all of nineteen; one more stops the run."""
    for check in (lambda: check_entities("anna", missing, total), lambda: check_files(missing, total, "/a")):
        if is_refused:
            with pytest.raises(RefusedError, match=f"{missing} of {total}"):
                check()
        else:
            check()


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_the_threshold_is_one_line(missing: int, total: int) -> None:
    """A run stops exactly where more than half of twenty or more are missing."""
    try:
        check_entities("anna", missing, total)
    except RefusedError:
        assert total >= 20
        assert 2 * missing > total
    else:
        assert total < 20 or 2 * missing <= total


def test_an_empty_source() -> None:
    """A source that lost a creator, or all of them, stops a run only where something was synced."""
    check_source("anna", 0)
    check_any_source(0)
    with pytest.raises(RefusedError, match="anna any more, though 1 were"):
        check_source("anna", 1)
    with pytest.raises(RefusedError, match="no creator"):
        check_any_source(1)
