"""The searches of a run have the tolerances of its curves, and a task for each index."""

from collections.abc import Callable

from fpbench.runs.prepare import PreparedRun
from fpbench.runs.searches import list_tolerances


def test_every_run_has_the_whole_track_besides_its_tolerance(
    prepared: Callable[..., PreparedRun],
) -> None:
    assert list_tolerances(prepared()) == [0.25, None]
    assert list_tolerances(prepared(tolerance_s=None)) == [None]
