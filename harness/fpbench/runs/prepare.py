"""Find and load every part that a config names, so that mistakes show before any long work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from logging import getLogger

from fpbench.audio.query_recipe import Step
from fpbench.audio.survey import survey_recordings
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.fingerprints.conformance import run_checks
from fpbench.fingerprints.editions import with_edition
from fpbench.fingerprints.probe import identify
from fpbench.hashing import content_key, file_sha256
from fpbench.plugin.catalog import Catalog, Offer
from fpbench.plugin.datasets import Dataset, VectorDataset
from fpbench.plugin.entries import Settings
from fpbench.plugin.fingerprinters import AnyFingerprinter, FingerprintSpec
from fpbench.plugin.index_names import index_base
from fpbench.plugin.source import code_identity, identity, source_sha256
from fpbench.plugin.systems import SystemIdentity
from fpbench.progress import Stage
from fpbench.randomness import Stream, rng_at
from fpbench.results.fields import DistractorKind
from fpbench.results.systems import (
    CheckInfo,
    FingerprinterInfo,
    bytes_per_hour,
    ready_made_system,
)
from fpbench.runs.beyond import can_simulate, refuse_beyond
from fpbench.runs.choice import choose_generator, estimate_distractors
from fpbench.runs.config import RunConfig
from fpbench.runs.declarations import read_licence
from fpbench.runs.extrapolated import refuse_extrapolation
from fpbench.runs.fits import refuse_fits
from fpbench.runs.inputs import AudioSource, count_segments
from fpbench.runs.loaded_indexes import load_indexes
from fpbench.runs.named_generator import (
    Choice,
    NamedGenerator,
    load_named_generator,
    refuse_foreign,
)
from fpbench.runs.named_parts import NamedDegradation, NamedFingerprinter
from fpbench.runs.objects import OBJECT
from fpbench.runs.query_lengths import ask_longest, count_lengths
from fpbench.runs.ready_made import VectorSource
from fpbench.runs.recorded import recorded_config
from fpbench.runs.setting_checks import (
    refuse_long_queries,
    require_runs,
    warn_of_unused_settings,
)
from fpbench.search.named_indexes import NamedIndex
from fpbench.search.track_distractors import no_tracks_error

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRun:
    """All parts of a run, found and loaded.

    Args:
        source: Where queries, reference and real distractors come from.
        info: Description of the fingerprinter for the result.
        system: Identity of the fingerprinter, for generators; None for ready-made fingerprints and
            for a run without synthetic distractors.
        generator: None for a run without synthetic distractors.
        check: Check of the fingerprinter; None for ready-made fingerprints.
        indexes: Empty indexes by kind of distractors, because one that grows can be filled only
            once.
    """

    config: RunConfig
    catalog: Catalog
    store: Store
    source: AudioSource | VectorSource
    info: FingerprinterInfo
    system: SystemIdentity | None
    check: CheckInfo | None
    generator: NamedGenerator | None
    indexes: Mapping[DistractorKind, Sequence[NamedIndex]]

    @property
    def ready_made(self) -> bool:
        """Whether the dataset holds fingerprints, so that the run uses no fingerprinter."""
        return isinstance(self.source, VectorSource)

    @property
    def has_tracks(self) -> bool:
        """Whether it is known where tracks end, so that a match may be anywhere in one."""
        return not isinstance(self.source, VectorSource) or self.source.vectors.tracks is not None


def prepare(
    config: RunConfig,
    catalog: Catalog,
    store: Store,
    stage: Stage,
    *,
    unchecked: bool = False,
    fresh: bool = False,
) -> PreparedRun:
    """Find and load every part that the config names, and check the fingerprinter.

    Args:
        stage: Shows progress.
        unchecked: Whether a fingerprinter may break the harness's rules.
        fresh: Whether to make everything again that the store holds.

    Raises:
        FpbenchError: A part does not exist, cannot be loaded, does not fit the others, or breaks
            a rule.
    """
    store = store.without_earlier() if fresh else store
    config = ask_longest(config)
    if config.generator is not None:
        catalog.offer("generator", config.generator)
    for name in (*map(index_base, config.indexes), *config.index_options):
        catalog.offer("index", name)
    settings = Settings(
        device=config.device,
        dtype=config.dtype,
        seed=config.seed,
        cache_dir=store.root,
        channel=config.channel,
    )
    config, dataset = _open_dataset(config, catalog, settings, store, stage)
    warn_of_unused_settings(config, dataset)
    kinds = distractor_kinds(config)
    config, indexes = load_indexes(config, kinds, catalog, settings)
    refuse_fits(config)
    refuse_beyond(config, indexes[kinds[0]])
    source: AudioSource | VectorSource
    check = None
    if dataset.vectors is None:
        with stage("checking the fingerprinter"):
            source, info, check = _prepare_audio(
                config, catalog, settings, dataset, store, unchecked=unchecked
            )
        source = _with_edition(source, store, fresh=fresh)
    else:
        source, info = _prepare_vectors(config, dataset.vectors)
    for named in indexes[kinds[0]]:
        require_runs(source.segments, named)
    generator, system = None, None
    if config.distractors in ("synthetic", "both"):
        choice = _choose_generator(
            config, source, info, catalog=catalog, store=store, settings=settings
        )
        config = replace(config, generator=choice.name)
        generator, system = _load_generator(choice, config, source, catalog, settings)
    _refuse_beyond_of(config, source, generator)
    return PreparedRun(
        config=config,
        catalog=catalog,
        store=store,
        source=source,
        info=info,
        system=system,
        check=check,
        generator=generator,
        indexes=indexes,
    )


def _open_dataset(
    config: RunConfig, catalog: Catalog, settings: Settings, store: Store, stage: Stage
) -> tuple[RunConfig, Dataset]:
    """The config with what follows from the recorded queries of its dataset, and the dataset."""
    with stage("opening the dataset"):
        dataset = catalog.dataset(config.dataset, replace(settings, options=config.dataset_options))
    if not dataset.queries:
        return config, dataset
    with stage("read recorded queries") as report:
        tracks = [*dataset.reference, *(one.track for one in dataset.queries)]
        surveys = survey_recordings(store, tracks, report)
    return recorded_config(config, dataset, surveys), dataset


def _load_generator(
    choice: Choice,
    config: RunConfig,
    source: AudioSource | VectorSource,
    catalog: Catalog,
    settings: Settings,
) -> tuple[NamedGenerator, SystemIdentity | None]:
    """The chosen generator, if it may meet these fingerprints, and the identity of their system."""
    named = load_named_generator(choice, config, catalog, settings)
    system = _identify(config, settings, source)
    generator = refuse_foreign(named, config, system)
    # A protocol with longer queries says in its result that single fingerprints flatter them.
    if config.protocol is None and source.segments > 1 and not generator.draws_tracks:
        raise no_tracks_error(generator.name, source.segments)
    return generator, system


def _refuse_beyond_of(
    config: RunConfig, source: AudioSource | VectorSource, generator: NamedGenerator | None
) -> None:
    """Refuse sizes beyond the searched ones that can be neither simulated nor extrapolated."""
    known = None if generator is None else generator.generator
    # Whether a generator can be simulated is known once it is fitted.
    simulated = known is None or can_simulate(known, source.lengths[0].segments)
    if config.beyond and (generator is None or not simulated):
        refuse_extrapolation(config, source)


def _choose_generator(
    config: RunConfig,
    source: AudioSource | VectorSource,
    info: FingerprinterInfo,
    *,
    catalog: Catalog,
    store: Store,
    settings: Settings,
) -> Choice:
    """The generator that the config names; or choose one, and say what it takes or lacks.

    A fitted generator without a name is taken for the last choice, which its file contradicts if it
    is another one.
    """
    if config.generator is not None:
        return Choice(config.generator)
    tracks = source.segments > 1
    if config.protocol is not None:
        tracks = config.query_lengths_s[-1] > info.segment_s + info.hop_s / 2
    if config.generator_weights is not None:
        return Choice(catalog.default_generators(tracks=tracks)[-1].name)
    choice = choose_generator(
        catalog,
        store,
        replace(settings, options=config.generator_options),
        rows=estimate_distractors(source, info.hop_s) // 2,
        dim=info.dim,
        tracks=tracks,
    )
    # The user should know of minutes of work, and of numbers that mislead.
    logger.warning("generator %s: %s", choice.name, choice.reason or choice.takes)
    return choice


def distractor_kinds(config: RunConfig) -> Sequence[DistractorKind]:
    """Kinds of distractors in the databases of a run; ``real`` if the reference is alone."""
    if config.distractors == "both":
        return ("real", "synthetic")
    return ("synthetic",) if config.distractors == "synthetic" else ("real",)


def _prepare_audio(
    config: RunConfig,
    catalog: Catalog,
    settings: Settings,
    dataset: Dataset,
    store: Store,
    *,
    unchecked: bool,
) -> tuple[AudioSource, FingerprinterInfo, CheckInfo]:
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


def _with_edition(source: AudioSource, store: Store, *, fresh: bool) -> AudioSource:
    named = source.fingerprinter
    named = replace(named, identity=with_edition(store, named.identity))
    return replace(source, fingerprinter=named, fresh=fresh)


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


def _identify(
    config: RunConfig, settings: Settings, source: AudioSource | VectorSource
) -> SystemIdentity | None:
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


def _prepare_vectors(
    config: RunConfig, vectors: VectorDataset
) -> tuple[VectorSource, FingerprinterInfo]:
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
