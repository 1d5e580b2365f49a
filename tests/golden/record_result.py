"""Records result_v1.json: a result file of schema version 1 that must load for ever.

python tests/golden/record_result.py
"""

from pathlib import Path

from fpbench.results.data import DataInfo, QueryInfo, Skipped
from fpbench.results.document import (
    SCHEMA_VERSION,
    Curve,
    EvidenceInfo,
    FingerprinterInfo,
    GeneratorInfo,
    Interval,
    Point,
    Result,
)
from fpbench.results.fidelity import Fidelity
from fpbench.results.files import write_result

RESULT = Result(
    status="complete",
    fingerprinter=FingerprinterInfo(
        name="spectral-sketch",
        distribution="fpbench-audio",
        version="0.1.0",
        source_sha256="1" * 64,
        weights_sha256=None,
        options={},
        device="cpu",
        dtype="float32",
        sample_rate_hz=8000,
        segment_s=1.0,
        hop_s=0.5,
        dim=128,
    ),
    data=DataInfo(
        name="folder:music",
        reference_tracks=10,
        reference_fingerprints=590,
        reference_hours=0.0833,
        distractor_tracks=20,
        distractor_fingerprints=1180,
        distractor_hours=0.1667,
        skipped=[Skipped(track="silence.wav", reason="silent")],
        content="2" * 32,
    ),
    queries=QueryInfo(n=100, tracks=10, length_s=1.0, recipe={"queries": 100}),
    generator=GeneratorInfo(
        name="gaussian",
        distribution="fpbench-audio",
        version="0.1.0",
        options={},
        parameters={"project": True},
        fitted_fingerprints=1180,
        weights_sha256="3" * 64,
    ),
    fidelity=Fidelity(hit_rate_gap=0.01),
    curves=[
        Curve(
            distractors="synthetic",
            index="exact",
            index_parameters={"metric": "inner product"},
            metric="hr@1",
            tolerance_s=0.25,
            query_length_s=1.0,
            points=[
                Point(
                    n_distractors=10_000,
                    n_reference=590,
                    hours=1.4708,
                    value=0.5,
                    std=0.02,
                    repeats=10,
                    n_queries=100,
                    ci=Interval(level=0.95, low=0.4, high=0.6, method="bootstrap over tracks"),
                )
            ],
        )
    ],
    evidence=[EvidenceInfo(file="result.exact.synthetic.npz", sha256="4" * 64)],
    environment={"python": "3.11.7", "torch": "2.13.0"},
    config={"seed": 0},
    command="fpbench run --dataset folder:music",
    schema_version=SCHEMA_VERSION,
)

if __name__ == "__main__":
    write_result(RESULT, Path(__file__).with_name("result_v1.json"))
