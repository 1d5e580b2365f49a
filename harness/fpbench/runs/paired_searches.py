"""Differences between the searches of one run: of kinds of distractors, and of indexes."""

from collections.abc import Sequence

from fpbench.evidence.gaps import SearchedSizes, hit_rate_gaps
from fpbench.evidence.index_losses import EXACT, index_losses
from fpbench.results.document import Gap
from fpbench.results.index_losses import IndexLoss
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.searches import SearchOutcome, list_tolerances


def measure_gaps(prepared: PreparedRun, outcomes: Sequence[SearchOutcome]) -> list[Gap]:
    """The gaps between the synthetic and the real curves of each index."""
    sides = {
        (one.named.name, one.database.kind): SearchedSizes(one.evidence, one.database.sizes)
        for one in outcomes
    }
    return [
        gap
        for index in prepared.config.indexes
        if (index, "real") in sides and (index, "synthetic") in sides
        for tolerance_s in list_tolerances(prepared)
        for gap in hit_rate_gaps(
            sides[index, "real"],
            sides[index, "synthetic"],
            index=index,
            tolerance_s=tolerance_s,
            seed=prepared.config.seed,
        )
    ]


def measure_index_losses(
    prepared: PreparedRun, outcomes: Sequence[SearchOutcome]
) -> list[IndexLoss]:
    """What each index loses against exact search of the same fingerprints, if the run has it."""
    exact = {
        one.database.kind: SearchedSizes(one.evidence, one.database.sizes or (0,))
        for one in outcomes
        if one.named.name == EXACT
    }
    return [
        loss
        for one in outcomes
        if one.named.name != EXACT and one.database.kind in exact
        for tolerance_s in list_tolerances(prepared)
        for loss in index_losses(
            exact[one.database.kind],
            SearchedSizes(one.evidence, one.database.sizes or (0,)),
            index=one.named.name,
            distractors=one.database.kind,
            tolerance_s=tolerance_s,
        )
    ]
