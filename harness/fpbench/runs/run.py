"""The whole story of a run: fingerprint, fit, search, and write one result."""

from dataclasses import replace
from logging import getLogger
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.evidence.files import evidence_name, write_evidence
from fpbench.evidence.hit_rates import DEFAULT_SIZES, CurveLabels, hit_rate_curves
from fpbench.files import make_folder
from fpbench.hashing import code_key, content_key, file_sha256
from fpbench.plugin.source import source_sha256
from fpbench.progress import Stage
from fpbench.results.document import Curve, EvidenceInfo, Result
from fpbench.results.environment import environment
from fpbench.results.files import write_result
from fpbench.review.curves_figure import plot_curves
from fpbench.runs.config import RunConfig
from fpbench.runs.generator import FittedGenerator, GeneratorFitting, split_tracks
from fpbench.runs.inputs import inputs_from_audio, inputs_from_vectors
from fpbench.runs.prepare import PreparedRun, empty_index, refuse_runs
from fpbench.search.distractors import DRAWN_AT_ONCE, RealDistractors, SyntheticDistractors
from fpbench.search.inputs import Inputs
from fpbench.search.tasks import SHORTLIST, Database, SearchTask, parameters, search

TRAINING = 1
"""The repeat whose draws indexes learn from; repeat 0 is what they search."""

logger = getLogger(__name__)


def run_prepared(prepared: PreparedRun, out: Path, command: str, stage: Stage) -> Result:
    """Do the long work and write the result, its evidence and its figure.

    Killed at any moment, the same call goes on where it stopped and writes the same bytes.

    Args:
        prepared: From :func:`prepare`.
        out: The result; the rest is named after it.
        command: What was typed, for the record.
        stage: Shows progress.

    Raises:
        FpbenchError: A plugin broke a rule, or a wanted size cannot be had.
    """
    config = prepared.config
    make_folder(out.parent)
    inputs = _inputs(prepared, stage)
    refuse_runs(inputs.segments, config, prepared.indexes)
    if inputs.data.skipped:
        first, of = inputs.data.skipped[0], inputs.data.reference_tracks
        logger.warning(
            "left out %d of %d tracks, the first, %s: %s; the result names them all",
            len(inputs.data.skipped),
            of + inputs.data.distractor_tracks,
            first.track,
            first.reason,
        )
    made, fidelity = None, None
    if config.distractors in ("synthetic", "both"):
        workshop = GeneratorFitting(
            config=config,
            catalog=prepared.catalog,
            store=prepared.store,
            inputs=inputs,
            data=split_tracks(config, inputs),
            stage=stage,
        )
        made = workshop.fitted()
        fidelity = workshop.fidelity(made)
    # Ready-made fingerprints lie on one timeline: there is no track to be right about.
    also = (None,) if prepared.listener else ()
    tolerances_s = dict.fromkeys((config.tolerance_s, *also))
    curves: list[Curve] = []
    evidence: list[EvidenceInfo] = []
    databases = _databases(config, inputs, made)
    searched = [
        search([_task(prepared, name, inputs, database) for name in prepared.indexes], stage)
        for database in databases
    ]
    for place, name in enumerate(prepared.indexes):
        for database, answers in zip(databases, searched, strict=True):
            found = answers[place]
            path = out.with_name(evidence_name(out.stem, name, database.kind))
            write_evidence(path, found)
            evidence.append(EvidenceInfo(file=path.name, sha256=file_sha256(path)))
            labels = _labels(prepared, name, inputs, database)
            for tolerance_s in tolerances_s:
                labels = replace(labels, tolerance_s=tolerance_s)
                curves += hit_rate_curves(found, database.sizes or (0,), labels)
    partial = config.distractors == "real" and max(config.sizes, default=0) > len(inputs.real)
    result = Result(
        status="partial" if partial else "complete",
        fingerprinter=prepared.info,
        data=inputs.data,
        queries=inputs.query_info,
        generator=made.info if made else None,
        fidelity=fidelity,
        curves=curves,
        evidence=evidence,
        environment=environment(config.device),
        config=config.as_json(),
        command=command,
    )
    write_result(result, out)
    plot_curves([result], out.with_suffix(".png"))
    return result


# ---------------------------------------------------------------- parts


def _inputs(prepared: PreparedRun, stage: Stage) -> Inputs:
    config, vectors = prepared.config, prepared.dataset.vectors
    if prepared.listener is None and vectors is not None:
        recipe = config.recipe
        return inputs_from_vectors(
            config.dataset, vectors, recipe.n_queries, recipe.query_length_s, config.seed
        )
    assert prepared.listener is not None  # noqa: S101 - for the type checker
    return inputs_from_audio(
        prepared.dataset,
        prepared.listener,
        config.recipe,
        prepared.degraders,
        want_real=config.distractors != "none",  # synthetic ones are judged by real ones
        seed=config.seed,
        store=prepared.store,
        stage=stage,
    )


def _databases(config: RunConfig, inputs: Inputs, made: FittedGenerator | None) -> list[Database]:
    """What to search, and where to look.

    A real curve ends at all the real distractors there are, and a synthetic one beside it is read
    off there too, so that the two can be compared.

    Raises:
        FpbenchError: Real distractors are wanted and there are none.
    """
    wanted = config.sizes or DEFAULT_SIZES
    have = len(inputs.real)
    found = []
    if config.distractors == "none":
        none = RealDistractors(inputs.real[:0], config.seed)
        return [Database("real", none, (), "none", none)]
    if config.distractors in ("real", "both"):
        if have == 0:
            raise FpbenchError(
                f"dataset '{inputs.data.name}' has no usable distractors",
                hint="--distractors none, or a dataset with more audio",
            )
        sizes = {min(size, have) for size in wanted}
        if wanted[-1] > have:
            logger.info("there are %d real distractors; the real curve ends there", have)
        real = RealDistractors(inputs.real, config.seed)
        key = content_key(real=inputs.real_key, seed=config.seed)
        training = RealDistractors(inputs.real, config.seed, repeat=TRAINING)
        found.append(Database("real", real, sorted(sizes), key, training))
    if made is not None:
        compare = {have} if config.distractors == "both" and wanted[-1] > have else set()
        generator, name, at_once = made.generator, made.info.name, DRAWN_AT_ONCE[config.device]
        synthetic = SyntheticDistractors(generator, name, config.seed, at_once=at_once)
        key = content_key(synthetic=made.key, seed=config.seed)
        learnt_from = SyntheticDistractors(
            generator, name, config.seed, repeat=TRAINING, at_once=at_once
        )
        sizes = {*wanted, *compare}
        found.append(Database("synthetic", synthetic, sorted(sizes), key, learnt_from))
    return found


def _task(prepared: PreparedRun, name: str, inputs: Inputs, database: Database) -> SearchTask:
    offer, argument = prepared.catalog.offer("index", name)
    plan = empty_index(name, prepared.config, prepared.catalog, prepared.store)
    return SearchTask(
        name=name,
        plugin=offer.source.plugin,
        plan=plan,
        inputs=inputs,
        database=database,
        store=prepared.store,
        key=content_key(
            index=offer.entry.name,
            argument=argument,
            source=source_sha256(offer.source.module),
            code=code_key(search.__module__),
            parameters=parameters(plan),
            inputs=inputs.key,
            distractors=database.key,
            device=prepared.config.device,
        ),
    )


def _labels(prepared: PreparedRun, name: str, inputs: Inputs, database: Database) -> CurveLabels:
    config = prepared.config
    return CurveLabels(
        distractors=database.kind,
        index=name,
        index_parameters={**parameters(prepared.indexes[name]), "shortlist": SHORTLIST},
        tolerance_s=config.tolerance_s,
        query_length_s=inputs.query_info.length_s,
        n_reference=len(inputs.reference),
        hop_s=inputs.hop_s,
        seed=config.seed,
    )
