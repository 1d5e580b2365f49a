"""The fingerprinter and the generator of a result."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from fpbench.results.fields import Count, Name, Positive, Seconds, Sha256, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprinterInfo:
    """The fingerprinter. Ready-made fingerprints have no source and no sample rate.

    Args:
        source_sha256: Hash of the plugin's files, including weights among them.
        weights_sha256: Hash of the file given as ``--weights``.
        weights_licence: Licence of the weights, as the plugin or the submitter declares it; None if
            nobody does.
        training_data: What the weights were trained on, likewise; ``none`` for a fingerprinter that
            was not trained.
        bytes_per_hour: Size of the fingerprints of an hour of audio, in float32.
        device: Device of the arithmetic; ``-`` for a Python object, which chooses it by itself, and
            for ready-made fingerprints.
        dtype: Dtype of the arithmetic, which may differ from the one that was asked for.
        segment_s: Length of a fingerprint's audio segment, in seconds.
        hop_s: Time from one fingerprint to the next, in seconds.
        dim: Dimension of a fingerprint.
    """

    name: Name
    distribution: Words
    version: Words
    source_sha256: Sha256 | None
    weights_sha256: Sha256 | None
    options: Mapping[Words, Words]
    device: Words
    dtype: Literal["float16", "bfloat16", "float32", "float64"]
    sample_rate_hz: Positive | None
    segment_s: Seconds
    hop_s: Seconds
    dim: Positive
    bytes_per_hour: Annotated[float, Meta(gt=0)]
    weights_licence: Words | None = None
    training_data: Words | None = None


def bytes_per_hour(dim: int, hop_s: float) -> float:
    """Size of the float32 fingerprints of an hour of audio."""
    return 4 * dim * 3600 / hop_s


def ready_made_system(name: str, *, segment_s: float, hop_s: float, dim: int) -> FingerprinterInfo:
    """The system of fingerprints that were made elsewhere: nothing is known of its code."""
    return FingerprinterInfo(
        name=name,
        distribution="-",
        version="-",
        source_sha256=None,
        weights_sha256=None,
        options={},
        device="-",
        dtype="float32",
        sample_rate_hz=None,
        segment_s=segment_s,
        hop_s=hop_s,
        dim=dim,
        bytes_per_hour=bytes_per_hour(dim, hop_s),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FitInfo:
    """The system and the fingerprints that a generator was fitted to, according to its file.

    Args:
        fingerprinter: Name of the fingerprinter; None if the file does not say.
        weights_sha256: Hash of the file given as ``--weights``.
        fingerprints: Number of fingerprints.
        fingerprints_sha256: Hash of the fingerprints.
    """

    fingerprinter: str | None
    weights_sha256: Sha256 | None
    options: Mapping[Words, Words]
    fingerprints: Count
    fingerprints_sha256: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorInfo:
    """The generator of the synthetic distractors.

    Args:
        parameters: Parameters of a draw, as reported by the generator: solver, steps, projection.
        fitted_fingerprints: Number of fingerprints that it was fitted to in this run; None if it
            was loaded.
        weights_sha256: Hash of the fitted generator's file.
        fitted_to: System and data of the fit; None if the file does not say.
        reason: Why the run did not choose a better generator; None if it chose the best, or if the
            config names one.
        foreign: Whether it was fitted to another system than the fingerprinter, which only
            ``foreign_generator`` in the config allows.
    """

    name: Name
    distribution: Words
    version: Words
    options: Mapping[Words, Words]
    parameters: Mapping[str, bool | int | float | str]
    fitted_fingerprints: Count | None
    weights_sha256: Sha256
    fitted_to: FitInfo | None = None
    foreign: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInfo:
    """What a check of the fingerprinter found before the run, as ``fpbench check`` does.

    Args:
        passed: Whether the fingerprinter follows all rules of the harness.
        broken: Each broken rule, and how it is broken. A run with such a fingerprinter needs
            ``--unchecked``, and its numbers may mean nothing.
    """

    passed: bool
    broken: Mapping[str, str]
