"""The result of a run, from what its searches found."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.false_accepts import measure_false_accepts
from fpbench.evidence.hit_rates import CurveLabels, hit_rate_curves
from fpbench.evidence.kept_curves import keep_curves
from fpbench.folder_names import change_texts, record_setting, without_folders
from fpbench.plugin.index_names import requested_options
from fpbench.results.costs import Costs
from fpbench.results.data import TaskInfo
from fpbench.results.decisions import FalseAccepts
from fpbench.results.document import ESTIMATOR, FORMAT, Curve, EvidenceInfo, Gap, Result
from fpbench.results.environment import describe_machine, environment
from fpbench.results.extrapolations import ExtrapolationInfo
from fpbench.results.fidelity import Fidelity
from fpbench.results.fits import GeneratorFits
from fpbench.results.harness import describe_harness
from fpbench.results.index_losses import IndexLoss
from fpbench.results.indexes import IndexInfo
from fpbench.results.tails import TailInfo
from fpbench.runs.beyond import is_exact
from fpbench.runs.extrapolated import extrapolate_beyond
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.paired_searches import measure_gaps, measure_index_losses
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.ready_made import VectorSource
from fpbench.runs.searches import (
    FurtherFit,
    SearchOutcome,
    list_tolerances,
    search_tasks,
    summarise_fits,
)
from fpbench.runs.tasks import describe_task
from fpbench.search.inputs import Inputs
from fpbench.search.tasks import SHORTLIST, training_size


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run made and found: the generator, and the evidence of all searches.

    Args:
        generator: None for a run without synthetic distractors.
        fidelity: How like real fingerprints its draws are.
        outcomes: Of each search, those of the first fit of the generator.
        fits: Further fits.
    """

    generator: FittedGenerator | None
    fidelity: Fidelity | None
    outcomes: Sequence[SearchOutcome]
    fits: Sequence[FurtherFit]

    @property
    def by_fit(self) -> list[Sequence[SearchOutcome]]:
        """The outcomes of each fit; those of real distractors are with the first."""
        return [self.outcomes, *(fit.outcomes for fit in self.fits)]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What follows from the evidence."""

    curves: Sequence[Curve]
    extrapolations: Sequence[ExtrapolationInfo]
    tails: Sequence[TailInfo]
    gaps: Sequence[Gap]
    index_losses: Sequence[IndexLoss]
    false_accepts: Sequence[FalseAccepts]
    fits: GeneratorFits | None


def compute_numbers(prepared: PreparedRun, inputs: Inputs, findings: Findings) -> Numbers:
    """All rates of a run, with their intervals."""
    outcomes, generator = findings.outcomes, findings.generator
    curves, extrapolations = _all_curves(prepared, inputs, outcomes)
    fits = None
    if findings.fits and generator:
        fits = summarise_fits(prepared, generator, outcomes, findings.fits)
    return Numbers(
        curves=curves,
        extrapolations=extrapolations,
        tails=[one.tail for one in outcomes if one.tail is not None],
        gaps=measure_gaps(prepared, outcomes),
        index_losses=measure_index_losses(prepared, outcomes),
        false_accepts=_false_accepts(prepared, outcomes),
        fits=fits,
    )


def describe_run(
    prepared: PreparedRun,
    inputs: Inputs,
    findings: Findings,
    numbers: Numbers,
    *,
    evidence: Sequence[EvidenceInfo],
    task: TaskInfo | None,
    command: str,
    costs: Costs,
) -> Result:
    """The result, without names of the user's folders.

    Args:
        prepared: The run.
        inputs: Its fingerprints.
        findings: What it found.
        numbers: What follows from that.
        evidence: Files of the evidence.
        task: The task that it is a run of.
        command: The command line.
        costs: What it took.
    """
    config, generator = prepared.config, findings.generator
    ends_early = config.distractors == "real" and max(config.sizes, default=0) > len(inputs.real)
    result = Result(
        result_format=FORMAT,
        harness=describe_harness(),
        status="partial" if ends_early else "complete",
        fingerprinter=prepared.info,
        data=inputs.data,
        queries=inputs.query_info,
        generator=generator.info if generator else None,
        fidelity=findings.fidelity,
        curves=numbers.curves,
        gaps=numbers.gaps or (),
        index_losses=numbers.index_losses or (),
        false_accepts=numbers.false_accepts or (),
        tails=numbers.tails or (),
        fits=numbers.fits,
        extrapolations=numbers.extrapolations or (),
        indexes=[_describe_index(prepared, inputs, one) for one in findings.outcomes],
        evidence=evidence,
        environment=environment(config.device),
        machine=describe_machine(config.device),
        config=config.recorded(),
        command=command,
        check=prepared.check,
        task=task,
        estimator=ESTIMATOR,
        costs=costs,
    )
    return leave_folders_out(result, prepared)


def describe_task_of(prepared: PreparedRun, inputs: Inputs) -> TaskInfo | None:
    task = prepared.config.task
    if task is None:
        return None
    offer, _ = prepared.catalog.offer("task", task)
    expected = prepared.catalog.task(task)
    return describe_task(offer.entry.name, expected, inputs.data, inputs.query_info)


def leave_folders_out(result: Result, prepared: PreparedRun) -> Result:
    """The result without names of the user's folders, in whatever text they are."""
    source = prepared.source
    tracks = () if isinstance(source, VectorSource) else source.dataset.all_tracks()
    roots = {
        str(track.path).removesuffix(track.name)
        for track in tracks
        if track.path.is_absolute() and str(track.path).endswith(f"{os.sep}{track.name}")
    }
    cleaned: Result = change_texts(result, partial(without_folders, folders=roots - {os.sep}))
    skipped = [  # names below the dataset's folder are no messages
        replace(new, track=record_setting(old.track).text)
        for new, old in zip(cleaned.data.skipped, result.data.skipped, strict=True)
    ]
    return replace(cleaned, data=replace(cleaned.data, skipped=skipped))


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
