"""The whole story of a run: fingerprint, fit, search, and write one result."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from logging import getLogger
from pathlib import Path

from fpbench.catalog import Catalog, Offer
from fpbench.config import SYNTHETIC_SIZES, RunConfig
from fpbench.curves import CurveLabels, hit_rate_curves
from fpbench.distractors import RealDistractors, SyntheticDistractors
from fpbench.errors import FpbenchError
from fpbench.evidence_files import evidence_name, write_evidence
from fpbench.figures import plot_curves
from fpbench.fitting import Fitted, Workshop, halves
from fpbench.identity import environment, file_sha256, harness_sha256, identity, source_sha256
from fpbench.inputs import (
    Inputs,
    Listener,
    durations_s,
    inputs_from_audio,
    inputs_from_vectors,
)
from fpbench.interfaces import (
    Dataset,
    Degradation,
    FingerprintSpec,
    IndexPlan,
    Settings,
    VectorDataset,
)
from fpbench.measuring import SHORTLIST, Database, SearchTask, parameters, search
from fpbench.results import (
    Curve,
    EvidenceInfo,
    FingerprinterInfo,
    Result,
    write_result,
)
from fpbench.stages import Stage
from fpbench.store import Store, content_key, made_folder

TRAINING = 1
"""The repeat whose draws indexes learn from; repeat 0 is what they search."""

_SEARCHING = ("distractors", "inner_products", "positions", "ranking", "search", "sequences")

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Everything a run names, found and loaded, before any long work."""

    config: RunConfig
    catalog: Catalog
    store: Store
    dataset: Dataset
    listener: Listener | None
    info: FingerprinterInfo
    chain: Sequence[Degradation]
    chain_code: Sequence[str]
    indexes: Mapping[str, IndexPlan]


def prepare(config: RunConfig, catalog: Catalog, store: Store, stage: Stage) -> Prepared:
    """Find and load every part that the config names, so that mistakes show at once.

    Raises:
        FpbenchError: A part does not exist, cannot be loaded, or does not fit the others.
    """
    catalog.offer("generator", config.generator)
    for name in (*config.indexes, *config.index_options):
        catalog.offer("index", name)
    settings = Settings(device=config.device, seed=config.seed, cache_dir=store.root)
    with stage("opening the dataset"):
        dataset = catalog.dataset(config.dataset, replace(settings, options=config.dataset_options))
    steps = config.recipe.degradations if dataset.vectors is None else ()
    chain = [
        catalog.degradation(step.name, replace(settings, options=step.options, dataset=dataset))
        for step in steps
    ]
    degraders = [catalog.offer("degradation", step.name)[0] for step in steps]
    indexes = {
        name: catalog.index(
            name,
            replace(settings, dtype=config.dtype, options=config.index_options.get(name, {})),
        )
        for name in config.indexes
    }
    for plan in indexes.values():
        parameters(plan)  # refuses a broken one before the long work
    listener, info = _listener(config, catalog, settings, dataset)
    _refuse_long_queries(config, dataset)
    _refuse_runs(fewest_segments(config.recipe.query_length_s, info), config, indexes)
    return Prepared(
        config=config,
        catalog=catalog,
        store=store,
        dataset=dataset,
        listener=listener,
        info=info,
        chain=chain,
        chain_code=[source_sha256(offer.source.module) for offer in degraders],
        indexes=indexes,
    )


def run_prepared(prepared: Prepared, out: Path, command: str, stage: Stage) -> Result:
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
    made_folder(out.parent)
    inputs = _inputs(prepared, stage)
    _refuse_runs(inputs.segments, config, prepared.indexes)
    made, fidelity = None, None
    if config.distractors in ("synthetic", "both"):
        workshop = Workshop(
            config=config,
            catalog=prepared.catalog,
            store=prepared.store,
            inputs=inputs,
            data=halves(config, inputs),
            stage=stage,
        )
        made = workshop.fitted()
        fidelity = workshop.fidelity(made)
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
            for tolerance_s in dict.fromkeys((config.tolerance_s, None)):
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


def _refuse_long_queries(config: RunConfig, dataset: Dataset) -> None:
    length_s = config.recipe.query_length_s
    if dataset.vectors is None and length_s > durations_s(dataset.reference).max(initial=0.0):
        raise FpbenchError(
            f"no reference track is as long as a query, {length_s:g} s",
            hint="use shorter queries or longer recordings",
        )


def _refuse_runs(segments: int, config: RunConfig, indexes: Mapping[str, IndexPlan]) -> None:
    """Queries of several fingerprints are compared with runs of as many.

    Raises:
        FpbenchError: Synthetic distractors, or an index that grows, have none.
    """
    if segments == 1:
        return
    if config.distractors in ("synthetic", "both"):
        raise FpbenchError(
            f"queries of {segments} fingerprints cannot meet synthetic distractors, which are "
            "single and independent",
            hint="--distractors real, or --query-length of one segment",
        )
    for name, plan in indexes.items():
        if plan.growing is not None:
            raise FpbenchError(
                f"{name}: queries of {segments} fingerprints need an index that works block by "
                "block",
                hint="--index exact or --index ivfpq, or --query-length of one segment",
            )


def fewest_segments(length_s: float, info: FingerprinterInfo) -> int:
    """Fingerprints in a query, at least: some fingerprinters fill up a last one."""
    return 1 + max(0, math.floor((length_s - info.segment_s) / info.hop_s + 1e-6))


def _listener(
    config: RunConfig, catalog: Catalog, settings: Settings, dataset: Dataset
) -> tuple[Listener | None, FingerprinterInfo]:
    if dataset.vectors is not None:
        return None, _ready_made(dataset.vectors)
    settings = replace(
        settings,
        weights=config.weights,
        dtype=config.dtype,
        options=config.fingerprinter_options,
    )
    offer, _ = catalog.offer("fingerprinter", config.fingerprinter)
    listener = Listener(
        fingerprinter=catalog.fingerprinter(config.fingerprinter, settings),
        name=offer.entry.name,
        identity=identity(offer.entry.name, offer.source.module, settings),
    )
    return listener, _fingerprinter_info(offer, settings, listener.fingerprinter.spec)


def _fingerprinter_info(
    offer: Offer, settings: Settings, spec: FingerprintSpec
) -> FingerprinterInfo:
    return FingerprinterInfo(
        name=offer.entry.name,
        distribution=offer.source.distribution,
        version=offer.source.version,
        source_sha256=source_sha256(offer.source.module),
        weights_sha256=file_sha256(settings.weights) if settings.weights else None,
        options=dict(settings.options),
        device=settings.device,
        dtype=settings.dtype,
        sample_rate_hz=spec.sample_rate_hz,
        segment_s=spec.segment_s,
        hop_s=spec.hop_s,
        dim=spec.dim,
    )


def _ready_made(vectors: VectorDataset) -> FingerprinterInfo:
    return FingerprinterInfo(
        name="ready-made",
        distribution="-",
        version="-",
        source_sha256=None,
        weights_sha256=None,
        options={},
        device="-",
        dtype="float32",
        sample_rate_hz=None,
        segment_s=vectors.segment_s,
        hop_s=vectors.hop_s,
        dim=vectors.reference.shape[1],
    )


def _inputs(prepared: Prepared, stage: Stage) -> Inputs:
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
        prepared.chain,
        chain_code=prepared.chain_code,
        want_real=config.distractors != "none",  # synthetic ones are judged by real ones
        seed=config.seed,
        store=prepared.store,
        stage=stage,
    )


def _databases(config: RunConfig, inputs: Inputs, made: Fitted | None) -> list[Database]:
    """What to search, and where to look.

    A real curve ends at all the real distractors there are, and a synthetic one beside it is read
    off there too, so that the two can be compared.

    Raises:
        FpbenchError: Real distractors are wanted and there are none.
    """
    wanted = config.sizes or SYNTHETIC_SIZES
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
        sizes = {size for size in wanted if size <= have} | ({have} if wanted[-1] > have else set())
        if wanted[-1] > have:
            logger.info("there are %d real distractors; the real curve ends there", have)
        real = RealDistractors(inputs.real, config.seed)
        key = content_key(real=inputs.real_key, seed=config.seed)
        training = RealDistractors(inputs.real, config.seed, repeat=TRAINING)
        found.append(Database("real", real, sorted(sizes), key, training))
    if made is not None:
        compare = {have} if config.distractors == "both" and wanted[-1] > have else set()
        synthetic = SyntheticDistractors(made.generator, made.info.name, config.seed)
        key = content_key(synthetic=made.key, seed=config.seed)
        learnt_from = SyntheticDistractors(
            made.generator, made.info.name, config.seed, repeat=TRAINING
        )
        sizes = {*wanted, *compare}
        found.append(Database("synthetic", synthetic, sorted(sizes), key, learnt_from))
    return found


def _task(prepared: Prepared, name: str, inputs: Inputs, database: Database) -> SearchTask:
    offer, argument = prepared.catalog.offer("index", name)
    plan = prepared.indexes[name]
    return SearchTask(
        name=name,
        plan=plan,
        inputs=inputs,
        database=database,
        store=prepared.store,
        key=content_key(
            index=offer.entry.name,
            argument=argument,
            source=source_sha256(offer.source.module),
            code=harness_sha256(*_SEARCHING),
            parameters=parameters(plan),
            inputs=inputs.key,
            distractors=database.key,
            device=prepared.config.device,
        ),
    )


def _labels(prepared: Prepared, name: str, inputs: Inputs, database: Database) -> CurveLabels:
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
