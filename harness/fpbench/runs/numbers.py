"""The numbers of a run, from the evidence of its searches."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.false_accepts import measure_false_accepts
from fpbench.evidence.hit_rates import CurveLabels, hit_rate_curves
from fpbench.evidence.kept_curves import keep_curves
from fpbench.plugin.index_names import requested_options
from fpbench.results.decisions import FalseAccepts
from fpbench.results.document import Curve, Gap
from fpbench.results.extrapolations import ExtrapolationInfo
from fpbench.results.fits import GeneratorFits
from fpbench.results.index_losses import IndexLoss
from fpbench.results.indexes import IndexInfo
from fpbench.results.lengths import with_length
from fpbench.results.tails import TailInfo
from fpbench.runs.beyond import is_exact
from fpbench.runs.extrapolation import extrapolate_beyond
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.paired_searches import measure_gaps, measure_index_losses
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.searches import (
    FurtherFit,
    SearchOutcome,
    list_tolerances,
    search_tasks,
    summarise_fits,
)
from fpbench.search.inputs import Inputs
from fpbench.search.tasks import SHORTLIST, training_size


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthFindings:
    """The searches for queries of one length.

    Args:
        inputs: What was searched.
        length_s: Length of the queries; None for the longest of the run.
        outcomes: Of each search, those of the first fit of the generator.
        fits: Further fits.
    """

    inputs: Inputs
    length_s: float | None
    outcomes: Sequence[SearchOutcome]
    fits: Sequence[FurtherFit]

    @property
    def by_fit(self) -> list[Sequence[SearchOutcome]]:
        """The outcomes of each fit; those of real distractors are with the first."""
        return [self.outcomes, *(fit.outcomes for fit in self.fits)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What follows from the evidence, with the indexes that searched."""

    curves: Sequence[Curve]
    indexes: Sequence[IndexInfo]
    extrapolations: Sequence[ExtrapolationInfo]
    tails: Sequence[TailInfo]
    gaps: Sequence[Gap]
    index_losses: Sequence[IndexLoss]
    false_accepts: Sequence[FalseAccepts]
    fits: GeneratorFits | None


def compute_numbers(
    prepared: PreparedRun, findings: LengthFindings, generator: FittedGenerator | None
) -> Numbers:
    """All rates of queries of one length, with their intervals."""
    inputs, outcomes = findings.inputs, findings.outcomes
    curves, extrapolations = _all_curves(prepared, inputs, outcomes)
    fits = None
    if findings.fits and generator:
        fits = summarise_fits(prepared, generator, outcomes, findings.fits)
    return Numbers(
        curves=curves,
        indexes=[_describe_index(prepared, inputs, one) for one in outcomes],
        extrapolations=extrapolations,
        tails=[one.tail for one in outcomes if one.tail is not None],
        gaps=measure_gaps(prepared, outcomes),
        index_losses=measure_index_losses(prepared, outcomes),
        false_accepts=_false_accepts(prepared, outcomes),
        fits=fits,
    )


def join_numbers(of_lengths: Sequence[tuple[float | None, Numbers]]) -> Numbers:
    """The numbers of all lengths, in their order.

    Args:
        of_lengths: The length and its numbers; None for the longest, which the result's blocks do
            not name.
    """

    def join(name: str) -> list[Any]:
        return [
            replace(block, query_length_s=length_s)
            for length_s, numbers in of_lengths
            for block in getattr(numbers, name)
        ]

    fits = [(length_s, numbers.fits) for length_s, numbers in of_lengths if numbers.fits]
    rates = [rate for length_s, one in fits for rate in with_length(one.rates, length_s)]
    return Numbers(
        curves=list(chain.from_iterable(numbers.curves for _, numbers in of_lengths)),
        indexes=join("indexes"),
        extrapolations=join("extrapolations"),
        tails=join("tails"),
        gaps=join("gaps"),
        index_losses=join("index_losses"),
        false_accepts=join("false_accepts"),
        fits=replace(fits[0][1], rates=rates) if fits else None,
    )


def _all_curves(
    prepared: PreparedRun, inputs: Inputs, outcomes: Sequence[SearchOutcome]
) -> tuple[list[Curve], list[ExtrapolationInfo]]:
    """The curves of all searches; those that were not simulated are extrapolated."""
    curves: list[Curve] = []
    extrapolations: list[ExtrapolationInfo] = []
    for one in outcomes:
        own = _curves(prepared, inputs, one)
        if one.tail is None:
            own, found = extrapolate_beyond(
                one.named,
                one.database,
                one.evidence,
                own,
                inputs=inputs,
                config=prepared.config,
                exact=is_exact(one.named),
            )
            extrapolations += found
        curves += own
    return curves, extrapolations


def _describe_index(prepared: PreparedRun, inputs: Inputs, outcome: SearchOutcome) -> IndexInfo:
    name = outcome.named.name
    (task,) = (
        one for one in search_tasks(prepared, inputs, outcome.database) if one.named.name == name
    )
    return IndexInfo(
        name=name,
        distractors=outcome.database.kind,
        requested=requested_options(prepared.config.index_options, name),
        effective={**outcome.named.parameters, "shortlist": SHORTLIST},
        trained_on=training_size(task),
    )


def _curves(prepared: PreparedRun, inputs: Inputs, outcome: SearchOutcome) -> Sequence[Curve]:
    """Curves within the tolerance and, if the dataset has tracks, anywhere in the right track."""
    config = prepared.config
    labels = CurveLabels(
        distractors=outcome.database.kind,
        index=outcome.named.name,
        tolerance_s=config.tolerance_s,
        query_length_s=inputs.query_info.length_s,
        n_reference=len(inputs.reference),
        hop_s=inputs.hop_s,
        seed=config.seed,
    )
    curves: list[Curve] = []
    for tolerance_s in list_tolerances(prepared):
        within = replace(labels, tolerance_s=tolerance_s)
        curves += hit_rate_curves(outcome.evidence, outcome.sizes(config.beyond), within)
    return curves


def _false_accepts(prepared: PreparedRun, outcomes: Sequence[SearchOutcome]) -> list[FalseAccepts]:
    measured = [
        measured
        for one in outcomes
        if isinstance(one.evidence, Evidence)
        for tolerance_s in list_tolerances(prepared)
        for measured in measure_false_accepts(
            one.evidence,
            one.database.sizes or (0,),
            tolerance_s,
            index=one.named.name,
            distractors=one.database.kind,
            beyond=prepared.config.beyond if one.tail else (),
        )
    ]
    return keep_curves(measured)
