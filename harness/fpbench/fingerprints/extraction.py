"""Fingerprints of loose files, for looking at or for other programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64, Int32

from fpbench.files import atomic_file
from fpbench.fingerprints.embedding import TrackOutcome, fingerprint_files
from fpbench.plugin.datasets import Track
from fpbench.plugin.fingerprinters import AnyFingerprinter, Vectors
from fpbench.progress import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """The fingerprints of some files, in the order the files were given.

    Args:
        vectors: All rows; those not finite are left as the fingerprinter gave them.
        start_s: Where each row's segment starts, in seconds from the start of its file.
        track: Which of ``tracks`` each row comes from.
        tracks: Every path, as given, also those that gave no rows.
        silent: Which rows come from silent segments.
        problems: Path and reason of every file that gave no rows, in order.
    """

    vectors: Vectors
    start_s: Float64[np.ndarray, " batch"]
    track: Int32[np.ndarray, " batch"]
    tracks: tuple[str, ...]
    silent: Bool[np.ndarray, " batch"]
    problems: tuple[tuple[str, str], ...]

    @property
    def not_finite(self) -> Bool[np.ndarray, " batch"]:
        """Which rows hold NaN or infinity."""
        finite: Bool[np.ndarray, " batch"] = np.isfinite(self.vectors).all(axis=1)
        return ~finite

    def save(self, path: Path) -> None:
        """Write all but the problems to an ``.npz`` file, and which rows are not finite.

        Raises:
            FpbenchError: The file cannot be written.
        """
        with atomic_file(path) as file:
            np.savez(
                file,
                allow_pickle=False,
                vectors=self.vectors,
                start_s=self.start_s,
                track=self.track,
                tracks=np.array(self.tracks, dtype=np.str_),
                silent=self.silent,
                not_finite=self.not_finite,
            )


def extract(
    fingerprinter: AnyFingerprinter, name: str, paths: Sequence[Path], *, report: Report
) -> Extraction:
    """Fingerprint files as ``fpbench extract`` does: silence included, NaN let through.

    Args:
        fingerprinter: Of either kind.
        name: What errors call it.
        paths: In any order; a file may be named twice.
        report: Told after each file.

    Raises:
        FpbenchError: The fingerprinter broke a rule, or fails.
    """
    tracks = [Track(name=str(path), path=path) for path in paths]
    outcomes: list[TrackOutcome] = []
    for outcome in fingerprint_files(
        fingerprinter, name, tracks, skip_silent=False, refuse_not_finite=False
    ):
        outcomes.append(outcome)
        report(len(outcomes) / len(tracks), outcome.track.name)
    found = [outcome.found for outcome in outcomes if outcome.found is not None]
    counts = [0 if one.found is None else len(one.found.vectors) for one in outcomes]
    none = np.zeros((0, fingerprinter.spec.dim), dtype=np.float32)
    return Extraction(
        vectors=np.concatenate([none, *(one.vectors for one in found)]),
        start_s=np.concatenate([np.zeros(0), *(one.start_s for one in found)]),
        track=np.repeat(np.arange(len(tracks), dtype=np.int32), counts),
        tracks=tuple(track.name for track in tracks),
        silent=np.concatenate([np.zeros(0, bool), *(one.silent for one in found)]),
        problems=tuple(
            (outcome.track.name, outcome.problem) for outcome in outcomes if outcome.problem
        ),
    )
