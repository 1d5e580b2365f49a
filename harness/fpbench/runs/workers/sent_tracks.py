"""Fingerprints tracks with workers, which are sent the settings of the fingerprinter."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from logging import getLogger
from pathlib import Path
from typing import ClassVar

from fpbench.audio.reading import why_changed
from fpbench.audio.survey import Surveys
from fpbench.cache import Store
from fpbench.fingerprints.cached_tracks import fingerprint_each
from fpbench.fingerprints.embedding import TrackOutcome
from fpbench.fingerprints.probe import identify
from fpbench.hashing import content_key, file_sha256
from fpbench.plugin.catalog import Catalog, Offer
from fpbench.plugin.datasets import Track
from fpbench.plugin.devices import resolve_dtype
from fpbench.plugin.entries import Settings
from fpbench.plugin.fingerprinters import AnyFingerprinter, FingerprintSpec
from fpbench.plugin.source import code_identity
from fpbench.plugin.systems import SystemIdentity
from fpbench.runs.config import RunConfig
from fpbench.runs.costs.worker_costs import Note, WorkerCost, WorkerMeter
from fpbench.runs.inputs import AudioSource
from fpbench.runs.objects import OBJECT
from fpbench.runs.prepare import PreparedRun
from fpbench.search.engines.orders import OpenedWork, Order, UnseenFilesError, Workers
from fpbench.search.engines.parts import SentFile

_ORDER_S = 120.0  # of audio in an order: a worker that dies loses no more

logger = getLogger(__name__)

SurveyedTrack = tuple[Track, str | None]
"""A track, and the hash of its audio when it was surveyed."""


def with_track_workers(
    prepared: PreparedRun, workers: Workers | None, note_costs: Note = lambda _costs: None
) -> PreparedRun:
    """The run, with workers that fingerprint its tracks.

    Without effect on a run of ready-made fingerprints, and on one whose fingerprinter is a Python
    object, which no other process can load.

    Args:
        prepared: The run.
        workers: None means this process.
        note_costs: Takes what the workers have taken.
    """
    source = prepared.source
    if workers is None or not isinstance(source, AudioSource):
        return prepared
    offer, _ = prepared.catalog.offer("fingerprinter", prepared.config.fingerprinter)
    if offer.source.distribution == OBJECT:
        logger.warning("tracks are fingerprinted here: no other process can load an object")
        return prepared
    tracks = SentTracks(workers, prepared, note_costs)
    named = replace(source.fingerprinter, workers=tracks)
    return replace(prepared, source=replace(source, fingerprinter=named))


@dataclass(frozen=True, slots=True)
class SentTracks:
    """Implements :class:`fpbench.fingerprints.cached_tracks.TrackWorkers` for one run.

    Args:
        workers: They fingerprint some tracks at a time.
        prepared: The run.
        note_costs: Takes what they have taken.
    """

    workers: Workers
    prepared: PreparedRun
    note_costs: Note

    def fingerprint(self, tracks: Sequence[Track], surveys: Surveys) -> Iterator[TrackOutcome]:
        first = tracks[0], surveys[tracks[0]].audio_hash
        sent = _send_fingerprinter(self.prepared, first)
        orders = list(_cut_orders(tracks, surveys))
        for _, (outcomes, costs) in self.workers.carry_out(sent, orders):
            self.note_costs(costs)
            yield from outcomes


def _cut_orders(tracks: Sequence[Track], surveys: Surveys) -> Iterator[Order]:
    """Orders of about equally much audio."""
    some: list[SurveyedTrack] = []
    seconds = 0.0
    for track in tracks:
        some.append((track, surveys[track].audio_hash))
        seconds += surveys[track].duration_s
        if seconds >= _ORDER_S:
            yield Order(some, seconds)
            some, seconds = [], 0.0
    if some:
        yield Order(some, seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFingerprinter:
    """Implements :class:`fpbench.search.engines.orders.SentWork`: fingerprinting of tracks.

    Args:
        config: Settings of the run.
        weights: File of the fingerprinter's weights; None for its own.
        system: What it makes of a fixed signal.
        first: A track that a worker must see.
        cache: Cache of the sender.
        identity: Hash of its code, weights and options.
    """

    code_of: ClassVar[str] = "fpbench.fingerprints.cached_tracks"

    config: RunConfig
    weights: SentFile | None
    system: SystemIdentity
    first: SurveyedTrack
    cache: Path
    identity: Mapping[str, str]

    def open(self, store: Store | None, device: str | None) -> OpenedWork:
        track, audio_hash = self.first
        if why_changed(track, audio_hash) is not None:
            raise UnseenFilesError(
                f"it does not see {track.path}",
                hint="put recordings on a disk that all machines see, under the same path",
            )
        config, device = self.config, device or self.config.device
        resolve_dtype(config.dtype, device)  # refuses a machine without the device
        store = store or Store.open(self.cache if self.cache.is_dir() else None)
        catalog = Catalog.load()
        weights = None if self.weights is None else self.weights.place(store, "weights")
        settings = _settings(config, weights, store, device)
        fingerprinter = catalog.fingerprinter(config.fingerprinter, settings)
        name, system, key = _describe(fingerprinter, config, catalog, settings)
        same = system.is_same(self.system)
        meter = WorkerMeter()
        watched = meter.watch_fingerprinter(fingerprinter)

        def carry_out(some: Iterable[SurveyedTrack]) -> tuple[list[TrackOutcome], list[WorkerCost]]:
            with meter.measure("fingerprinting", ""):
                outcomes = list(fingerprint_each(watched, name, dict(some)))
            # What cannot be read here may be read by the sender.
            return [one for one in outcomes if not one.failed], meter.take()

        identity = {_part(name): key if same else content_key(probe=system.probe)}
        return OpenedWork(identity, carry_out)


def _send_fingerprinter(prepared: PreparedRun, first: SurveyedTrack) -> SentFingerprinter:
    config = prepared.config
    settings = _settings(config, config.weights, prepared.store, config.device)
    named = _audio_source(prepared).fingerprinter
    name, system, key = _describe(named.fingerprinter, config, prepared.catalog, settings)
    return SentFingerprinter(
        config=config,
        weights=None if config.weights is None else SentFile.read(config.weights),
        system=system,
        first=first,
        cache=prepared.store.root.absolute(),
        identity={_part(name): key},
    )


def _audio_source(prepared: PreparedRun) -> AudioSource:
    if not isinstance(prepared.source, AudioSource):
        raise ValueError("a run of ready-made fingerprints has no fingerprinter")
    return prepared.source


def _settings(config: RunConfig, weights: Path | None, store: Store, device: str) -> Settings:
    return Settings(
        device=device,
        dtype=config.dtype,
        weights=weights,
        options=config.fingerprinter_options,
        seed=config.seed,
        cache_dir=store.root,
        channel=config.channel,
    )


def _describe(
    fingerprinter: AnyFingerprinter, config: RunConfig, catalog: Catalog, settings: Settings
) -> tuple[str, SystemIdentity, str]:
    """Name of a fingerprinter, what it makes of a fixed signal, and :func:`hash_fingerprinter`."""
    offer, _ = catalog.offer("fingerprinter", config.fingerprinter)
    settings = catalog.settings_for("fingerprinter", config.fingerprinter, settings)
    system = identify(fingerprinter, offer.entry.name, settings)
    return offer.entry.name, system, _hash(offer, settings, fingerprinter.spec)


def hash_fingerprinter(prepared: PreparedRun) -> str:
    """Hash of the code, weights and options of a run's fingerprinter.

    Unlike the key of the cache, it does not depend on where files lie.
    """
    config, catalog = prepared.config, prepared.catalog
    settings = _settings(config, config.weights, prepared.store, config.device)
    offer, _ = catalog.offer("fingerprinter", config.fingerprinter)
    settings = catalog.settings_for("fingerprinter", config.fingerprinter, settings)
    return _hash(offer, settings, _audio_source(prepared).fingerprinter.fingerprinter.spec)


def _hash(offer: Offer, settings: Settings, spec: FingerprintSpec) -> str:
    return content_key(
        **code_identity(offer.source.module, {}),
        weights=file_sha256(settings.weights) if settings.weights else None,
        options=dict(settings.options),
        spec=spec,
        dtype=settings.dtype,
    )


def _part(name: str) -> str:
    return f"fingerprinter '{name}'"
