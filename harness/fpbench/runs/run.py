"""Carry out a run: fingerprint, fit, search, and write one result."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from logging import getLogger
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.false_accepts import measure_false_accepts
from fpbench.evidence.files import evidence_name, fit_evidence_name, write_evidence
from fpbench.evidence.hit_rates import CurveLabels, hit_rate_curves
from fpbench.evidence.kept_curves import keep_curves
from fpbench.files import atomic_path, make_folder, refuse_unwritable, remove_stale
from fpbench.folder_names import change_texts, record_setting, without_folders
from fpbench.generators.fidelity_limits import find_deviation, find_marginal_alarm
from fpbench.hashing import file_sha256
from fpbench.progress import Stage
from fpbench.results.data import DataInfo, TaskInfo
from fpbench.results.decisions import FalseAccepts
from fpbench.results.document import ESTIMATOR, FORMAT, Curve, EvidenceInfo, Result
from fpbench.results.environment import describe_machine, environment
from fpbench.results.extrapolations import ExtrapolationInfo
from fpbench.results.fidelity import Fidelity
from fpbench.results.fields import DistractorKind
from fpbench.results.files import checked_text
from fpbench.results.harness import describe_harness
from fpbench.results.indexes import IndexInfo
from fpbench.review.curves_figure import plot_curves
from fpbench.review.det_figure import has_det, plot_det
from fpbench.runs.audio_warnings import warn_of_silence
from fpbench.runs.beyond import is_exact, is_simulated
from fpbench.runs.costs import RunCosts
from fpbench.runs.databases import list_databases
from fpbench.runs.extrapolated import extrapolate_beyond
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.paired_searches import measure_gaps, measure_index_losses
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.prepared_fits import prepare_fit
from fpbench.runs.ready_made import VectorSource
from fpbench.runs.searches import (
    SearchOutcome,
    list_tolerances,
    prepare_fitting,
    search_database,
    search_fit,
    search_tasks,
    summarise_fits,
    with_tail,
)
from fpbench.runs.tasks import describe_task
from fpbench.search.inputs import Inputs
from fpbench.search.tasks import SHORTLIST, is_finished, training_size

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FinishedWork:
    """What of a run is in the cache.

    Args:
        fitted: Whether the generator exists.
        searches: Kind of distractors and name of the index of each finished search.
        simulated: Whether the simulation beyond the searched sizes is finished.
    """

    fitted: bool = False
    searches: frozenset[tuple[DistractorKind, str]] = frozenset()
    simulated: bool = False


def find_finished(prepared: PreparedRun, stage: Stage) -> FinishedWork:
    """Find out what is in the cache of a run whose fingerprints are all there; nothing is made.

    Raises:
        FpbenchError: As :func:`run_prepared`.
    """
    inputs = prepared.source.build_inputs(prepared.store, stage)
    first, *others = (
        _find_finished_fit(prepare_fit(prepared, fit), inputs, stage)
        for fit in range(1, prepared.config.fits + 1)
    )
    finished = {
        (kind, name)
        for kind, name in first.searches
        if kind == "real" or all((kind, name) in other.searches for other in others)
    }
    return FinishedWork(
        fitted=all(one.fitted for one in (first, *others)),
        searches=frozenset(finished),
        simulated=all(one.simulated for one in (first, *others)),
    )


def _find_finished_fit(prepared: PreparedRun, inputs: Inputs, stage: Stage) -> FinishedWork:
    fitting = prepare_fitting(prepared, inputs, stage)
    generator = fitting.generator() if fitting and fitting.is_fitted() else None
    tasks = [
        task
        for database in list_databases(prepared.config, inputs, generator)
        if database.kind in prepared.indexes
        for task in search_tasks(prepared, inputs, database)
    ]
    searches = {(task.database.kind, task.named.name) for task in tasks if is_finished(task)}
    config, tolerances = prepared.config, list_tolerances(prepared)
    if generator is None:
        return FinishedWork(searches=frozenset(searches))
    simulated = bool(config.beyond) and all(
        is_simulated(
            task, config, tolerances, generator=generator.generator, name=generator.info.name
        )
        for task in tasks
        if task.database.kind == "synthetic" and is_exact(task.named)
    )
    return FinishedWork(fitted=True, searches=frozenset(searches), simulated=simulated)


def run_prepared(
    prepared: PreparedRun, out: Path, command: str, stage: Stage, *, figure: Path | None = None
) -> Result:
    """Do the long work, and write the result, its evidence and its figure.

    If the process is killed, the same call resumes where it stopped, and writes the same bytes but
    for the costs in the result.

    Args:
        prepared: From :func:`prepare`.
        out: Path of the result; its evidence and figure get names from it.
        command: The command line, for the result.
        stage: Shows progress.
        figure: File of the figure, PNG, SVG or PDF by its suffix; None means a PNG beside ``out``.
            That of decisions by a threshold lies beside it. A figure that fails is a warning.

    Raises:
        FpbenchError: A plugin breaks a rule, or there are no real distractors although they are
            wanted.
    """
    costs = RunCosts(prepared)
    prepared, stage, config = costs.prepared, costs.watch(stage), prepared.config
    beside = out.with_suffix(".png")
    for path in (out, *_evidence_paths(prepared, out)):
        refuse_unwritable(path, "--out")
    refuse_unwritable(figure or beside, "--figure")
    for path in (out, figure or beside):
        make_folder(path.parent)
    inputs = prepared.source.build_inputs(prepared.store, stage)
    task = _describe_task(prepared, inputs)
    _warn_of_skipped(inputs.data)
    warn_of_silence(inputs.data)
    for warning in inputs.warnings:
        logger.warning(warning)
    generator, fidelity = _fit_generator(prepared, inputs, stage)
    outcomes = [
        one
        for database in list_databases(config, inputs, generator)
        for one in search_database(prepared, inputs, database, stage, costs)
    ]
    outcomes = [
        with_tail(prepared, inputs, generator, one, stage)
        if generator and one.database.kind == "synthetic"
        else one
        for one in outcomes
    ]
    # By index first, as in tables and figures.
    outcomes.sort(key=lambda one: config.indexes.index(one.named.name))
    fits = [search_fit(prepared, inputs, fit, stage, costs) for fit in range(2, config.fits + 1)]
    partial = config.distractors == "real" and max(config.sizes, default=0) > len(inputs.real)
    with costs.measure("statistics", "curves"):
        curves, extrapolations = _all_curves(prepared, inputs, outcomes)
        gaps = measure_gaps(prepared, outcomes)
        losses = measure_index_losses(prepared, outcomes)
        false_accepts = _false_accepts(prepared, outcomes)
    tails = [one.tail for one in outcomes if one.tail is not None]
    with ExitStack() as stack:
        # Left in the opposite order: evidence is replaced first, then the result that names it.
        new_result = stack.enter_context(atomic_path(out))
        evidence = [_write_evidence(one, out, stack) for one in outcomes]
        evidence += [
            _write_evidence(one, out, stack, number)
            for number, fit in enumerate(fits, start=2)
            for one in fit.outcomes
        ]
        result = Result(
            result_format=FORMAT,
            harness=describe_harness(),
            status="partial" if partial else "complete",
            fingerprinter=prepared.info,
            data=inputs.data,
            queries=inputs.query_info,
            generator=generator.info if generator else None,
            fidelity=fidelity,
            curves=curves,
            gaps=gaps or (),
            index_losses=losses or (),
            false_accepts=false_accepts or (),
            tails=tails or (),
            fits=summarise_fits(prepared, generator, outcomes, fits)
            if fits and generator
            else None,
            extrapolations=extrapolations or (),
            indexes=[_describe_index(prepared, inputs, one) for one in outcomes],
            evidence=evidence,
            environment=environment(config.device),
            machine=describe_machine(config.device),
            config=config.recorded(),
            command=command,
            check=prepared.check,
            task=task,
            estimator=ESTIMATOR,
            costs=costs.describe(inputs, generator, tails),
        )
        result = leave_folders_out(result, prepared)
        new_result.write_text(checked_text(result, out), encoding="utf-8")
        drawn = (figure or beside, det_figure_path(figure or beside))
        remove_stale(beside, det_figure_path(beside), *drawn, out)
    try:
        plot_curves([result], drawn[0])
        if has_det(result):
            plot_det([result], drawn[1])
    except FpbenchError as err:  # such as a disk that is full by now: the result is worth more
        logger.warning("there is no figure: %s", err.message)
    return result


def det_figure_path(figure: Path) -> Path:
    """The figure of decisions by a threshold, beside the figure of curves."""
    return figure.with_name(f"{figure.stem}.det{figure.suffix}")


def _describe_task(prepared: PreparedRun, inputs: Inputs) -> TaskInfo | None:
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


def _warn_of_skipped(data: DataInfo) -> None:
    if data.skipped:
        first = data.skipped[0]
        logger.warning(
            "skipped %d recordings; the first is %s: %s; the result lists all of them",
            len(data.skipped),
            first.track,
            first.reason,
        )


def _fit_generator(
    prepared: PreparedRun, inputs: Inputs, stage: Stage
) -> tuple[FittedGenerator | None, Fidelity | None]:
    """The generator and its fidelity; None for a run without synthetic distractors."""
    fitting = prepare_fitting(prepared, inputs, stage)
    if fitting is None:
        return None, None
    generator = fitting.generator()
    fidelity = fitting.fidelity(generator)
    deviation = find_deviation(fidelity, generator.info.name)
    if deviation is not None:
        logger.warning(
            "generator '%s' is unlike real fingerprints: %s; `fpbench validate` refuses the result",
            generator.info.name,
            deviation,
        )
    alarm = find_marginal_alarm(fidelity, generator.info.name)
    if alarm is not None:
        logger.warning("generator '%s' has other marginals: %s", generator.info.name, alarm)
    return generator, fidelity


def _evidence_paths(prepared: PreparedRun, out: Path) -> list[Path]:
    return [
        _evidence_path(out, named.name, kind, fit)
        for kind, indexes in prepared.indexes.items()
        for named in indexes
        for fit in range(1, 1 + (prepared.config.fits if kind == "synthetic" else 1))
    ]


def _evidence_path(out: Path, index: str, kind: DistractorKind, fit: int) -> Path:
    name = record_setting(index).text  # as in the result's curves, which name no folders
    if fit > 1:
        return out.with_name(fit_evidence_name(out.stem, name, fit))
    return out.with_name(evidence_name(out.stem, name, kind))


def _write_evidence(
    outcome: SearchOutcome, out: Path, stack: ExitStack, fit: int = 1
) -> EvidenceInfo:
    """Write evidence that appears under its name when the stack is left."""
    path = _evidence_path(out, outcome.named.name, outcome.database.kind, fit)
    new = stack.enter_context(atomic_path(path))
    write_evidence(new, outcome.evidence)
    return EvidenceInfo(file=path.name, sha256=file_sha256(new))


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
        requested=prepared.config.index_options.get(name, {}),
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
