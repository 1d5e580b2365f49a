"""Reads the files of fingerprints and generators that `fpbench fidelity` compares."""

import filecmp
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from fpbench.errors import FpbenchError
from fpbench.fingerprints.files import (
    READABLE,
    VectorFile,
    read_vectors,
    refuse_not_finite,
    refuse_two_systems,
)
from fpbench.fingerprints.pairs import VectorPairs, read_pairs
from fpbench.generators.files import is_fitted_to, load_generator
from fpbench.generators.provenance import read_provenance, refuse_other_system
from fpbench.generators.sequence_fidelity import TrackSet
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.plugin.generators import FingerprintGenerator
from fpbench.plugin.systems import SystemIdentity
from fpbench.results.lengths import QueryLength
from fpbench.runs.generator import BASELINES, RUNS_BASELINE
from fpbench.runs.judging import Judges, Training

Judged = np.ndarray | TrackSet | FingerprintGenerator
"""Single fingerprints, tracks of them, or a generator that draws either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFiles:
    """The files of one comparison.

    Args:
        real: Fingerprints of tracks that no generator was fitted to.
        synthetic: Synthetic fingerprints, or a fitted generator.
        train: Fingerprints that the generator was fitted to, if they are known.
        queries: Query fingerprints; None measures no hit rates.
        reference: Those that they match row by row.
    """

    real: Path
    synthetic: Path
    train: Path | None
    queries: Path | None
    reference: Path | None


def read_real(files: ComparedFiles, *, foreign: bool) -> VectorFile:
    """Read the real fingerprints, and refuse files that would make a comparison meaningless.

    Args:
        files: Those of the comparison.
        foreign: Whether the synthetic fingerprints may be of another system, for studies.

    Raises:
        FpbenchError: A file cannot be read or has a row that is not finite, the generator was
            fitted to the real fingerprints, or two files are of different systems.
    """
    real = _read(files.real)
    _refuse_seen(files)
    _refuse_other_systems(files, real.system, foreign=foreign)
    return real


def read_judged(
    path: Path, catalog: Catalog, settings: Settings, name: str | None = None
) -> Judged:
    """The fingerprints, tracks or generator of a file.

    Args:
        path: The file.
        catalog: Knows generators.
        settings: Those of the generator.
        name: Its name, if the file does not say it.

    Raises:
        FpbenchError: The file cannot be read, or a row is not finite.
    """
    if path.suffix not in READABLE:
        return load_generator(path, catalog, settings, name)
    file = _read(path)
    vectors = np.asarray(file.vectors)
    if file.stretches is None:
        return vectors
    return TrackSet(vectors=vectors, stretches=file.stretches)


def read_training(path: Path | None) -> Training | None:
    """The fingerprints that a generator was fitted to, if there is a file of them.

    Raises:
        FpbenchError: The file cannot be read, or a row is not finite.
    """
    if path is None:
        return None
    file = _read(path)
    return Training(vectors=np.asarray(file.vectors), stretches=file.stretches)


def read_judges(
    files: ComparedFiles, real: VectorFile, *, track_rows: int, length_s: float | None
) -> Judges:
    """The real fingerprints with their tracks, and the queries of hit rates.

    Args:
        files: Those of the comparison.
        real: The real fingerprints.
        track_rows: Consecutive rows that count as one track, if the file does not name tracks.
        length_s: Length of the queries; None for single fingerprints.

    Raises:
        FpbenchError: Queries and reference do not match row by row, or a row is not finite.
    """
    return Judges(
        vectors=np.asarray(real.vectors),
        tracks=_tracks(real, track_rows),
        stretches=real.stretches,
        pairs=_read_queries(files.queries, files.reference),
        length=_query_length(real, length_s),
        hop_s=_spec_number(real, "hop_s"),
    )


def default_baselines(
    judges: Judges, training: Training | None, *, in_tracks: bool
) -> tuple[str, ...]:
    """The usual baselines; real tracks drawn again are one where tracks are compared.

    Args:
        judges: The real fingerprints, to which baselines are fitted without ``training``.
        training: Those that the generator was fitted to, if they are known.
        in_tracks: Whether the synthetic fingerprints come in tracks.
    """
    fit_to = judges if training is None else training
    if in_tracks and judges.length is not None and fit_to.stretches is not None:
        return (*BASELINES, RUNS_BASELINE)
    return BASELINES


def require_tracks(judges: Judges, files: ComparedFiles, *, in_tracks: bool) -> None:
    """Refuse a length of queries where runs of tracks cannot be compared.

    Args:
        judges: The real fingerprints.
        files: Those of the comparison.
        in_tracks: Whether the synthetic fingerprints come in tracks.

    Raises:
        FpbenchError: There are no queries, or a file does not say where tracks end.
    """
    pairs = judges.pairs
    if pairs is None:
        raise FpbenchError(
            "--query-length is the length of queries, but there are none",
            hint="give --queries and --reference, or leave --query-length out",
        )
    hint = "give .npz files of `fpbench extract`, which say where tracks end"
    if judges.length is None or judges.stretches is None:
        raise FpbenchError(
            f"'{files.real}' does not say how its fingerprints follow each other", hint=hint
        )
    if judges.segments > 1 and pairs.query_stretches is None:
        raise FpbenchError("--queries and --reference do not both say where tracks end", hint=hint)
    if judges.segments > 1 and not in_tracks:
        raise FpbenchError(
            f"'{files.synthetic}' holds single fingerprints, not tracks",
            hint="give a generator of tracks, or a file of `fpbench generate --tracks`",
        )


def _refuse_seen(files: ComparedFiles) -> None:
    """Refuse training data and the synthetic set itself as REAL: the result would be perfect."""
    real, synthetic = files.real, files.synthetic
    hint = "REAL must hold tracks that the generator was not fitted to"
    for what, other in (("SYNTHETIC", synthetic), ("--train", files.train)):
        if other is not None and _same(real, other):
            raise FpbenchError(f"REAL '{real}' and {what} '{other}' are the same", hint=hint)
    if synthetic.suffix not in READABLE and is_fitted_to(synthetic, real):
        raise FpbenchError(f"'{synthetic}' was fitted to REAL '{real}' itself", hint=hint)


def _refuse_other_systems(
    files: ComparedFiles, system: SystemIdentity | None, *, foreign: bool
) -> None:
    """Refuse files of another system than REAL; for studies, only SYNTHETIC may be of another."""
    synthetic = files.synthetic
    others = [files.train, files.queries, files.reference]
    if synthetic.suffix in READABLE:
        others += [] if foreign else [synthetic]
    else:
        refuse_other_system(
            f"generator '{synthetic}'",
            read_provenance(synthetic),
            system,
            allow=foreign,
            hint="give fingerprints of that system; for a study of wrong generators, add "
            "--foreign-generator",
        )
    systems = {path: read_vectors(path).system for path in others if path is not None}
    refuse_two_systems({files.real: system, **systems})


def _same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:  # the error comes later, when the file is read
        return False


def _read(path: Path) -> VectorFile:
    file = read_vectors(path)
    refuse_not_finite(file.vectors, path)
    return file


def _tracks(file: VectorFile, track_rows: int) -> Int64[np.ndarray, " batch"]:
    if file.tracks is not None:
        return file.tracks
    return np.arange(len(file.vectors), dtype=np.int64) // track_rows


def _read_queries(queries: Path | None, reference: Path | None) -> VectorPairs | None:
    if queries is None or reference is None:
        return None
    pairs = read_pairs(queries, reference)
    refuse_not_finite(pairs.queries, queries)
    refuse_not_finite(pairs.reference, reference)
    return pairs


def _query_length(real: VectorFile, length_s: float | None) -> QueryLength | None:
    """Length of the queries in fingerprints; None if REAL does not say what a fingerprint is."""
    segment_s, hop_s = (_spec_number(real, name) for name in ("segment_s", "hop_s"))
    if segment_s is None or hop_s is None:
        return None
    rows = 1 if length_s is None else 1 + max(0, round((length_s - segment_s) / hop_s))
    return QueryLength(segment_s + (rows - 1) * hop_s, rows)


def _spec_number(real: VectorFile, name: str) -> float | None:
    """A number of the spec of the fingerprinter; None if REAL does not name it."""
    value = None if real.system is None else real.system.spec.get(name)
    return float(value) if isinstance(value, int | float) else None
