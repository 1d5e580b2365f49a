"""Finds and loads every part that a run names, so that mistakes show before any long work."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from logging import getLogger

from fpbench.audio.query_recipe import Step
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.hashing import file_sha256
from fpbench.plugin.catalog import Catalog, Offer
from fpbench.plugin.datasets import Dataset, VectorDataset
from fpbench.plugin.entries import Settings
from fpbench.plugin.fingerprinters import FingerprintSpec
from fpbench.plugin.indexes import IndexPlan
from fpbench.plugin.source import identity, source_sha256
from fpbench.progress import Stage
from fpbench.results.document import FingerprinterInfo
from fpbench.runs.config import RunConfig
from fpbench.runs.inputs import NamedDegradation, NamedFingerprinter, durations_s
from fpbench.search.tasks import parameters

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRun:
    """Everything a run names, found and loaded, before any long work."""

    config: RunConfig
    catalog: Catalog
    store: Store
    dataset: Dataset
    listener: NamedFingerprinter | None
    info: FingerprinterInfo
    degraders: Sequence[NamedDegradation]
    indexes: Mapping[str, IndexPlan]


def prepare(config: RunConfig, catalog: Catalog, store: Store, stage: Stage) -> PreparedRun:
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
    _warn_of_idle(config, dataset)
    steps = config.recipe.degradations if dataset.vectors is None else ()
    in_dataset = replace(settings, dataset=dataset)
    degraders = [_load_degradation(step, catalog, in_dataset) for step in steps]
    indexes = {name: empty_index(name, config, catalog, store) for name in config.indexes}
    for plan in indexes.values():
        parameters(plan)  # refuses a broken one before the long work
    listener, info = _load_fingerprinter(config, catalog, settings, dataset)
    _refuse_long_queries(config, dataset)
    _refuse_tracks(config, dataset)
    refuse_runs(fewest_segments(config.recipe.query_length_s, info), config, indexes)
    return PreparedRun(
        config=config,
        catalog=catalog,
        store=store,
        dataset=dataset,
        listener=listener,
        info=info,
        degraders=degraders,
        indexes=indexes,
    )


def _load_degradation(step: Step, catalog: Catalog, settings: Settings) -> NamedDegradation:
    source = catalog.offer("degradation", step.name)[0].source
    code = source_sha256(source.module)
    return NamedDegradation(
        degradation=catalog.degradation(step.name, replace(settings, options=step.options)),
        code=code,
        maker=code if source.version == "-" else source.distribution,
    )


def empty_index(name: str, config: RunConfig, catalog: Catalog, store: Store) -> IndexPlan:
    """An index of the config that holds nothing: one that grows can be filled only once."""
    settings = Settings(
        device=config.device,
        dtype=config.dtype,
        options=config.index_options.get(name, {}),
        seed=config.seed,
        cache_dir=store.root,
    )
    return catalog.index(name, settings)


def _warn_of_idle(config: RunConfig, dataset: Dataset) -> None:
    """Say which settings of a config, which may be one for several runs, do nothing in this one."""
    fields: list[str] = []
    if config.distractors in ("real", "none"):
        fields += ["generator", "generator_weights", "generator_options"]
    if dataset.vectors is not None:
        fields += ["fingerprinter", "fingerprinter_options", "weights"]
    default = RunConfig()
    idle = [name for name in fields if getattr(config, name) != getattr(default, name)]
    idle += [f"index_options.{name}" for name in config.index_options if name not in config.indexes]
    for name in idle:
        logger.warning("%s does nothing in this run", name)


def _refuse_long_queries(config: RunConfig, dataset: Dataset) -> None:
    if dataset.vectors is not None:
        return
    length_s = config.recipe.query_length_s
    longest_s = float(durations_s(dataset.reference).max(initial=0.0))
    # Where none can be read, fingerprinting says why. A millisecond forgives rounding.
    if 0 < longest_s < length_s - 1e-3:
        raise FpbenchError(
            f"no reference track is as long as a query, {length_s:g} s",
            hint="use shorter queries or longer recordings",
        )


def _refuse_tracks(config: RunConfig, dataset: Dataset) -> None:
    if dataset.vectors is not None and config.tolerance_s is None:
        raise FpbenchError(
            f"a match cannot be anywhere in the track: {config.dataset} does not say where one "
            "track ends",
            hint="give --tolerance in seconds",
        )


def refuse_runs(segments: int, config: RunConfig, indexes: Mapping[str, IndexPlan]) -> None:
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


def _load_fingerprinter(
    config: RunConfig, catalog: Catalog, settings: Settings, dataset: Dataset
) -> tuple[NamedFingerprinter | None, FingerprinterInfo]:
    if dataset.vectors is not None:
        return None, _ready_made_info(dataset.vectors)
    settings = replace(
        settings,
        weights=config.weights,
        dtype=config.dtype,
        options=config.fingerprinter_options,
    )
    offer, _ = catalog.offer("fingerprinter", config.fingerprinter)
    listener = NamedFingerprinter(
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


def _ready_made_info(vectors: VectorDataset) -> FingerprinterInfo:
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
