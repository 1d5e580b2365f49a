"""Loads where the fingerprints of a run come from: a dataset and a fingerprinter, or a file."""

from dataclasses import replace
from functools import partial

from fpbench.audio.query_recipe import Step
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.fingerprints.conformance import run_checks
from fpbench.fingerprints.probe import identify
from fpbench.hashing import content_key, file_sha256
from fpbench.plugin.catalog import Catalog, Offer
from fpbench.plugin.datasets import Dataset, VectorDataset
from fpbench.plugin.entries import Settings
from fpbench.plugin.fingerprinters import AnyFingerprinter, FingerprintSpec
from fpbench.plugin.source import code_identity, identity, source_sha256
from fpbench.plugin.systems import SystemIdentity
from fpbench.randomness import Stream, rng_at
from fpbench.results.systems import (
    CheckInfo,
    FingerprinterInfo,
    bytes_per_hour,
    ready_made_system,
)
from fpbench.runs.config import RunConfig
from fpbench.runs.declarations import read_licence
from fpbench.runs.inputs import AudioSource, count_segments
from fpbench.runs.named_parts import NamedDegradation, NamedFingerprinter
from fpbench.runs.objects import OBJECT
from fpbench.runs.query_lengths import count_lengths
from fpbench.runs.ready_made import VectorSource
from fpbench.runs.setting_checks import refuse_long_queries


def load_audio_source(
    config: RunConfig,
    catalog: Catalog,
    settings: Settings,
    dataset: Dataset,
    store: Store,
    *,
    unchecked: bool,
) -> tuple[AudioSource, FingerprinterInfo, CheckInfo]:
    """Load and check the fingerprinter and the degradations of a run with recordings.

    Args:
        config: Settings of the run.
        catalog: Knows both.
        settings: What all parts of the run have in common.
        dataset: The recordings.
        store: The cache, which may know how long they are.
        unchecked: Whether the fingerprinter may break the harness's rules.

    Returns:
        The source, and the fingerprinter as the result describes it.

    Raises:
        FpbenchError: A part cannot be loaded or breaks a rule, or a length of queries gives no
            fingerprints or is longer than every track.
    """
    in_dataset = replace(settings, dataset=dataset, dtype="float32")
    degradations = [
        _load_degradation(step, catalog, in_dataset) for step in config.recipe.degradations
    ]
    settings = replace(settings, weights=config.weights, options=config.fingerprinter_options)
    offer, _ = catalog.offer("fingerprinter", config.fingerprinter)
    fingerprinter = catalog.fingerprinter(config.fingerprinter, settings)
    settings = catalog.settings_for("fingerprinter", config.fingerprinter, settings)
    name = offer.entry.name
    refuse_long_queries(config, dataset, store)
    # Before the identity, which contains what the first calls import and open.
    with catalog.record_first_use(fingerprinter):
        check = _check(fingerprinter, name, unchecked=unchecked)
        lengths = count_lengths(config, partial(count_segments, fingerprinter, name))
    reads = catalog.reads(fingerprinter)
    source = AudioSource(
        dataset=dataset,
        fingerprinter=NamedFingerprinter(
            fingerprinter=fingerprinter,
            name=name,
            identity=identity(name, offer.source.module, settings, reads),
        ),
        recipe=config.recipe,
        degradations=degradations,
        want_real=config.distractors != "none",  # they also judge the synthetic ones
        lengths=lengths,
        seed=config.seed,
        duplicates=config.duplicates,
    )
    return source, _describe_fingerprinter(offer, settings, fingerprinter.spec), check


def _check(fingerprinter: AnyFingerprinter, name: str, *, unchecked: bool) -> CheckInfo:
    outcomes = run_checks(fingerprinter, name, rng_at(0, Stream.CHECK), speed=False)
    broken = {one.name: one.detail for one in outcomes if not one.passed}
    if broken and not unchecked:
        rules = "; ".join(f"{rule}: {detail}" for rule, detail in broken.items())
        raise FpbenchError(
            f"fingerprinter '{name}' breaks rules of the harness: {rules}",
            hint="correct it, or measure it as it is with --unchecked (unchecked=True in Python), "
            "which the result will say",
        )
    return CheckInfo(passed=not broken, broken=broken)


def identify_system(
    config: RunConfig, settings: Settings, source: AudioSource | VectorSource
) -> SystemIdentity | None:
    """Identity of the fingerprinter, for generators; None for ready-made fingerprints."""
    if isinstance(source, VectorSource):
        return None
    named = source.fingerprinter
    settings = replace(settings, weights=config.weights, options=config.fingerprinter_options)
    return identify(named.fingerprinter, named.name, settings)


def _load_degradation(step: Step, catalog: Catalog, settings: Settings) -> NamedDegradation:
    source = catalog.offer("degradation", step.name)[0].source
    degradation = catalog.degradation(step.name, replace(settings, options=step.options))
    unreleased = source.version == "-"
    named = NamedDegradation(
        degradation=degradation,
        code=content_key(code=code_identity(source.module, catalog.reads(degradation))),
        origin=source_sha256(source.module) if unreleased else source.distribution,
        channel=settings.channel,
    )
    if settings.dataset is None or settings.dataset.pending is None:
        # Here, not when a query draws it, it shows that a recording cannot be read.
        named.recording_hashes()
    return named


def load_vector_source(
    config: RunConfig, vectors: VectorDataset
) -> tuple[VectorSource, FingerprinterInfo]:
    """The source of a run with ready-made fingerprints, and the system that made them.

    Raises:
        FpbenchError: The settings ask for tracks that the dataset does not have, or query and
            reference differ in shape without tracks.
    """
    if config.tolerance_s is None and vectors.tracks is None:
        raise FpbenchError(
            f"dataset '{config.dataset}' does not say where tracks end, so a match cannot be "
            "anywhere in the track",
            hint="give --tolerance in seconds, or write a table of tracks",
        )
    rows = vectors.query.shape, vectors.reference.shape
    if config.protocol is None and vectors.tracks is None and rows[0] != rows[1]:
        raise FpbenchError(
            f"'{config.dataset}': query has shape {rows[0]}, db has {rows[1]}",
            hint="without tracks, both must have equal shapes: row i of query is the degraded row "
            "i of db; or write tracks.csv",
        )
    source = VectorSource(
        name=config.dataset,
        vectors=vectors,
        n_queries=config.recipe.n_queries,
        query_length_s=config.recipe.query_length_s,
        seed=config.seed,
        duplicates=config.duplicates,
        shorter_s=() if config.protocol else config.query_lengths_s[:-1],
    )
    count_lengths(config, source.count_segments)
    info = ready_made_system(
        config.name or "ready-made",
        segment_s=vectors.segment_s,
        hop_s=vectors.hop_s,
        dim=vectors.reference.shape[1],
    )
    return source, info


def _describe_fingerprinter(
    offer: Offer, settings: Settings, spec: FingerprintSpec
) -> FingerprinterInfo:
    return FingerprinterInfo(
        name=offer.entry.name,
        distribution=offer.source.distribution,
        version=offer.source.version,
        source_sha256=source_sha256(offer.source.module),
        weights_sha256=file_sha256(settings.weights) if settings.weights else None,
        options=dict(settings.options),
        device="-" if offer.source.distribution == OBJECT else settings.device,
        dtype=spec.dtype or settings.dtype,
        sample_rate_hz=spec.sample_rate_hz,
        segment_s=spec.segment_s,
        hop_s=spec.hop_s,
        dim=spec.dim,
        bytes_per_hour=bytes_per_hour(spec.dim, spec.hop_s),
        weights_licence=read_licence(settings.weights)
        if settings.weights
        else offer.entry.weights_licence,
        training_data=None if settings.weights else offer.entry.training_data,
    )
