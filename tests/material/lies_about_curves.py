"""Lies about curves and points."""

from collections.abc import Mapping

from lie_edits import (
    ALL_POINTS,
    Lie,
    best,
    last_twice,
    plus,
    reverse,
    times,
    with_last,
    without_last,
)

LIES: Mapping[str, Lie] = {
    # Curves.
    "a curve less": {"/curves": without_last},
    "a curve twice": {"/curves": last_twice},
    "a curve of another index": {"/curves": with_last(index="hnsw")},
    "a curve of another metric": {"/curves": with_last(metric="hr@20")},
    "a curve of another tolerance": {"/curves": with_last(tolerance_s=9.0)},
    "curves of another index": {"/curves/*/index": "exact"},
    "real curves for synthetic ones": {"/curves/*/distractors": "real"},
    "a metric that is easier": {"/curves/0/metric": "hr@3"},
    "curves of HR@1 and HR@10 exchanged": {
        "/curves/0/metric": "hr@10",
        "/curves/2/metric": "hr@1",
    },
    "a wider tolerance of one curve": {"/curves/0/tolerance_s": 5.0},
    # Points.
    "a higher hit rate": {"/curves/0/points/1": best},
    "every query hits at all sizes": {ALL_POINTS: best},
    "a higher simulated hit rate": {"/curves/6/points/4": best},
    "a narrower interval": {"/curves/0/points/1/ci/low": plus(0.01)},
    "an interval of another level": {"/curves/0/points/0/ci/level": 0.5},
    "intervals of another level": {f"{ALL_POINTS}/ci/level": 0.99},
    "an interval by another method": {"/curves/0/points/0/ci/method": "bootstrap"},
    "another spread": {"/curves/0/points/0/std": 0.5},
    "more repeats": {"/curves/0/points/0/repeats": 100},
    "an unknown spread": {"/curves/0/points/0/std": None},
    "fewer queries of a point": {"/curves/0/points/0/n_queries": 10},
    "a larger reference of a point": {"/curves/0/points/0/n_reference": plus(1)},
    "more hours of a point": {"/curves/0/points/0/hours": times(2)},
    "more hours of all points": {f"{ALL_POINTS}/hours": times(2)},
    "another size": {"/curves/0/points/1/n_distractors": 10**9},
    "another size, with its hours": {
        "/curves/0/points/1/n_distractors": 10**12,
        "/curves/0/points/1/hours": (10**12 + 152) * 0.5 / 3600,
    },
    "an invented real point at 1e12": {
        "/curves/0/points": with_last(
            n_distractors=10**12, hours=(10**12 + 152) * 0.5 / 3600, value=1.0
        )
    },
    "an invented simulated point at 1e12, real": {
        "/curves/0/points": with_last(
            n_distractors=10**12,
            hours=(10**12 + 152) * 0.5 / 3600,
            found="simulated",
            repeats=1,
            std=None,
            simulation_error=0.0,
        )
    },
    "an invented extrapolated point at 1e12, real": {
        "/curves/0/points": with_last(
            n_distractors=10**12,
            hours=(10**12 + 152) * 0.5 / 3600,
            found="extrapolated",
            repeats=1,
            std=None,
            corrected=None,
        )
    },
    "an invented simulated point of ivf": {
        "/curves/18/points": with_last(
            n_distractors=10**5, hours=(10**5 + 152) * 0.5 / 3600, found="simulated"
        )
    },
    "a point less": {"/curves/0/points": without_last},
    "the last point of all curves less": {"/curves/*/points": without_last},
    "a point twice": {"/curves/0/points": last_twice},
    "points that fall": {"/curves/0/points": reverse},
    "a simulated point that was searched": {"/curves/6/points/4/found": "searched"},
    "all simulated points were searched": {f"{ALL_POINTS}/found": "searched"},
    "a searched point that was simulated": {"/curves/6/points/2/found": "simulated"},
    "no error of a simulation": {"/curves/6/points/4/simulation_error": 0.0},
}
