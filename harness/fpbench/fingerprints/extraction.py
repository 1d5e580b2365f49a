"""Fingerprints of single files, for inspection or for other programs."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from logging import getLogger
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64, Int32

from fpbench.audio.channels import WEAK_DB
from fpbench.audio.reading import Reading, read_ahead
from fpbench.files import atomic_file, write_arrays
from fpbench.fingerprints.embedding import TrackOutcome, fingerprint_readings, min_samples
from fpbench.plugin.datasets import Channel, Track
from fpbench.plugin.fingerprinters import AnyFingerprinter, Vectors
from fpbench.plugin.systems import SystemIdentity
from fpbench.progress import Report
from fpbench.results.data import Skipped

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """The fingerprints of some files, in the order of the files.

    Args:
        vectors: All rows, also those that are not finite.
        start_s: Start time of each row's segment in its file.
        track: Index of each row's file in ``tracks``.
        tracks: All paths, also those of skipped files.
        silent: Whether each row comes from a silent segment.
        skipped: Path and reason of each file without rows, in order.
        system: The fingerprinter; None leaves it out of the file.
    """

    vectors: Vectors
    start_s: Float64[np.ndarray, " batch"]
    track: Int32[np.ndarray, " batch"]
    tracks: tuple[str, ...]
    silent: Bool[np.ndarray, " batch"]
    skipped: tuple[Skipped, ...]
    system: SystemIdentity | None = None

    @property
    def not_finite(self) -> Bool[np.ndarray, " batch"]:
        """Whether each row holds NaN or infinity."""
        finite: Bool[np.ndarray, " batch"] = np.isfinite(self.vectors).all(axis=1)
        return ~finite

    def save(self, path: Path) -> None:
        """Write everything but ``skipped`` to an ``.npz`` file, with ``not_finite``.

        Raises:
            FpbenchError: The file cannot be written.
        """
        with atomic_file(path) as file:
            arrays = {
                "vectors": self.vectors,
                "start_s": self.start_s,
                "track": self.track,
                "tracks": np.array(self.tracks, dtype=np.str_),
                "silent": self.silent,
                "not_finite": self.not_finite,
            }
            if self.system is not None:
                text = json.dumps(asdict(self.system), sort_keys=True)
                arrays["system"] = np.array(text)
            write_arrays(file, arrays)


def extract(
    fingerprinter: AnyFingerprinter,
    name: str,
    paths: Sequence[Path],
    *,
    report: Report,
    channel: Channel = "mean",
) -> Extraction:
    """Fingerprint files for ``fpbench extract``, which keeps silent segments and NaN.

    Args:
        fingerprinter: Segment-wise or track-wise.
        name: Name of the fingerprinter in errors.
        paths: Files in any order; a file may occur twice.
        report: Called after each file.
        channel: Signal that is taken of files with several channels.

    Raises:
        FpbenchError: The fingerprinter breaks a rule or fails.
    """
    tracks = [Track(name=str(path), path=path, channel=channel) for path in paths]
    outcomes: list[TrackOutcome] = []
    spec = fingerprinter.spec
    readings = read_ahead(
        tracks,
        spec.sample_rate_hz,
        resampler=spec.resampler,
        min_samples=min_samples(spec),
        skip_silent=False,
    )
    for outcome in fingerprint_readings(
        fingerprinter, name, _warn_of_cancelling(readings), refuse_not_finite=False
    ):
        outcomes.append(outcome)
        report(len(outcomes) / len(tracks), outcome.track.name)
    tracks_rows = [one.fingerprints for one in outcomes if one.fingerprints is not None]
    counts = [0 if one.fingerprints is None else len(one.fingerprints.vectors) for one in outcomes]
    no_rows = np.zeros((0, fingerprinter.spec.dim), dtype=np.float32)
    return Extraction(
        vectors=np.concatenate([no_rows, *(rows.vectors for rows in tracks_rows)]),
        start_s=np.concatenate([np.zeros(0), *(rows.start_s for rows in tracks_rows)]),
        track=np.repeat(np.arange(len(tracks), dtype=np.int32), counts),
        tracks=tuple(track.name for track in tracks),
        silent=np.concatenate([np.zeros(0, bool), *(rows.silent for rows in tracks_rows)]),
        skipped=tuple(
            Skipped(track=one.track.name, reason=one.reason) for one in outcomes if one.reason
        ),
    )


def _warn_of_cancelling(readings: Iterable[Reading]) -> Iterator[Reading]:
    for reading in readings:
        if reading.samples is not None and reading.cancelled_db >= WEAK_DB:
            logger.warning(
                "the channels of %s nearly cancel: their mean is %.0f dB below them; --channel "
                "left, right or loudest takes one of them",
                reading.track.name,
                reading.cancelled_db,
            )
        yield reading
