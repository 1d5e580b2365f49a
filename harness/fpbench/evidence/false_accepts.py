"""False accepts: what a system answers to queries whose track is not in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fpbench.evidence.accept_shares import AcceptShares
from fpbench.evidence.decisions import Decisions, Parts, Scores
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.intervals import LEVEL
from fpbench.evidence.measured_rates import Measured, measure_rates, simulate_rates
from fpbench.evidence.simulated_decisions import DecisionTail
from fpbench.results.decisions import AbsentDecisions, FalseAccepts
from fpbench.results.fields import DistractorKind, Found

OVER_TRACKS = "delete-a-group jackknife over tracks"
OVER_GROUPS = "delete-a-group jackknife over groups"

_USUAL_SHARE = 0.01  # stands in results without false accepts at the smallest size's threshold


def measure_false_accepts(
    evidence: Evidence,
    sizes: Sequence[int],
    tolerance_s: float | None,
    *,
    index: str,
    distractors: DistractorKind,
    beyond: Sequence[int] = (),
) -> list[FalseAccepts]:
    """Equal error rate, false rejects and false accepts at every size.

    Intervals leave out one group of tracks at a time, or one track where groups are unknown, and
    set each threshold anew.

    Args:
        evidence: Of one search; older evidence, without scores of other tracks, gives nothing.
        sizes: Searched numbers of distractors, ascending.
        tolerance_s: Tolerance of a match.
        index: Name of the index.
        distractors: Kind of distractors.
        beyond: Larger numbers of distractors, which are simulated from the tail of the evidence, if
            it has thresholds. The largest searched size is then simulated, too, for comparison.

    Returns:
        Searched sizes first. A size is missing where the tail does not know the thresholds.
    """
    if evidence.foreign_score is None:
        return []
    parts = Parts.of_evidence(evidence)
    scores = {size: Scores.of_evidence(evidence, size, tolerance_s) for size in sizes}
    searched = [Decisions.of(one, parts) for one in scores.values()]
    smallest = searched[0]
    smallest_share = AcceptShares.of(smallest, parts.groups).smallest
    found: list[tuple[int, int, Found, Measured | None]] = []
    of_absent = _AbsentMeasures.of(evidence, scores, parts)
    for size, here in zip(sizes, searched, strict=True):
        searched_rates = measure_rates(here, smallest, smallest_share, parts.groups)
        found.append((size, here.databases, "searched", searched_rates))
    tail = evidence.tail
    if tail is not None and tail.thresholds is not None and tail.has(tolerance_s):
        decision_tail = DecisionTail(evidence=evidence, tolerance_s=tolerance_s, parts=parts)
        for size in (sizes[-1], *beyond):
            simulated_rates = simulate_rates(decision_tail, size, smallest, smallest_share)
            found.append((size, 1, "simulated", simulated_rates))
    return [
        FalseAccepts(
            distractors=distractors,
            index=index,
            tolerance_s=tolerance_s,
            n_distractors=size,
            databases=databases,
            equal_error_rate=measured.equal_error_rate,
            rejects=measured.rejects,
            accepts_at_smallest=measured.accepts_at_smallest,
            level=LEVEL,
            method=OVER_TRACKS if evidence.query_group is None else OVER_GROUPS,
            found=how,
            smallest_share=smallest_share or _USUAL_SHARE,
            refused=measured.shares.refused,
            det=measured.det,
            absent=of_absent.measure(size, how, tolerance_s) if of_absent else None,
        )
        for size, databases, how, measured in found
        if measured is not None
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _AbsentMeasures:
    """Measures the rates where absent queries are the only impostors."""

    evidence: Evidence
    absent: Evidence
    searched: Mapping[int, Decisions]
    parts: Parts

    @classmethod
    def of(
        cls, evidence: Evidence, scores: Mapping[int, Scores], parts: Parts
    ) -> "_AbsentMeasures | None":
        """None if there are no absent queries."""
        if evidence.absent is None:
            return None
        parts = parts.absent
        searched = {size: Decisions.of(one.absent, parts) for size, one in scores.items()}
        return cls(evidence=evidence, absent=evidence.absent, searched=searched, parts=parts)

    def measure(self, size: int, found: Found, tolerance_s: float | None) -> AbsentDecisions | None:
        """The rates at one size; None where they are unknown."""
        smallest, groups = next(iter(self.searched.values())), self.parts.groups
        share = AcceptShares.of(smallest, groups).smallest
        if found == "searched":
            measured: Measured | None = measure_rates(self.searched[size], smallest, share, groups)
        else:
            tail = DecisionTail(
                evidence=self.evidence,
                tolerance_s=tolerance_s,
                parts=self.parts,
                absent_only=True,
            )
            measured = simulate_rates(tail, size, smallest, share)
        if measured is None:
            return None
        return AbsentDecisions(
            queries=len(self.absent.query_track),
            recordings=len(np.unique(self.absent.clusters)),
            equal_error_rate=measured.equal_error_rate,
            rejects=measured.rejects,
            accepts_at_smallest=measured.accepts_at_smallest,
            smallest_share=share or _USUAL_SHARE,
            refused=measured.shares.refused,
        )
