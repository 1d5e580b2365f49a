"""What tables and figures say of real distractors."""

from dataclasses import replace
from pathlib import Path

from fpbench.results.corrections import Corrected
from fpbench.results.document import Curve
from fpbench.results.files import read_result
from fpbench.review.distractor_notes import real_distractors_label, real_distractors_notes

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
CORRECTED = Corrected(
    value=0.48, excess=0.02, error=0.01, level=0.95, low=0.37, high=0.59, method="jackknife"
)


def real_curve(tracks: int | None, groups: int | None = None) -> Curve:
    (curve,) = GOLDEN.curves
    return replace(curve, distractors="real", distractor_tracks=tracks, distractor_groups=groups)


def test_a_label_counts_tracks_and_groups() -> None:
    labels = [
        real_distractors_label(GOLDEN, real_curve(*counts))
        for counts in ((200, None), (85, 1), (1, None), (None, None))
    ]
    assert labels == ["200 tracks", "85 tracks in 1 group", "1 track", "20 tracks"]


def test_notes_warn_of_few_groups() -> None:
    few, *_ = real_distractors_notes([real_curve(85, 12)])
    assert few == "distractors of only 12 groups: these rates are too high"
    few, *_ = real_distractors_notes([real_curve(4)])
    assert few == "distractors of only 4 tracks, too few to correct for: these rates are too high"


def test_notes_show_the_corrected_rate_of_the_largest_size() -> None:
    curve = real_curve(200)
    points = [replace(curve.points[0], corrected=CORRECTED)]
    notes = real_distractors_notes([replace(curve, points=points)])
    assert notes == [
        "repeats with real distractors are parts of one pool of tracks",
        "corrected for few tracks of distractors, at 10 k: HR@1 ±0.25 s 48.0 (37.0–59.0)",  # noqa: RUF001
    ]


def test_other_curves_have_no_notes() -> None:
    assert real_distractors_notes([replace(real_curve(None), distractors="synthetic")]) == []
    assert real_distractors_notes([real_curve(None)]) == []  # of an older result
