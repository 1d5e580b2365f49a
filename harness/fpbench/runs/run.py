"""The whole story of a run: fingerprint, fit, search, and write one result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from logging import getLogger
from pathlib import Path
from typing import Any

from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.files import evidence_name, write_evidence
from fpbench.evidence.hit_rates import DEFAULT_SIZES, CurveLabels, hit_rate_curves
from fpbench.files import make_folder
from fpbench.hashing import content_key, file_sha256
from fpbench.progress import Stage
from fpbench.results.document import SCHEMA_VERSION, Curve, DataInfo, EvidenceInfo, Result
from fpbench.results.environment import environment
from fpbench.results.files import write_result
from fpbench.review.curves_figure import plot_curves
from fpbench.runs.config import RunConfig
from fpbench.runs.generator import FittedGenerator, GeneratorFitting, split_tracks
from fpbench.runs.prepare import PreparedRun
from fpbench.search.distractors import CHUNKS_AT_ONCE, RealDistractors, SyntheticDistractors
from fpbench.search.inputs import Inputs
from fpbench.search.tasks import SHORTLIST, Database, NamedIndex, SearchTask, search

TRAINING = 1
"""The repeat whose draws indexes learn from; repeat 0 is what they search."""

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """What one index found among one kind of distractors."""

    named: NamedIndex
    database: Database
    evidence: Evidence | GrownEvidence


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
    inputs = prepared.source.build_inputs(prepared.store, stage)
    _warn_of_skipped(inputs.data)
    generator, fidelity = _fit_generator(prepared, inputs, stage)
    databases = _list_databases(config, inputs, generator)
    found = [one for database in databases for one in _search(prepared, inputs, database, stage)]
    # By index first, as tables and figures show them.
    found.sort(key=lambda one: config.indexes.index(one.named.name))
    partial = config.distractors == "real" and max(config.sizes, default=0) > len(inputs.real)
    result = Result(
        status="partial" if partial else "complete",
        fingerprinter=prepared.info,
        data=inputs.data,
        queries=inputs.query_info,
        generator=generator.info if generator else None,
        fidelity=fidelity,
        curves=[curve for one in found for curve in _curves(prepared, inputs, one)],
        evidence=[_write_evidence(one, out) for one in found],
        environment=environment(config.device),
        config=config.as_json(),
        command=command,
        schema_version=SCHEMA_VERSION,
    )
    write_result(result, out)
    plot_curves([result], out.with_suffix(".png"))
    return result


def _warn_of_skipped(data: DataInfo) -> None:
    if data.skipped:
        first = data.skipped[0]
        logger.warning(
            "left out %d of %d tracks, the first, %s: %s; the result names them all",
            len(data.skipped),
            data.reference_tracks + data.distractor_tracks,
            first.track,
            first.reason,
        )


def _fit_generator(
    prepared: PreparedRun, inputs: Inputs, stage: Stage
) -> tuple[FittedGenerator | None, Mapping[str, Any] | None]:
    """The generator of the synthetic distractors, where they are wanted, and its fidelity."""
    if prepared.generator is None:
        return None, None
    fitting = GeneratorFitting(
        config=prepared.config,
        catalog=prepared.catalog,
        store=prepared.store,
        named=prepared.generator,
        inputs=inputs,
        split=split_tracks(prepared.config, inputs),
        stage=stage,
    )
    generator = fitting.generator()
    return generator, fitting.fidelity(generator)


def _list_databases(
    config: RunConfig, inputs: Inputs, generator: FittedGenerator | None
) -> list[Database]:
    """What to search, and at which sizes to read curves off.

    A real curve ends at all the real distractors there are, and a synthetic one beside it is read
    off there too, so that the two can be compared.
    """
    if config.distractors == "none":
        none = RealDistractors(inputs.real[:0], config.seed)
        return [Database("real", none, (), "none", none)]
    databases = []
    if config.distractors in ("real", "both"):
        databases.append(_real_database(config, inputs))
    if generator is not None:
        databases.append(_synthetic_database(config, inputs, generator))
    return databases


def _real_database(config: RunConfig, inputs: Inputs) -> Database:
    """Every real distractor that there is, up to the largest size.

    Raises:
        FpbenchError: There are none.
    """
    wanted, have = config.sizes or DEFAULT_SIZES, len(inputs.real)
    if have == 0:
        raise FpbenchError(
            f"dataset '{inputs.data.name}' has no usable distractors",
            hint="--distractors none, or a dataset with more audio",
        )
    if wanted[-1] > have:
        logger.info("there are %d real distractors; the real curve ends there", have)
    return Database(
        kind="real",
        source=RealDistractors(inputs.real, config.seed),
        sizes=sorted({min(size, have) for size in wanted}),
        key=content_key(real=inputs.real_key, seed=config.seed),
        training=RealDistractors(inputs.real, config.seed, repeat=TRAINING),
    )


def _synthetic_database(config: RunConfig, inputs: Inputs, made: FittedGenerator) -> Database:
    """Draws of the generator, also as many as there are real ones where these are searched."""
    wanted, have = config.sizes or DEFAULT_SIZES, len(inputs.real)
    beside = {have} if config.distractors == "both" and wanted[-1] > have else set()
    source, training = (
        SyntheticDistractors(
            made.generator,
            made.info.name,
            config.seed,
            repeat=repeat,
            at_once=CHUNKS_AT_ONCE[config.device],
        )
        for repeat in (0, TRAINING)
    )
    return Database(
        kind="synthetic",
        source=source,
        sizes=sorted({*wanted, *beside}),
        key=content_key(synthetic=made.key, seed=config.seed),
        training=training,
    )


def _search(prepared: PreparedRun, inputs: Inputs, database: Database, stage: Stage) -> list[Found]:
    """One database with all indexes, so that every block is drawn once."""
    indexes = prepared.indexes[database.kind]
    tasks = [
        SearchTask(
            named=named,
            inputs=inputs,
            database=database,
            store=prepared.store,
            device=prepared.config.device,
        )
        for named in indexes
    ]
    evidence = search(tasks, stage)
    return [Found(named, database, one) for named, one in zip(indexes, evidence, strict=True)]


def _write_evidence(found: Found, out: Path) -> EvidenceInfo:
    path = out.with_name(evidence_name(out.stem, found.named.name, found.database.kind))
    write_evidence(path, found.evidence)
    return EvidenceInfo(file=path.name, sha256=file_sha256(path))


def _curves(prepared: PreparedRun, inputs: Inputs, found: Found) -> Sequence[Curve]:
    """Within the tolerance, and, where there are tracks, anywhere in the right one."""
    config = prepared.config
    labels = CurveLabels(
        distractors=found.database.kind,
        index=found.named.name,
        index_parameters={**found.named.parameters, "shortlist": SHORTLIST},
        tolerance_s=config.tolerance_s,
        query_length_s=inputs.query_info.length_s,
        n_reference=len(inputs.reference),
        hop_s=inputs.hop_s,
        seed=config.seed,
    )
    # Ready-made fingerprints lie on one timeline: there is no track to be right about.
    anywhere = () if prepared.ready_made else (None,)
    curves: list[Curve] = []
    for tolerance_s in dict.fromkeys((config.tolerance_s, *anywhere)):
        wanted = replace(labels, tolerance_s=tolerance_s)
        curves += hit_rate_curves(found.evidence, found.database.sizes or (0,), wanted)
    return curves
