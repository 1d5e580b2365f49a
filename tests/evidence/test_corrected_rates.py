"""A corrected rate is the rate less its excess, with an interval of three parts."""

from dataclasses import replace
from math import hypot
from pathlib import Path

import numpy as np
import pytest

from fpbench.evidence.corrected_rates import correct_points
from fpbench.evidence.distractor_tracks import DistractorTracks
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.few_tracks import few_tracks
from fpbench.results.files import read_result

((POINT,),) = (
    curve.points
    for curve in read_result(Path(__file__).parents[1] / "golden" / "result_v1.json").curves
)


def test_points_of_searched_databases_are_corrected(evidence_of: object) -> None:
    assert callable(evidence_of)
    found = evidence_of([[0, 2, 0, 1] * 3, [1, 0, 0, 0] * 3], track=range(12))
    assert isinstance(found, Evidence)
    tracks = DistractorTracks(track=np.arange(20) // 4)
    few = few_tracks(replace(found, distractor_tracks=tracks), 0.25)
    assert few is not None
    searched = replace(POINT, n_distractors=10)
    simulated = replace(searched, found="simulated")
    corrected, alone = (one.corrected for one in correct_points([searched, simulated], few, 1))
    assert alone is None
    assert corrected is not None
    excess = few.excesses(10)[1]
    assert corrected.value == pytest.approx(POINT.value - excess.value)
    half = hypot(POINT.value - POINT.ci.low, excess.half_width(0.95))
    assert corrected.low == pytest.approx(max(0, corrected.value - half))
