"""Carry out a run: fingerprint, fit, search, and write one result."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from logging import getLogger
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.false_accepts import measure_false_accepts
from fpbench.evidence.files import evidence_name, write_evidence
from fpbench.evidence.gaps import SearchedSizes, hit_rate_gaps
from fpbench.evidence.hit_rates import CurveLabels, hit_rate_curves
from fpbench.files import atomic_path, make_folder, refuse_unwritable, remove_stale
from fpbench.folder_names import change_texts, record_setting, without_folders
from fpbench.generators.fidelity_limits import find_deviation, find_marginal_alarm
from fpbench.hashing import file_sha256
from fpbench.progress import Stage
from fpbench.results.data import DataInfo, TaskInfo
from fpbench.results.decisions import FalseAccepts
from fpbench.results.document import ESTIMATOR, SCHEMA_VERSION, Curve, EvidenceInfo, Gap, Result
from fpbench.results.environment import environment
from fpbench.results.extrapolations import ExtrapolationInfo
from fpbench.results.fidelity import Fidelity
from fpbench.results.fields import DistractorKind
from fpbench.results.files import checked_text
from fpbench.results.tails import TailInfo
from fpbench.review.curves_figure import plot_curves
from fpbench.review.det_figure import has_det, plot_det
from fpbench.runs.audio_warnings import warn_of_silence
from fpbench.runs.beyond import has_noise, is_exact, is_simulated, simulate_beyond
from fpbench.runs.databases import list_databases
from fpbench.runs.extrapolated import extrapolate_beyond
from fpbench.runs.generator import FittedGenerator, GeneratorFitting, split_tracks
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.ready_made import VectorSource
from fpbench.runs.tasks import describe_task
from fpbench.search.inputs import Inputs
from fpbench.search.tasks import SHORTLIST, Database, NamedIndex, SearchTask, is_finished, search

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """One index, one database, and the evidence of their search.

    Args:
        tail: How the tail of its evidence was simulated; None if it was not.
    """

    named: NamedIndex
    database: Database
    evidence: Evidence | GrownEvidence
    tail: TailInfo | None = None

    def sizes(self, beyond: Sequence[int]) -> Sequence[int]:
        """Sizes of its curves, of which the last may be simulated."""
        return [*(self.database.sizes or (0,)), *(beyond if self.tail else ())]


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
    fitting = _prepare_fitting(prepared, inputs, stage)
    generator = fitting.generator() if fitting and fitting.is_fitted() else None
    databases = list_databases(prepared.config, inputs, generator)
    tasks = [task for database in databases for task in _search_tasks(prepared, inputs, database)]
    searches = {(task.database.kind, task.named.name) for task in tasks if is_finished(task)}
    config, tolerances = prepared.config, _tolerances(prepared)
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

    If the process is killed, the same call resumes where it stopped and writes the same bytes.

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
    config = prepared.config
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
    databases = list_databases(config, inputs, generator)
    outcomes = [one for database in databases for one in _search(prepared, inputs, database, stage)]
    outcomes = [
        _with_tail(prepared, inputs, generator, one, stage)
        if generator and one.database.kind == "synthetic"
        else one
        for one in outcomes
    ]
    # By index first, as in tables and figures.
    outcomes.sort(key=lambda one: config.indexes.index(one.named.name))
    partial = config.distractors == "real" and max(config.sizes, default=0) > len(inputs.real)
    curves, extrapolations = _all_curves(prepared, inputs, outcomes)
    gaps = _gaps(prepared, outcomes)
    with ExitStack() as stack:
        # Left in the opposite order: evidence is replaced first, then the result that names it.
        new_result = stack.enter_context(atomic_path(out))
        evidence = [_write_evidence(one, out, stack) for one in outcomes]
        result = Result(
            status="partial" if partial else "complete",
            fingerprinter=prepared.info,
            data=inputs.data,
            queries=inputs.query_info,
            generator=generator.info if generator else None,
            fidelity=fidelity,
            curves=curves,
            gaps=gaps or (),
            false_accepts=_false_accepts(prepared, outcomes) or (),
            tails=[one.tail for one in outcomes if one.tail is not None] or (),
            extrapolations=extrapolations or (),
            evidence=evidence,
            environment=environment(config.device),
            config=config.as_json(),
            command=command,
            schema_version=SCHEMA_VERSION,
            check=prepared.check,
            task=task,
            estimator=ESTIMATOR,
        )
        result = _without_folders(result, prepared)
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


def _without_folders(result: Result, prepared: PreparedRun) -> Result:
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
    fitting = _prepare_fitting(prepared, inputs, stage)
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


def _prepare_fitting(
    prepared: PreparedRun, inputs: Inputs, stage: Stage
) -> GeneratorFitting | None:
    """The fitting of the generator; None for a run without synthetic distractors."""
    if prepared.generator is None:
        return None
    return GeneratorFitting(
        config=prepared.config,
        catalog=prepared.catalog,
        store=prepared.store,
        named=prepared.generator,
        inputs=inputs,
        split=split_tracks(prepared.config, inputs),
        system=prepared.system,
        stage=stage,
    )


def _search(
    prepared: PreparedRun, inputs: Inputs, database: Database, stage: Stage
) -> list[SearchOutcome]:
    """Search one database with all indexes, so that every block is drawn once."""
    tasks = _search_tasks(prepared, inputs, database)
    evidence = search(tasks, stage)
    return [
        SearchOutcome(task.named, database, one) for task, one in zip(tasks, evidence, strict=True)
    ]


def _with_tail(
    prepared: PreparedRun,
    inputs: Inputs,
    generator: FittedGenerator,
    outcome: SearchOutcome,
    stage: Stage,
) -> SearchOutcome:
    """The outcome with a simulated tail, if the run goes beyond the searched sizes."""
    config = prepared.config
    if not (config.beyond and is_exact(outcome.named) and isinstance(outcome.evidence, Evidence)):
        return outcome
    if not has_noise(generator.generator):
        return outcome
    (task,) = (
        task
        for task in _search_tasks(prepared, inputs, outcome.database)
        if task.named is outcome.named
    )
    evidence, tail = simulate_beyond(
        task,
        outcome.evidence,
        config,
        _tolerances(prepared),
        generator=generator.generator,
        name=generator.info.name,
        stage=stage,
    )
    return replace(outcome, evidence=evidence, tail=tail)


def _search_tasks(prepared: PreparedRun, inputs: Inputs, database: Database) -> list[SearchTask]:
    return [
        SearchTask(
            named=named,
            inputs=inputs,
            database=database,
            store=prepared.store,
            device=prepared.config.device,
        )
        for named in prepared.indexes[database.kind]
    ]


def _evidence_paths(prepared: PreparedRun, out: Path) -> list[Path]:
    return [
        _evidence_path(out, named.name, kind)
        for kind, indexes in prepared.indexes.items()
        for named in indexes
    ]


def _evidence_path(out: Path, index: str, kind: DistractorKind) -> Path:
    # The index as in the result's curves, which name no folders.
    return out.with_name(evidence_name(out.stem, record_setting(index).text, kind))


def _write_evidence(outcome: SearchOutcome, out: Path, stack: ExitStack) -> EvidenceInfo:
    """Write evidence that appears under its name when the stack is left."""
    path = _evidence_path(out, outcome.named.name, outcome.database.kind)
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


def _curves(prepared: PreparedRun, inputs: Inputs, outcome: SearchOutcome) -> Sequence[Curve]:
    """Curves within the tolerance and, if the dataset has tracks, anywhere in the right track."""
    config = prepared.config
    labels = CurveLabels(
        distractors=outcome.database.kind,
        index=outcome.named.name,
        index_parameters={**outcome.named.parameters, "shortlist": SHORTLIST},
        tolerance_s=config.tolerance_s,
        query_length_s=inputs.query_info.length_s,
        n_reference=len(inputs.reference),
        hop_s=inputs.hop_s,
        seed=config.seed,
    )
    curves: list[Curve] = []
    for tolerance_s in _tolerances(prepared):
        within = replace(labels, tolerance_s=tolerance_s)
        curves += hit_rate_curves(outcome.evidence, outcome.sizes(config.beyond), within)
    return curves


def _gaps(prepared: PreparedRun, outcomes: Sequence[SearchOutcome]) -> list[Gap]:
    """The gaps between the synthetic and the real curves of each index."""
    sides = {
        (one.named.name, one.database.kind): SearchedSizes(one.evidence, one.database.sizes)
        for one in outcomes
    }
    return [
        gap
        for index in prepared.config.indexes
        if (index, "real") in sides and (index, "synthetic") in sides
        for tolerance_s in _tolerances(prepared)
        for gap in hit_rate_gaps(
            sides[index, "real"],
            sides[index, "synthetic"],
            index=index,
            tolerance_s=tolerance_s,
            seed=prepared.config.seed,
        )
    ]


def _false_accepts(prepared: PreparedRun, outcomes: Sequence[SearchOutcome]) -> list[FalseAccepts]:
    return [
        measured
        for one in outcomes
        if isinstance(one.evidence, Evidence)
        for tolerance_s in _tolerances(prepared)
        for measured in measure_false_accepts(
            one.evidence,
            one.database.sizes or (0,),
            tolerance_s,
            index=one.named.name,
            distractors=one.database.kind,
            beyond=prepared.config.beyond if one.tail else (),
        )
    ]


def _tolerances(prepared: PreparedRun) -> list[float | None]:
    # Ready-made fingerprints without tracks lie on one timeline.
    anywhere = (None,) if prepared.has_tracks else ()
    return list(dict.fromkeys((prepared.config.tolerance_s, *anywhere)))
