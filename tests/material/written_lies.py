"""Lies about an honest result: what a table sets, by JSON pointer, in its document.

A star stands for every place of a list. A function gets the old value. ``REMOVED`` deletes a field.
"""

from collections.abc import Callable, Mapping
from typing import Any

REMOVED = object()

Lie = Mapping[str, Any]


def times(factor: float) -> Callable[[Any], Any]:
    """The old number, multiplied."""
    return lambda old: type(old)(old * factor)


def plus(term: float) -> Callable[[Any], Any]:
    """The old number, and something more."""
    return lambda old: old + term


def without_last(old: list[Any]) -> list[Any]:
    """All but the last of a list."""
    return old[:-1]


def last_twice(old: list[Any]) -> list[Any]:
    """The last of a list once more."""
    return [*old, old[-1]]


def with_last(**changes: Any) -> Callable[[list[dict[str, Any]]], list[Any]]:
    """A list with its last table once more, changed."""
    return lambda old: [*old, {**old[-1], **changes}]


def reverse(old: list[Any]) -> list[Any]:
    """The list backwards."""
    return old[::-1]


def best(old: dict[str, Any]) -> dict[str, Any]:
    """A point at which every query hits."""
    return {**old, "value": 1.0, "ci": {**old["ci"], "high": 1.0}}


SHA = "0" * 64
ALL_POINTS = "/curves/*/points/*"

LIES: Mapping[str, Lie] = {
    # Who was measured.
    "fingerprinter of another name, which the config has": {
        "/fingerprinter/name": "nafp",
        "/config/fingerprinter": "nafq",
    },
    "fingerprinter on a GPU": {"/fingerprinter/device": "cuda"},
    "config on a GPU": {"/config/device": "cuda"},
    "fingerprinter in half precision": {"/fingerprinter/dtype": "float16"},
    "fingerprinter in bfloat16": {"/fingerprinter/dtype": "bfloat16"},
    "fingerprinter with options": {"/fingerprinter/options": {"width": "8"}},
    "config with options": {"/config/fingerprinter_options": {"width": "8"}},
    "fingerprinter with other weights": {"/fingerprinter/weights_sha256": SHA},
    "config with weights": {"/config/weights": "mine.safetensors"},
    "fingerprinter of a release": {"/fingerprinter/version": "2.0"},
    "fingerprinter with half the hop": {"/fingerprinter/hop_s": 0.25},
    "half the hop, and half the hours": {
        "/fingerprinter/hop_s": 0.25,
        f"{ALL_POINTS}/hours": times(0.5),
    },
    "half the hop, and half of all hours": {
        "/fingerprinter/hop_s": 0.25,
        f"{ALL_POINTS}/hours": times(0.5),
        "/data/reference_hours": times(0.5),
        "/data/distractor_hours": times(0.5),
    },
    "twice the hop, and twice all hours": {
        "/fingerprinter/hop_s": 1.0,
        f"{ALL_POINTS}/hours": times(2),
        "/data/reference_hours": times(2),
        "/data/distractor_hours": times(2),
    },
    "a check that was not made": {"/check": REMOVED},
    "a check that fails": {"/check/passed": False},
    "a check that passes all the same": {"/check/broken": {"gain": "it matters"}},
    # Ready-made fingerprints are no way out.
    "ready-made queries": {"/queries/recipe": {"ready_made": "x"}},
    "ready-made queries, without a check": {
        "/queries/recipe": {"ready_made": "x"},
        "/check": REMOVED,
        "/fingerprinter/name": "best",
    },
    "ready-made all over, by another name": {
        "/queries/recipe": {"ready_made": "x"},
        "/check": REMOVED,
        "/fingerprinter/name": "best",
        "/fingerprinter/distribution": "-",
        "/fingerprinter/version": "-",
        "/fingerprinter/source_sha256": None,
        "/fingerprinter/device": "-",
        "/fingerprinter/sample_rate_hz": None,
    },
    "ready-made all over, of other hours": {
        "/queries/recipe": {"ready_made": "x"},
        "/check": REMOVED,
        "/fingerprinter/name": "ready-made",
        "/fingerprinter/distribution": "-",
        "/fingerprinter/version": "-",
        "/fingerprinter/source_sha256": None,
        "/fingerprinter/device": "-",
        "/fingerprinter/sample_rate_hz": None,
    },
    # On what data.
    "another dataset": {"/data/name": "fma:large"},
    "a config of another dataset": {"/config/dataset": "fma:large"},
    "more reference fingerprints": {"/data/reference_fingerprints": times(10)},
    "more reference fingerprints, in all points": {
        "/data/reference_fingerprints": times(10),
        f"{ALL_POINTS}/n_reference": times(10),
    },
    "a larger reference, with all its hours": {
        "/data/reference_fingerprints": times(10),
        "/data/reference_hours": times(10),
    },
    "fewer reference fingerprints": {"/data/reference_fingerprints": times(0.5)},
    "a smaller reference all over": {
        "/data/reference_fingerprints": 76,
        "/data/reference_hours": times(0.5),
        "/data/reference_tracks": 8,
        f"{ALL_POINTS}/n_reference": 76,
        f"{ALL_POINTS}/hours": times(0.8),
    },
    "more hours of reference": {"/data/reference_hours": times(3)},
    "fewer hours of reference": {"/data/reference_hours": times(0.5)},
    "more reference tracks": {"/data/reference_tracks": 10_000},
    "fewer reference tracks than queried ones": {"/data/reference_tracks": 7},
    "no reference tracks": {"/data/reference_tracks": 0},
    "more distractor fingerprints": {"/data/distractor_fingerprints": times(1000)},
    "more distractors, with their hours": {
        "/data/distractor_fingerprints": times(1000),
        "/data/distractor_hours": times(1000),
        "/data/distractor_tracks": times(1000),
    },
    "fewer distractor fingerprints": {"/data/distractor_fingerprints": 200},
    "more hours of distractors": {"/data/distractor_hours": times(10)},
    "fewer hours of distractors": {"/data/distractor_hours": times(0.1)},
    "more distractor tracks": {"/data/distractor_tracks": 5_000},
    "more silence than music": {"/data/reference_silent_hours": 100.0},
    "more silent distractors than music": {"/data/distractor_silent_hours": 100.0},
    # With which queries.
    "more queries": {"/queries/n": 4000},
    "more queries in all points": {"/queries/n": 4000, f"{ALL_POINTS}/n_queries": 4000},
    "more queries all over": {
        "/queries/n": 4000,
        f"{ALL_POINTS}/n_queries": 4000,
        "/config/recipe/n_queries": 4000,
        "/queries/recipe/n_queries": 4000,
    },
    "fewer queries all over": {
        "/queries/n": 10,
        f"{ALL_POINTS}/n_queries": 10,
        "/config/recipe/n_queries": 10,
        "/queries/recipe/n_queries": 10,
    },
    "recorded queries, so that fewer are right": {
        "/queries/recordings": 3,
        "/config/recipe/n_queries": 4000,
        "/queries/recipe/n_queries": 4000,
        "/queries/n": 39,
    },
    "more queried tracks": {"/queries/tracks": 1000},
    "groups of tracks": {"/queries/groups": 8},
    "more groups than tracks": {"/queries/groups": 1000},
    "longer queries": {"/queries/length_s": 10.0},
    "longer queries in all curves": {
        "/queries/length_s": 10.0,
        "/curves/*/query_length_s": 10.0,
    },
    "longer queries of one curve": {"/curves/0/query_length_s": 10.0},
    "louder noise": {"/queries/recipe/degradations": [{"name": "noise", "min_snr_db": "-10"}]},
    "an offset of queries": {"/queries/recipe/max_offset_s": 0.25},
    "an offset in the config": {"/config/recipe/max_offset_s": 0.25},
    "no recipe": {"/config/recipe": None},
    # What the config says.
    "another seed": {"/config/seed": -1},
    "a seed in words": {"/config/seed": "0"},
    "no sizes": {"/config/sizes": []},
    "larger sizes": {"/config/sizes": [100, 1_000_000]},
    "fewer sizes": {"/config/sizes": [100]},
    "no simulated sizes": {"/config/beyond": REMOVED},
    "more simulated sizes": {"/config/beyond": [10**5, 10**9, 10**12]},
    "simulated sizes among the searched": {"/config/beyond": [500, 10**5, 10**9]},
    "another tolerance": {"/config/tolerance_s": 5.0},
    "a wider tolerance all over": {
        "/config/tolerance_s": 5.0,
        "/curves/0/tolerance_s": 5.0,
        "/curves/1/tolerance_s": 5.0,
        "/curves/2/tolerance_s": 5.0,
    },
    "another index in the config": {"/config/indexes": ["exact", "ivfpq"]},
    "an index less in the config": {"/config/indexes": ["exact"]},
    "an index twice in the config": {"/config/indexes": ["exact", "ivf", "ivf"]},
    "only real distractors": {"/config/distractors": "real"},
    "only synthetic distractors": {"/config/distractors": "synthetic"},
    "no distractors": {"/config/distractors": "none"},
    "a config without kinds": {"/config/distractors": ["real"]},
    "a partial run": {"/status": "partial"},
    "an older estimator": {"/estimator": 1},
    "the second estimator": {"/estimator": 2},
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
    "a longer shortlist": {"/curves/*/index_parameters/shortlist": 1000},
    "a longer shortlist of one curve": {"/curves/0/index_parameters/shortlist": 1000},
    "no shortlist": {"/curves/*/index_parameters/shortlist": REMOVED},
    "another parameter of one curve": {"/curves/0/index_parameters/scores": "int8"},
    "another version of FAISS": {
        f"/curves/{place}/index_parameters/faiss": "9.9" for place in range(12, 24)
    },
    # Points.
    "a higher hit rate": {"/curves/0/points/0": best},
    "every query hits at all sizes": {ALL_POINTS: best},
    "a higher simulated hit rate": {"/curves/6/points/4": best},
    "a narrower interval": {"/curves/0/points/1/ci/low": plus(0.01)},
    "an interval of another level": {"/curves/0/points/0/ci/level": 0.5},
    "intervals of another level": {f"{ALL_POINTS}/ci/level": 0.99},
    "an interval by another method": {"/curves/0/points/0/ci/method": "bootstrap"},
    "no spread": {"/curves/0/points/0/std": 0.0},
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
    # Synthetic distractors.
    "another generator": {"/generator/name": "rectified-flow"},
    "another generator in the config": {"/config/generator": "rectified-flow"},
    "no generator": {"/generator": None},
    "another version of the generator": {"/generator/version": "9.9"},
    "a generator with options": {"/generator/options": {"steps": "8"}},
    "a generator of more fingerprints": {"/generator/fitted_fingerprints": 10**6},
    "a generator of more fingerprints all over": {
        "/generator/fitted_fingerprints": 10**6,
        "/generator/fitted_to/fingerprints": 10**6,
    },
    "a generator of fewer fingerprints": {"/generator/fitted_fingerprints": 10},
    "a generator from a file": {"/generator/fitted_fingerprints": None},
    "a generator from a file in the config": {"/config/generator_weights": "g.safetensors"},
    "a generator of another system": {"/generator/fitted_to/fingerprinter": "nafp"},
    "a generator of other weights": {"/generator/fitted_to/weights_sha256": SHA},
    "a foreign generator": {"/generator/foreign": True},
    "no fidelity": {"/fidelity": None},
    # Gaps, decisions and simulations.
    "no gaps": {"/gaps": REMOVED},
    "a gap less": {"/gaps": without_last},
    "a gap twice": {"/gaps": last_twice},
    "a gap at another size": {"/gaps": with_last(n_distractors=999)},
    "a smaller gap": {"/gaps/0/value": times(0.1)},
    "a narrower gap": {"/gaps/0/low": times(0.5)},
    "a gap of another level": {"/gaps/0/level": 0.5},
    "a gap by another method": {"/gaps/0/method": "bootstrap"},
    "no false accepts": {"/false_accepts": REMOVED},
    "a block of false accepts less": {"/false_accepts": without_last},
    "false accepts at another size": {"/false_accepts": with_last(n_distractors=999)},
    "fewer errors": {"/false_accepts/0/equal_error_rate/value": 0.0},
    "fewer errors at most": {"/false_accepts/0/equal_error_rate/high": times(0.5)},
    "more databases of false accepts": {"/false_accepts/0/databases": 100},
    "false accepts of another level": {"/false_accepts/0/level": 0.5},
    "false accepts by another method": {"/false_accepts/0/method": "bootstrap"},
    "decisions without a curve": {"/false_accepts/0/det": REMOVED},
    "decisions as older results have them, at a share that is refused": {
        "/false_accepts/0/det": REMOVED,
        "/false_accepts/0/refused": REMOVED,
        "/false_accepts/0/absent": REMOVED,
        "/false_accepts/0/rejects": [
            {"false_accepts": 0.001, "false_rejects": {"value": 0.0, "low": 0.0, "high": 0.0}}
        ],
    },
    "no correction for few distractor tracks": {"/curves/0/points/0/corrected": REMOVED},
    "a better corrected rate": {"/curves/0/points/0/corrected/value": 1.0},
    "distractors of more tracks": {"/curves/0/distractor_tracks": 5_000},
    "distractors of more tracks, in all curves": {
        f"/curves/{place}/distractor_tracks": 5_000 for place in (*range(6), *range(12, 18))
    },
    "no tails": {"/tails": REMOVED},
    "a tail of another index": {"/tails": with_last(index="ivf")},
    "a tail twice": {"/tails": last_twice},
    "more replicates": {"/tails/0/replicates": 1000},
    "more searched distractors": {"/tails/0/searched": 10**7},
    "a check less": {"/tails/0/checks": without_last},
    "a check that agrees": {"/tails/0/checks/0/simulated": 1.0},
    "a check that searched less": {"/tails/0/checks/0/searched": 0.0},
    "a check without error": {"/tails/0/checks/0/error": 0.0},
    "a check at another size": {"/tails/0/checks/0/n_distractors": 100},
    "another size at half": {"/tails/0/half_sizes/0/size": 10**8},
    "a half size less": {"/tails/0/half_sizes": without_last},
    # Evidence.
    "no evidence": {"/evidence": []},
    "an evidence file less": {"/evidence": without_last},
    "an evidence file twice": {"/evidence": last_twice},
    "evidence of another run": {"/evidence": with_last(file="x.ivf.synthetic.npz")},
    "evidence of another index": {"/evidence/0/file": "r.hnsw.real.npz"},
    "evidence with another hash": {"/evidence/0/sha256": SHA},
    "evidence of other distractors": {
        "/evidence/0/file": "r.exact.synthetic.npz",
        "/evidence/1/file": "r.exact.real.npz",
    },
}


POSSIBLE: Mapping[str, Lie] = {
    "another distribution": {"/fingerprinter/distribution": "fpbench-mine"},
    "other code": {"/fingerprinter/source_sha256": SHA},
    "another rate": {"/fingerprinter/sample_rate_hz": 44_100},
    "longer segments": {"/fingerprinter/segment_s": 1.1},
    "fewer dimensions": {"/fingerprinter/dim": 8},
    "a newer Python": {"/environment/python": "4.0"},
    "another command": {"/command": "fpbench run --better"},
    "other recordings": {"/data/content": "0" * 32},
    "a recording that was skipped": {"/data/skipped": [{"track": "x", "reason": "y"}]},
    "a reference without silence": {"/data/reference_silent_hours": 0.001},
    "distractors without silence": {"/data/distractor_silent_hours": 0.001},
    "a division": {"/data/division": "by hand"},
    "recordings without a match": {"/queries/without_match": 5},
    "other parameters": {"/generator/parameters": {"steps": 8}},
    "other weights": {"/generator/weights_sha256": SHA},
    "a reason": {"/generator/reason": "it is quicker"},
    "fitted to other rows": {"/generator/fitted_to/fingerprints_sha256": SHA},
    "more particles": {"/tails/0/particles": 10_000},
    "more moves": {"/tails/0/moves": 100},
    "another share": {"/tails/0/keep": 0.5},
    "fewer decoded fingerprints": {"/tails/0/decoded": 1},
    "fewer levels": {"/tails/0/levels": 1},
    "another acceptance": {"/tails/0/accepted": 0.5},
}
"""Lies that nothing in a result contradicts. leaderboard/README.md tells them."""


def apply(lie: Lie, document: dict[str, Any]) -> None:
    """Change a document in place."""
    for pointer, value in lie.items():
        _set(document, pointer.split("/")[1:], value)


def _set(part: Any, path: list[str], value: Any) -> None:
    key, *rest = path
    keys: list[Any]
    if isinstance(part, list):
        keys = list(range(len(part))) if key == "*" else [int(key)]
    else:
        keys = [key]
    for each in keys:
        if rest:
            _set(part[each], rest, value)
        elif value is REMOVED:
            part.pop(each, None)
        else:
            part[each] = value(part[each]) if callable(value) else value
