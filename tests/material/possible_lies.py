"""Lies that nothing in a result contradicts."""

from collections.abc import Mapping

from lie_edits import REMOVED, SHA, Lie

POSSIBLE: Mapping[str, Lie] = {
    "another distribution": {"/fingerprinter/distribution": "fpbench-mine"},
    "other code": {"/fingerprinter/source_sha256": SHA},
    "another rate": {"/fingerprinter/sample_rate_hz": 44_100},
    "longer segments": {"/fingerprinter/segment_s": 1.1},
    "fewer dimensions": {"/fingerprinter/dim": 8, "/fingerprinter/bytes_per_hour": 8 * 4 * 7200},
    "a free licence": {"/fingerprinter/weights_licence": "CC0"},
    "less to train on": {"/fingerprinter/training_data": "none"},
    "another checkout": {"/harness/revision": SHA[:40], "/harness/dirty": False},
    "another submitter": {
        "/provenance": {"submitter": "somebody", "relation": "independent", "notes": "best"}
    },
    "something extra": {"/extra": {"rank": 1}},
    "more rows to train an index on": {"/indexes/2/trained_on": 10**6},
    "another parameter of an index": {
        "/indexes/0/effective/scores": "int8",
        "/indexes/1/effective/scores": "int8",
    },
    "a newer Python": {"/environment/python": "4.0"},
    "another processor": {"/machine/cpu": "a faster one"},
    "another command": {"/command": "fpbench run --better"},
    "other recordings": {"/data/content": "0" * 32},
    "a recording that was skipped": {"/data/skipped": [{"track": "x", "reason": "y"}]},
    "more that were skipped": {"/data/skipped_left_out": 5},
    "a run that cost nothing": {"/costs": REMOVED},
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
"""leaderboard/README.md tells them."""
