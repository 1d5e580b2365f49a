"""Carry out a run: fingerprint, fit, search, and write one result."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from logging import getLogger
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.evidence.files import evidence_name, fit_evidence_name, write_evidence
from fpbench.files import atomic_path, make_folder, refuse_unwritable, remove_stale
from fpbench.folder_names import record_setting
from fpbench.hashing import file_sha256
from fpbench.progress import Stage
from fpbench.results.data import DataInfo
from fpbench.results.document import EvidenceInfo, Result
from fpbench.results.fields import DistractorKind
from fpbench.results.files import checked_text
from fpbench.review.curves_figure import plot_curves
from fpbench.review.det_figure import has_det, plot_det
from fpbench.review.frontier_figure import has_frontier, plot_frontier
from fpbench.runs.audio_warnings import warn_of_silence
from fpbench.runs.costs.run_costs import RunCosts
from fpbench.runs.databases import list_databases
from fpbench.runs.description import Findings, describe_run, describe_task_of
from fpbench.runs.empty_indexes import runs_by_length
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.numbers import LengthFindings, compute_numbers, join_numbers
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.searches import (
    SearchOutcome,
    fit_again,
    fit_generator,
    search_database,
    search_fit,
    with_tail,
)
from fpbench.runs.shards.search_shards import Shards
from fpbench.runs.stage_titles import name_length
from fpbench.runs.workers.engines import LOCAL, EngineChoice
from fpbench.runs.workers.sent_tracks import with_track_workers
from fpbench.search.inputs import Inputs

logger = getLogger(__name__)


def run_prepared(
    prepared: PreparedRun,
    out: Path,
    command: str,
    stage: Stage,
    *,
    figure: Path | None = None,
    choice: EngineChoice = LOCAL,
) -> Result:
    """Do the long work, and write the result, its evidence and its figure.

    If the process is killed, the same call resumes where it stopped, and writes the same bytes but
    for the costs in the result. Blocks that shards have searched, in the folder of
    :func:`fpbench.runs.shards.search_shards.shard_folder`, are not searched again.

    Args:
        prepared: From :func:`prepare`.
        out: Path of the result; its evidence and figure get names from it.
        command: The command line, for the result.
        stage: Shows progress.
        figure: File of the figure, PNG, SVG or PDF by its suffix; None means a PNG beside ``out``.
            Those of decisions by a threshold and of several indexes lie beside it. A figure that
            fails is a warning.
        choice: Engines that search; results have the same bytes with all.

    Raises:
        FpbenchError: A plugin breaks a rule, or there are no real distractors although they are
            wanted.
    """
    costs = RunCosts(prepared)
    prepared = with_track_workers(costs.prepared, choice.workers, costs.add_workers)
    stage = costs.watch(stage)
    drawing = figure or out.with_suffix(".png")
    for path in (out, *_evidence_paths(prepared, out)):
        refuse_unwritable(path, "--out")
    refuse_unwritable(drawing, "--figure")
    for path in (out, drawing):
        make_folder(path.parent)
    shards = Shards.open(prepared, out)
    inputs = prepared.source.build_inputs(prepared.store, stage)
    task = describe_task_of(prepared, inputs)
    _warn_of_skipped(inputs.data)
    warn_of_silence(inputs.data)
    for warning in inputs.warnings:
        logger.warning(warning)
    findings = _search(prepared, inputs, stage, costs, shards=shards, choice=choice)
    prepared.store.refuse_changed_sources()
    with costs.measure("statistics", "curves"):
        numbers = join_numbers(
            [
                (one.length_s, compute_numbers(prepared, one, findings.generator))
                for one in findings.by_length
            ]
        )
    with ExitStack() as stack:
        # Left in the opposite order: evidence is replaced first, then the result that names it.
        new_result = stack.enter_context(atomic_path(out))
        evidence = [
            _write_evidence(one, _stem(out, of_length.length_s), stack, fit, of_length.length_s)
            for of_length in findings.by_length
            for fit, outcomes in enumerate(of_length.by_fit, start=1)
            for one in outcomes
        ]
        result = describe_run(
            prepared,
            inputs,
            findings,
            numbers,
            evidence=evidence,
            task=task,
            command=command,
            costs=costs.describe(inputs, findings.generator, numbers.tails),
        )
        new_result.write_text(checked_text(result, out), encoding="utf-8")
        figures = (drawing, out.with_suffix(".png"))
        beside = (*map(det_figure_path, figures), *map(frontier_figure_path, figures))
        remove_stale(*figures, *beside, out)
    _draw(result, drawing)
    return result


def _search(
    prepared: PreparedRun,
    inputs: Inputs,
    stage: Stage,
    costs: RunCosts,
    *,
    shards: Shards,
    choice: EngineChoice,
) -> Findings:
    """Fit the generator, search all databases, and simulate what lies beyond."""
    generator, fidelity = fit_generator(prepared, inputs, stage)
    shards.check(prepared, inputs, generator)
    others = [fit_again(prepared, inputs, fit, stage) for fit in range(2, prepared.config.fits + 1)]
    choice = replace(choice, folders=shards.folders)
    by_length = [
        _search_length(
            run,
            of_length,
            [generator, *others],
            name_length(stage, of_length.query_info.length_s) if inputs.shorter else stage,
            costs,
            choice=choice,
        )
        for run, of_length in runs_by_length(prepared, inputs)
    ]
    # The longest is that of the queries in the result, so that it need not be named.
    by_length[-1] = replace(by_length[-1], length_s=None)
    return Findings(generator=generator, fidelity=fidelity, by_length=by_length)


def _search_length(
    prepared: PreparedRun,
    inputs: Inputs,
    generators: Sequence[FittedGenerator | None],
    stage: Stage,
    costs: RunCosts,
    *,
    choice: EngineChoice,
) -> LengthFindings:
    """Search all databases with queries of one length, and simulate what lies beyond."""
    config, (generator, *others) = prepared.config, generators
    outcomes = [
        one
        for database in list_databases(config, inputs, generator)
        for one in search_database(
            prepared, inputs, database, stage, costs, generator=generator, choice=choice
        )
    ]
    outcomes = [
        with_tail(prepared, inputs, generator, one, stage)
        if generator and one.database.kind == "synthetic"
        else one
        for one in outcomes
    ]
    # By index first, as in tables and figures.
    outcomes.sort(key=lambda one: config.indexes.index(one.named.name))
    fits = [
        search_fit(prepared, inputs, fit, stage, costs, generator=other, choice=choice)
        for fit, other in enumerate(others, start=2)
        if other is not None
    ]
    return LengthFindings(
        inputs=inputs, length_s=inputs.query_info.length_s, outcomes=outcomes, fits=fits
    )


def _draw(result: Result, figure: Path) -> None:
    """Draw the figures; a result is worth more than they are."""
    try:
        plot_curves([result], figure)
        if has_det(result):
            plot_det([result], det_figure_path(figure))
        if has_frontier(result):
            plot_frontier(result, frontier_figure_path(figure))
    except FpbenchError as err:  # such as a disk that is full by now
        logger.warning("there is no figure: %s", err.message)


def det_figure_path(figure: Path) -> Path:
    """The figure of decisions by a threshold, beside the figure of curves."""
    return figure.with_name(f"{figure.stem}.det{figure.suffix}")


def frontier_figure_path(figure: Path) -> Path:
    """The figure of hit rate against time and size of the indexes, beside that of curves."""
    return figure.with_name(f"{figure.stem}.frontier{figure.suffix}")


def _warn_of_skipped(data: DataInfo) -> None:
    if data.skipped:
        first = data.skipped[0]
        logger.warning(
            "skipped %d recordings; the first is %s: %s; the result lists all of them",
            len(data.skipped),
            first.track,
            first.reason,
        )


def _evidence_paths(prepared: PreparedRun, out: Path) -> list[Path]:
    *shorter, _ = prepared.source.lengths
    stems = [*(_stem(out, length.length_s) for length in shorter), out]
    return [
        _evidence_path(stem, named.name, kind, fit)
        for stem in stems
        for kind, indexes in prepared.indexes.items()
        for named in indexes
        for fit in range(1, 1 + (prepared.config.fits if kind == "synthetic" else 1))
    ]


def _stem(out: Path, length_s: float | None) -> Path:
    """The path that evidence gets its name from: ``r.3s.json`` for queries of 3 s, not longest."""
    return out if length_s is None else out.with_name(f"{out.stem}.{length_s:g}s{out.suffix}")


def _evidence_path(out: Path, index: str, kind: DistractorKind, fit: int) -> Path:
    name = record_setting(index).text  # as in the result's curves, which name no folders
    if fit > 1:
        return out.with_name(fit_evidence_name(out.stem, name, fit))
    return out.with_name(evidence_name(out.stem, name, kind))


def _write_evidence(
    outcome: SearchOutcome, out: Path, stack: ExitStack, fit: int, length_s: float | None
) -> EvidenceInfo:
    """Write evidence that appears under its name when the stack is left."""
    path = _evidence_path(out, outcome.named.name, outcome.database.kind, fit)
    new = stack.enter_context(atomic_path(path))
    write_evidence(new, outcome.evidence)
    return EvidenceInfo(file=path.name, sha256=file_sha256(new), query_length_s=length_s)
