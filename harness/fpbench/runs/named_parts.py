"""Fingerprinters and degradations of a run, with the names that cache keys and results use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from logging import getLogger

from fpbench.audio.reading import track_hash
from fpbench.audio.survey import Surveys
from fpbench.cache import Store
from fpbench.fingerprints.cached_tracks import TrackWorkers
from fpbench.fingerprints.editions import find_change, start_edition
from fpbench.fingerprints.track_sets import FingerprintSet, build_fingerprint_set
from fpbench.plugin.datasets import Channel, Track
from fpbench.plugin.degradations import Degradation, SelectiveDegradation
from fpbench.plugin.fingerprinters import AnyFingerprinter
from fpbench.prefetch import map_ahead
from fpbench.progress import Stage
from fpbench.results.data import Skipped

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDegradation:
    """A degradation, with the names that results and cache keys use.

    Args:
        degradation: The degradation itself.
        code: Hash of the code and files that shape its output.
        origin: Name of the plugin's distribution, or the hash of its files if it has none.
        channel: Signal that is taken of its recordings with several channels.
    """

    degradation: Degradation
    code: str
    origin: str
    channel: Channel = "mean"

    def recording_hashes(self) -> list[str]:
        """Hashes of the recordings that may be mixed into queries."""
        tracks = [
            Track(name=path.name, path=path, channel=self.channel)
            for path in self.degradation.recordings
        ]
        return list(map_ahead(track_hash, tracks))

    def skipped_recordings(self) -> list[Skipped]:
        """Recordings that the degradation leaves out, if it says so."""
        if not isinstance(self.degradation, SelectiveDegradation):
            return []
        reasons = self.degradation.skipped.items()
        return [Skipped(track=name, reason=reason) for name, reason in reasons]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFingerprinter:
    """A fingerprinter, with the names that errors and cache keys use.

    Args:
        identity: From :func:`fpbench.fingerprints.editions.with_edition`.
        workers: Fingerprint tracks; None means this process.
    """

    fingerprinter: AnyFingerprinter
    name: str
    identity: Mapping[str, object]
    workers: TrackWorkers | None = None

    def refresh(
        self, store: Store, tracks: Sequence[Sequence[Track]], surveys: Surveys, stage: Stage
    ) -> "NamedFingerprinter":
        """The same with a new edition if its cached fingerprints differ from those it makes now."""
        with stage("comparing cached fingerprints"):
            change = find_change(
                store, self.fingerprinter, self.name, self.identity, tracks, surveys=surveys
            )
        if change is None:
            return self
        logger.warning(
            "'%s' no longer gives the fingerprints in the cache (%s), although no code or file "
            "that fpbench sees has changed: everything of it is made again",
            self.name,
            change,
        )
        return self.renew(store)

    def renew(self, store: Store) -> "NamedFingerprinter":
        """The same with a new edition, so that nothing of it is found in the cache."""
        return replace(self, identity=start_edition(store, self.identity))

    def fingerprints(
        self, store: Store, tracks: Sequence[Track], surveys: Surveys, stage: Stage, title: str
    ) -> FingerprintSet:
        """The fingerprints of some tracks, from the cache or computed now.

        Args:
            store: The cache.
            tracks: In the order of the fingerprints.
            surveys: Surveys of all of them.
            stage: Shows progress.
            title: Title of the stage.

        Raises:
            FpbenchError: The fingerprinter fails or breaks a rule.
        """
        with stage(title) as report:
            return build_fingerprint_set(
                store,
                self.fingerprinter,
                self.name,
                self.identity,
                tracks,
                surveys=surveys,
                report=report,
                workers=self.workers,
            )
