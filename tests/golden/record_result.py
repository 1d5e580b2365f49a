"""Records result_1_0.json: a result file of format 1.0 that must load for ever.

result_v1.json is of the format before, and nothing writes that any more.

python tests/golden/record_result.py
"""

from pathlib import Path

from fpbench.results.config import RecordedRecipe
from fpbench.results.data import DataInfo, QueryInfo, Skipped
from fpbench.results.document import (
    ESTIMATOR,
    FORMAT,
    Curve,
    EvidenceInfo,
    Interval,
    Point,
    Result,
)
from fpbench.results.fidelity import Fidelity
from fpbench.results.files import write_result
from fpbench.results.harness import HarnessInfo
from fpbench.results.indexes import IndexInfo
from fpbench.results.provenance import Provenance
from fpbench.results.systems import FingerprinterInfo, GeneratorInfo

RECIPE = RecordedRecipe(
    n_queries=100,
    query_length_s=1.0,
    grid_s=0.5,
    max_offset_s=0.25,
    sample_rate_hz=16_000,
    degradations=[{"name": "noise", "min_snr_db": "0"}],
)

RESULT = Result(
    result_format=FORMAT,
    harness=HarnessInfo(version="0.1.0", revision="5" * 40, dirty=False),
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
        bytes_per_hour=3_686_400.0,
        weights_licence="MIT",
        training_data="none",
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
    queries=QueryInfo(n=100, tracks=10, length_s=1.0, recipe=RECIPE),
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
    indexes=[
        IndexInfo(
            name="exact",
            distractors="synthetic",
            requested={},
            effective={"similarity": "inner product", "shortlist": 20},
            trained_on=0,
        )
    ],
    evidence=[EvidenceInfo(file="result.exact.synthetic.npz", sha256="4" * 64)],
    environment={"python": "3.11.7", "torch": "2.13.0"},
    config={"seed": 0, "sizes": [10_000], "recipe": RECIPE},
    command="fpbench run --dataset folder:music",
    estimator=ESTIMATOR,
    provenance=Provenance(
        submitter="ann", relation="author", supersedes=["6" * 64], notes="the first one"
    ),
    extra={"laboratory": {"room": 7, "seats": [1, 2.5, None, True]}},
)

if __name__ == "__main__":
    write_result(RESULT, Path(__file__).with_name("result_1_0.json"))
