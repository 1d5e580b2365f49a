"""Turns a source into a file of the set.

The source is decoded, its channels are averaged (of an impulse response, the first is taken) and it
is resampled to 16 kHz. Of that, a stretch is kept, at another gain where the maintainers scaled it:

* of an impulse response, what begins 2 ms before the first sample above -30 dB of the peak;
* of all else, the stretch whose levels are the listed ones. The maintainers cut silence at both
  ends, and long noises into pieces; the levels find what they kept, to 5 ms.

Music of 240 s was cut there, with a fade of 0.5 s. Music is written as Ogg Vorbis of quality 2.5,
noise of quality 2, and impulse responses as FLAC of 16 bits.
"""

import io
from pathlib import Path

import numpy as np
import soundfile

from fpbench import Samples
from fpbench.audio.reading import read_audio
from fpbench.plugin.datasets import Channel
from fpbench_plugins.open_music.listing import RATE_HZ, ListedFile
from fpbench_plugins.open_music.signatures import distance_db, find_stretch, measure_signature

_LONGEST_S = 240
_FADE_S = 0.5
_BEFORE_S = 0.002  # what is kept before an impulse response
_ONSET = 10 ** (-30 / 20)
_UNSCALED_DB = 0.3  # rounding of levels looks like a gain
_COMPRESSION = {"music": 0.75, "noise": 0.8}  # of libsndfile, in which quality 2.5 is 0.75
_AT_ONCE = 4096  # libsndfile overflows the stack with more


def convert_source(source: Path, file: ListedFile) -> Samples:
    """The samples of a file of the set, not yet encoded.

    Raises:
        FpbenchError: The source cannot be read.
    """
    channel: Channel = "left" if file.kind == "ir" else "mean"
    recording = read_audio(source, RATE_HZ, channel=channel)
    if file.kind == "ir":
        start, gain_db = _find_response(recording, file)
    else:
        start, gain_db = find_stretch(recording, file.levels, file.samples)
    stretch = recording[start : start + file.samples]
    stretch = np.pad(stretch, (0, file.samples - len(stretch)))
    if abs(gain_db) > _UNSCALED_DB:
        stretch = stretch * np.float32(10 ** (gain_db / 20))
    if file.kind == "music" and file.samples == _LONGEST_S * RATE_HZ:
        stretch = _fade_out(stretch)
    return stretch.astype(np.float32)


def encode(samples: Samples, kind: str) -> bytes:
    """A file of the set."""
    target = io.BytesIO()
    if kind == "ir":
        soundfile.write(target, samples, RATE_HZ, format="FLAC", subtype="PCM_16")
        return target.getvalue()
    with soundfile.SoundFile(
        target,
        "w",
        RATE_HZ,
        channels=1,
        format="OGG",
        subtype="VORBIS",
        compression_level=_COMPRESSION[kind],
    ) as encoder:
        for start in range(0, len(samples), _AT_ONCE):
            encoder.write(samples[start : start + _AT_ONCE])
    return target.getvalue()


def distance_of(content: bytes, file: ListedFile) -> float:
    """Distance of a built file from the listed one, in dB; infinite for another length."""
    samples, _ = soundfile.read(io.BytesIO(content), dtype="float32")
    if len(samples) != file.samples:
        return float("inf")
    return distance_db(measure_signature(samples), file.levels)


def _find_response(recording: Samples, file: ListedFile) -> tuple[int, float]:
    """Start and missing gain of an impulse response."""
    size = np.abs(recording)
    first = int(np.argmax(size > size.max() * _ONSET))
    start = max(0, first - round(_BEFORE_S * RATE_HZ))
    found = measure_signature(recording[start : start + file.samples])
    audible = file.levels > file.levels.max() - 50
    return start, float(np.median((file.levels - found)[audible]))


def _fade_out(samples: Samples) -> Samples:
    ramp = np.linspace(1, 0, round(_FADE_S * RATE_HZ), dtype=np.float32)
    return np.concatenate([samples[: -len(ramp)], samples[-len(ramp) :] * ramp])
