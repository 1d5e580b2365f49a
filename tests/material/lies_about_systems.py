"""Lies about who was measured."""

from collections.abc import Mapping

from lie_edits import ALL_POINTS, REMOVED, SHA, Lie, times

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
}
