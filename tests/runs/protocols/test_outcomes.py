"""Outcomes of several databases become one evidence, repeats of one size included."""

import numpy as np

from fpbench.evidence.protocol_rates import ProtocolLabels, protocol_curves
from fpbench.runs.protocols.outcomes import Outcome, collect_outcomes
from fpbench.search.sequence_ranking import RankedStarts


def outcome(size: int, hits: list[bool]) -> Outcome:
    ranked = RankedStarts(
        starts=np.zeros((4, 1, 10), dtype=np.int64),
        scores=np.zeros((4, 1, 10), dtype=np.float32),
        candidates=np.ones((4, 1), dtype=np.int32),
    )
    return Outcome(
        size=size,
        truth=np.arange(4) + size,
        ranked=ranked,
        hits={("both", "top1_exact"): np.array(hits)[:, None]},
    )


def test_repeats_of_a_size_are_one_point_with_their_spread() -> None:
    evidence = collect_outcomes(
        [
            outcome(10, [True, True, True, True]),
            outcome(10, [True, False, False, True]),
            outcome(20, [False, False, False, True]),
        ],
        test_ids=np.arange(4),
        segments=[1],
        tracks=np.arange(4),
        groups=None,
    )
    assert evidence.sizes.tolist() == [10, 10, 20]
    labels = ProtocolLabels(
        distractors="real",
        index="l2",
        query_lengths_s=(1.0,),
        n_reference=4,
        hop_s=0.5,
        rules="right",
    )
    (curve,) = protocol_curves(evidence, labels)
    first, second = curve.points
    assert (first.n_distractors, first.value, first.repeats) == (10, 0.75, 2)
    assert first.std is not None
    assert abs(first.std - 0.5 / np.sqrt(2)) < 1e-9
    assert (second.n_distractors, second.value, second.std) == (20, 0.25, None)
