"""The result of a run: its curves in order, and no names of the user's folders."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench.results.data import Skipped
from fpbench.results.document import Result
from fpbench.results.files import dump_result
from fpbench.runs.description import leave_folders_out
from fpbench.runs.prepare import PreparedRun

Prepare = Callable[..., PreparedRun]
HAVE = 16 * 19
"""Real distractors of the small folder: 16 tracks of 10 s, one fingerprint every half second."""

IVF = {"ivf": {"nlist": "4", "nprobe": "4"}}


def sizes(result: Result, kind: str) -> list[int]:
    curve = next(curve for curve in result.curves if curve.distractors == kind)
    return [point.n_distractors for point in curve.points]


@pytest.mark.slow
def test_a_synthetic_curve_has_a_point_there_too(measure: Callable[..., Result]) -> None:
    result = measure(sizes=(100, 1000), distractors="both")
    assert sizes(result, "real") == [100, HAVE]
    assert sizes(result, "synthetic") == [100, HAVE, 1000]
    assert result.status == "complete"


@pytest.mark.slow
def test_curves_come_by_index_then_kind_then_tolerance(measure: Callable[..., Result]) -> None:
    result = measure(distractors="both", indexes=("ivf", "exact"), index_options=IVF)
    order = [(c.index, c.distractors, c.tolerance_s) for c in result.curves if c.metric == "hr@1"]
    assert order == [
        (index, kind, tolerance_s)
        for index in ("ivf", "exact")
        for kind in ("real", "synthetic")
        for tolerance_s in (0.25, None)
    ]


@pytest.mark.slow
def test_folders_of_the_user_are_left_out(
    measure: Callable[..., Result], prepared: Prepare, music: Path
) -> None:
    result = measure(sizes=(100,))
    assert str(music.parent) not in dump_result(result)
    skipped = Skipped(track="a.wav", reason=f"cannot read {music}/distractors/a.wav")
    named = replace(
        result,
        data=replace(result.data, skipped=[skipped]),
        command=f"fpbench run --dataset folder:{music}",
    )
    clean = leave_folders_out(named, prepared(sizes=(100,)))
    assert str(music.parent) not in dump_result(clean)
    assert clean.data.skipped[0].track == "a.wav"
