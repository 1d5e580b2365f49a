"""Find and load every part that a config names, so that mistakes show before any long work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from logging import getLogger

from fpbench.array_files import mapped_files
from fpbench.audio.survey import survey_recordings
from fpbench.cache import Store
from fpbench.fingerprints.editions import with_edition
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.datasets import Dataset
from fpbench.plugin.entries import Settings
from fpbench.plugin.index_names import index_base
from fpbench.plugin.systems import SystemIdentity
from fpbench.progress import Stage
from fpbench.results.fields import DistractorKind
from fpbench.results.systems import (
    CheckInfo,
    FingerprinterInfo,
)
from fpbench.runs.beyond import can_simulate, refuse_beyond
from fpbench.runs.choice import choose_generator, estimate_distractors
from fpbench.runs.config import RunConfig
from fpbench.runs.extrapolation import refuse_extrapolation
from fpbench.runs.inputs import AudioSource
from fpbench.runs.loaded_indexes import load_indexes
from fpbench.runs.loaded_sources import (
    identify_system,
    load_audio_source,
    load_vector_source,
)
from fpbench.runs.named_generator import (
    Choice,
    NamedGenerator,
    load_named_generator,
    refuse_foreign,
)
from fpbench.runs.query_lengths import ask_longest
from fpbench.runs.ready_made import VectorSource
from fpbench.runs.recorded_queries import recorded_config
from fpbench.runs.setting_checks import refuse_fits, require_runs, warn_of_unused_settings
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
            source, info, check = load_audio_source(
                config, catalog, settings, dataset, store, unchecked=unchecked
            )
        source = _with_edition(source, store, fresh=fresh)
    else:
        source, info = load_vector_source(config, dataset.vectors)
        store = store.with_sources(mapped_files(dataset.vectors.matrices))
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
    system = identify_system(config, settings, source)
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


def _with_edition(source: AudioSource, store: Store, *, fresh: bool) -> AudioSource:
    named = source.fingerprinter
    named = replace(named, identity=with_edition(store, named.identity))
    return replace(source, fingerprinter=named, fresh=fresh)
