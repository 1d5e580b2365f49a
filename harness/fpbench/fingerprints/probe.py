"""Fixed signals, by whose fingerprints a system is known again."""

from collections.abc import Iterator

import numpy as np

from fpbench.fingerprints.embedding import fingerprint_tracks
from fpbench.folder_names import change_texts, without_folders
from fpbench.hashing import file_sha256
from fpbench.plugin.entries import Settings
from fpbench.plugin.fingerprinters import AnyFingerprinter, FingerprintSpec, Samples
from fpbench.plugin.systems import SystemIdentity, describe_spec, encode_probe
from fpbench.randomness import Stream, rng_at

_SECONDS = 6.0
_PROBES = 4  # fingerprints in an identity


def identify(fingerprinter: AnyFingerprinter, name: str, settings: Settings) -> SystemIdentity:
    """Describe a fingerprinter, for files that only its own fingerprints may meet.

    Args:
        fingerprinter: Segment-wise or track-wise.
        name: Its name, also in errors.
        settings: Settings that it was created with.

    Raises:
        FpbenchError: The fingerprinter breaks a rule, or the weights file cannot be read.
    """
    signal = next(probe_signals(fingerprinter.spec))
    fingerprints = fingerprint_tracks(fingerprinter, name, [signal], refuse_not_finite=False)
    vectors = np.nan_to_num(next(iter(fingerprints)).vectors)
    rows = np.linspace(0, len(vectors) - 1, min(_PROBES, len(vectors))).round().astype(int)
    return SystemIdentity(
        name=name,
        weights_sha256=file_sha256(settings.weights) if settings.weights else None,
        options=change_texts(settings.options, without_folders),  # it is kept in files
        spec=describe_spec(fingerprinter.spec),
        probe=encode_probe(vectors[rows]),
    )


def probe_signals(spec: FingerprintSpec) -> Iterator[Samples]:
    """Fixed test signals: loud noise, quiet chords, and both with a silent pause."""
    seconds = max(_SECONDS, spec.segment_s + 8 * spec.hop_s)
    n = round(seconds * spec.sample_rate_hz)
    rng = rng_at(0, Stream.CHECK, 0)
    times_s = np.arange(n) / spec.sample_rate_hz
    # A new chord every half second, below half of any usual sample rate.
    pitches_hz = rng.uniform(100, 3_500, (5, round(2 * seconds) + 1))[:, (2 * times_s).astype(int)]
    noise = 0.5 * rng.uniform(-1, 1, n)
    chords = 0.02 * np.sin(2 * np.pi * pitches_hz * times_s).sum(axis=0)
    paused = (noise + chords) * (np.abs(times_s - seconds / 2) > seconds / 8)
    for samples in (noise, chords, paused):
        yield samples.astype(np.float32)
