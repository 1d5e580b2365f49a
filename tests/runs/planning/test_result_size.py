"""The size of a result is known before its run, as well as it must be to be submitted."""

from collections.abc import Callable

import pytest

from fpbench.results.canonical import canonical_bytes
from fpbench.results.document import Result
from fpbench.results.files import result_document
from fpbench.runs.planning.plan import make_plan
from fpbench.runs.planning.result_size import estimate_result_bytes
from fpbench.runs.prepare import PreparedRun

Prepare = Callable[..., PreparedRun]
REAL = 304  # distractors of the folder


@pytest.mark.slow
def test_no_result_is_larger_and_none_half_as_large(
    prepared: Prepare, measure: Callable[..., Result]
) -> None:
    few = {"distractors": "both", "generator": "gaussian"}
    many = {**few, "sizes": tuple(range(20, 220, 20)), "beyond": (1000,)}
    lengths = {**few, "generator": "gaussian-tracks", "query_lengths_s": (1.0, 2.0, 3.0)}
    for changes in (few, many, lengths):
        found = len(canonical_bytes(result_document(measure(**changes))))
        # Results of few tracks have no intervals, and less fidelity.
        assert found < estimate_result_bytes(prepared(**changes), REAL) < 2 * found


def test_a_result_that_is_too_large_to_be_submitted_is_named_in_the_plan(
    prepared: Prepare, caplog: pytest.LogCaptureFixture
) -> None:
    make_plan(prepared())
    assert "submit" not in caplog.text
    make_plan(prepared(sizes=tuple(range(10, 510, 10))))  # 30 of them are real
    assert "kB, and one that is submitted at most 100: to submit it, use fewer" in caplog.text


def test_several_fits_and_indexes_count(prepared: Prepare) -> None:
    one = estimate_result_bytes(prepared(distractors="synthetic"), REAL)
    fits = estimate_result_bytes(prepared(distractors="synthetic", fits=3), REAL)
    indexes = estimate_result_bytes(
        prepared(distractors="synthetic", indexes=("exact", "ivf")), REAL
    )
    assert fits - one == 2 * 3 * 2 * (300 + 3 * 22)  # tolerances, ranks, sizes
    assert indexes - one == 2 * 3 * 2 * 365 + 2 * 2 * (735 + 870)
