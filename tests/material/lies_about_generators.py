"""Lies about synthetic distractors, gaps, decisions, simulations and evidence."""

from collections.abc import Mapping

from lie_edits import REMOVED, SHA, Lie, last_twice, times, with_last, without_last

LIES: Mapping[str, Lie] = {
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
