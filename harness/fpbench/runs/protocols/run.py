"""Carry out a run by an authors' protocol, and write its result."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from logging import getLogger
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fpbench.errors import FpbenchError
from fpbench.evidence.files import evidence_name
from fpbench.evidence.protocol_evidence import ProtocolEvidence, write_protocol_evidence
from fpbench.evidence.protocol_rates import ProtocolLabels, protocol_curves, protocol_rates
from fpbench.files import atomic_path, make_folder, refuse_unwritable
from fpbench.folder_names import record_setting
from fpbench.hashing import content_key, file_sha256, rows_digest
from fpbench.plugin.entries import Settings
from fpbench.plugin.index_names import requested_options
from fpbench.progress import Stage
from fpbench.results.data import QueryInfo
from fpbench.results.document import ESTIMATOR, FORMAT, EvidenceInfo, Result
from fpbench.results.environment import describe_machine, environment
from fpbench.results.fidelity import Fidelity
from fpbench.results.fields import DistractorKind
from fpbench.results.files import checked_text
from fpbench.results.harness import describe_harness
from fpbench.results.indexes import IndexInfo
from fpbench.results.protocols import ProtocolInfo
from fpbench.review.curves_figure import plot_curves
from fpbench.runs.costs.run_costs import RunCosts
from fpbench.runs.description import leave_folders_out
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.loaded_indexes import index_options, load_index
from fpbench.runs.prepare import PreparedRun, distractor_kinds
from fpbench.runs.protocols.aligned import plan_aligned
from fpbench.runs.protocols.definitions import Protocol, find_protocol
from fpbench.runs.protocols.distractors import (
    ProtocolDistractors,
    lacks_tracks,
    real_distractors,
    synthetic_distractors,
)
from fpbench.runs.protocols.evaluation import CreateIndex, Evaluation
from fpbench.runs.protocols.generator import fit_for_protocol
from fpbench.runs.protocols.nmfp import plan_nmfp
from fpbench.runs.protocols.outcomes import collect_outcomes
from fpbench.runs.protocols.paper import plan_paper
from fpbench.runs.protocols.peaknetfp import plan_peaknetfp
from fpbench.search.named_indexes import NamedIndex

logger = getLogger(__name__)

_PLANS: Mapping[str, Callable[[PreparedRun, Protocol, Stage], Evaluation]] = {
    "nafp": plan_aligned,
    "grafprint": plan_aligned,
    "nmfp": plan_nmfp,
    "paper": plan_paper,
    "peaknetfp": plan_peaknetfp,
}


def run_protocol(
    prepared: PreparedRun, out: Path, command: str, stage: Stage, *, figure: Path | None = None
) -> Result:
    """Evaluate as the authors' script does, and write the result, its evidence and its figure.

    Args:
        prepared: From :func:`fpbench.runs.prepare.prepare`, with a protocol in its config.
        out: Path of the result; its evidence and figure get names from it.
        command: The command line, for the result.
        stage: Shows progress.
        figure: File of the figure; None means a PNG beside ``out``.

    Raises:
        FpbenchError: The dataset does not have what the protocol needs, or a plugin breaks a rule.
    """
    costs = RunCosts(prepared)
    prepared, stage = costs.prepared, costs.watch(stage)
    figure = figure or out.with_suffix(".png")
    names = prepared.config.indexes
    evidence = [
        _evidence_path(out, name, kind)
        for name in names
        for kind in distractor_kinds(prepared.config)
    ]
    for path in (out, *evidence):
        refuse_unwritable(path, "--out")
    refuse_unwritable(figure, "--figure")
    for path in (out, figure):
        make_folder(path.parent)
    protocol = str(prepared.config.protocol)
    evaluation = _PLANS[protocol](prepared, find_protocol(protocol), stage)
    generator, fidelity = fit_for_protocol(prepared, evaluation, stage)
    warnings = _find_warnings(evaluation, generator)
    for warning in (*evaluation.inputs.warnings, *warnings):
        logger.warning(warning)
    searches = [
        _evaluate(prepared, evaluation, distractors, name, stage, costs=costs)
        for distractors in _list_distractors(prepared, evaluation, generator, costs)
        for name in names
    ]
    prepared.store.refuse_changed_sources()
    searches.sort(key=lambda one: names.index(one.index))  # by index first, as in other results
    found = _Found(searches, generator, fidelity, warnings)
    result = _write(prepared, evaluation, found, out, command=command, costs=costs)
    try:
        plot_curves([result], figure)
    except FpbenchError as err:  # such as a disk that is full by now: the result is worth more
        logger.warning("there is no figure: %s", err.message)
    return result


@dataclass(frozen=True, slots=True)
class _Search:
    """One index, the distractors that it searched, and what it found."""

    index: str
    distractors: ProtocolDistractors
    evidence: ProtocolEvidence


class _Found(NamedTuple):
    """What a run found: its searches, and the generator of their synthetic distractors."""

    searches: Sequence[_Search]
    generator: FittedGenerator | None
    fidelity: Fidelity | None
    warnings: Sequence[str]


def _list_distractors(
    prepared: PreparedRun,
    evaluation: Evaluation,
    generator: FittedGenerator | None,
    costs: RunCosts,
) -> list[ProtocolDistractors]:
    """Those of every kind that the run wants."""
    config, inputs, listed = prepared.config, evaluation.inputs, []
    if config.distractors != "synthetic":
        listed.append(real_distractors(config, inputs))
    if generator is not None:
        longest = evaluation.segments[-1]
        watch = costs.watch_drawing
        listed.append(synthetic_distractors(config, inputs, generator, watch, longest=longest))
    return listed


def _find_warnings(evaluation: Evaluation, generator: FittedGenerator | None) -> list[str]:
    """What a reader of the result should know of its numbers."""
    if generator is None or not lacks_tracks(generator, evaluation.segments[-1]):
        return []
    return [
        f"generator {generator.info.name} draws single, independent fingerprints, which flatter "
        "the rates of queries of several; --generator rectified-flow-tracks draws tracks"
    ]


def _evaluate(
    prepared: PreparedRun,
    evaluation: Evaluation,
    distractors: ProtocolDistractors,
    name: str,
    stage: Stage,
    *,
    costs: RunCosts,
) -> _Search:
    create = _index_creator(prepared, name)
    key = _search_key(prepared, evaluation, distractors, create())
    size = distractors.sizes[-1]
    watched = partial(costs.watch_index, size=size, rows=size + len(evaluation.inputs.reference))
    of = name if distractors.kind == "real" else f"{name}, {distractors.kind}"
    with costs.measure("statistics", f"starts, {of}"):  # and in it, training and searching
        outcomes = list(
            evaluation.evaluate(
                lambda: watched(create(), distractors.kind, key), distractors, stage
            )
        )
    evidence = collect_outcomes(
        outcomes,
        test_ids=evaluation.test_ids.rows,
        segments=evaluation.segments,
        tracks=evaluation.tracks,
        groups=evaluation.groups,
    )
    return _Search(name, distractors, evidence)


def _search_key(
    prepared: PreparedRun,
    evaluation: Evaluation,
    distractors: ProtocolDistractors,
    named: NamedIndex,
) -> str:
    """Identifies the searches with an index, for their costs."""
    return content_key(
        inputs=evaluation.inputs.key,
        protocol=prepared.config.protocol,
        settings=asdict(evaluation.settings),
        test_ids=evaluation.test_ids.digest,
        segments=list(evaluation.segments),
        distractors=distractors.key,
        sizes=list(distractors.sizes),
        index=named.name,
        parameters=dict(named.parameters),
    )


def _index_creator(prepared: PreparedRun, name: str) -> CreateIndex:
    """Makes empty indexes with the settings of the authors, which those of the run override."""
    config = prepared.config
    settings = Settings(device=config.device, seed=config.seed, cache_dir=prepared.store.root)
    options = index_options(config, name)
    return lambda: load_index(name, options, prepared.catalog, settings)


def _write(
    prepared: PreparedRun,
    evaluation: Evaluation,
    found: _Found,
    out: Path,
    *,
    command: str,
    costs: RunCosts,
) -> Result:
    config, inputs = prepared.config, evaluation.inputs
    protocol = find_protocol(str(config.protocol))
    curves, rates = [], []
    for one in found.searches:
        labels = _labels(prepared, evaluation, one)
        curves += protocol_curves(one.evidence, labels)
        rates += protocol_rates(one.evidence, labels)
    data = inputs.describe(evaluation.test_ids.rows)
    with ExitStack() as stack:
        # Left in the opposite order: evidence is replaced first, then the result that names it.
        new_result = stack.enter_context(atomic_path(out))
        files = []
        for one in found.searches:
            path = _evidence_path(out, one.index, one.distractors.kind)
            new = stack.enter_context(atomic_path(path))
            write_protocol_evidence(new, one.evidence)
            files.append(EvidenceInfo(file=path.name, sha256=file_sha256(new)))
        result = Result(
            result_format=FORMAT,
            harness=describe_harness(),
            status="complete",
            fingerprinter=prepared.info,
            data=data,
            queries=_describe_queries(
                evaluation, found.searches[0].evidence, config.query_lengths_s[-1]
            ),
            generator=found.generator.info if found.generator else None,
            fidelity=found.fidelity,
            curves=curves,
            indexes=[_describe_index(prepared, evaluation, one) for one in found.searches],
            evidence=files,
            environment=environment(config.device),
            machine=describe_machine(config.device),
            config=config.recorded(),
            command=command,
            check=prepared.check,
            estimator=ESTIMATOR,
            costs=costs.describe_protocol(
                data, inputs.key, len(inputs.query), inputs.hop_s, generator=found.generator
            ),
            protocol=ProtocolInfo(
                name=str(config.protocol),
                version=protocol.version,
                source=protocol.source,
                rules=config.rules,
                settings={
                    name: value
                    for name, value in asdict(evaluation.settings).items()
                    if value is not None
                },
                test_ids=evaluation.test_ids.choice,
                test_ids_sha256=evaluation.test_ids.digest,
                warnings=found.warnings,
                rates=rates,
            ),
        )
        result = leave_folders_out(result, prepared)
        new_result.write_text(checked_text(result, out), encoding="utf-8")
    return result


def _labels(prepared: PreparedRun, evaluation: Evaluation, search: _Search) -> ProtocolLabels:
    config = prepared.config
    return ProtocolLabels(
        distractors=search.distractors.kind,
        index=record_setting(search.index).text,
        query_lengths_s=config.query_lengths_s,
        n_reference=len(evaluation.inputs.reference),
        hop_s=evaluation.inputs.hop_s,
        rules=config.rules,
    )


def _describe_index(prepared: PreparedRun, evaluation: Evaluation, search: _Search) -> IndexInfo:
    named = _index_creator(prepared, search.index)()
    settings, distractors = evaluation.settings, search.distractors
    trained_on = min(distractors.sizes[-1], settings.max_train)
    if distractors.kind == "synthetic":
        trained_on = min(trained_on, named.index.training_rows)
    trained_on = trained_on or len(evaluation.inputs.reference)
    return IndexInfo(
        name=record_setting(search.index).text,
        distractors=distractors.kind,
        requested=requested_options(prepared.config.index_options, search.index),
        effective={**named.parameters, "shortlist": settings.neighbours},
        trained_on=trained_on if named.index.training_rows else 0,
    )


def _describe_queries(
    evaluation: Evaluation, evidence: ProtocolEvidence, length_s: float
) -> QueryInfo:
    group = evidence.query_group
    return QueryInfo(
        n=len(evidence.test_ids),
        tracks=len(np.unique(evidence.query_track)),
        groups=None if group is None else len(np.unique(group)),
        length_s=length_s,
        recipe=evaluation.inputs.recipe,
        content=content_key(
            inputs=rows_digest(evaluation.inputs.query), test_ids=evaluation.test_ids.digest
        ),
    )


def _evidence_path(out: Path, index: str, kind: DistractorKind) -> Path:
    return out.with_name(evidence_name(out.stem, record_setting(index).text, kind))
