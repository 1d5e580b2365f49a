"""How fast recordings are read, beside plain libsndfile. Run as a script, or with pytest.

The figures are seconds of audio per second of processor time, and the ratio to reading the whole
file with soundfile, taking NumPy's mean of the channels and resampling with soxr. Two minutes of
stereo at 44.1 kHz, made here.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import soxr

from fpbench.audio.reading import read_audio

SECONDS, RATE = 120, 44_100
CODECS = {
    "wav": ("wav", "pcm_s16le"),
    "flac": ("flac", "flac"),
    "ogg": ("ogg", "libvorbis"),
    "mp3": ("mp3", "libmp3lame"),
    "m4a": ("ipod", "aac"),
    "opus": ("opus", "libopus"),
    "wma": ("asf", "wmav2"),
}


def music() -> np.ndarray:
    """Chords with noise, different left and right."""
    rng = np.random.default_rng(0)
    t = np.arange(SECONDS * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * t) for pitch in (220.0, 277.2, 329.6, 440.0)) / 10
    return np.stack([chord, chord[::-1]], axis=1) + rng.normal(0, 0.02, (len(t), 2))


def encode(path: Path, kind: str, samples: np.ndarray) -> Path:
    container, codec = CODECS[kind]
    if kind in {"flac", "ogg"}:  # PyAV has no encoder of Vorbis
        with soundfile.SoundFile(path, "w", RATE, 2, format=kind) as file:
            for second in np.split(samples, SECONDS):  # libsndfile crashes on minutes of Vorbis
                file.write(second)
        return path
    rate = 48_000 if kind == "opus" else RATE
    samples = soxr.resample(samples, RATE, rate).astype(np.float32)
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="stereo")
        stream.bit_rate = 192_000
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), "fltp", "stereo")
        frame.sample_rate, frame.pts = rate, 0
        file.mux([*stream.encode(frame), *stream.encode(None)])
    return path


def read_plainly(path: Path) -> None:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    soxr.resample(samples.mean(axis=1), rate, 8_000, quality="HQ")


def seconds(read: Callable[[], object]) -> float:
    start = time.process_time()
    read()
    return time.process_time() - start


@pytest.mark.parametrize("kind", CODECS)
def test_speed(benchmark: Callable[..., object], tmp_path: Path, kind: str) -> None:
    path = encode(tmp_path / f"a.{kind}", kind, music())
    benchmark(read_audio, path, 8_000)


if __name__ == "__main__":
    samples = music()
    with tempfile.TemporaryDirectory() as folder:
        for kind in CODECS:
            path = encode(Path(folder) / f"a.{kind}", kind, samples)
            ours, plain = [], []
            for _ in range(5):
                ours.append(seconds(lambda path=path: read_audio(path, 8_000)))
                try:
                    plain.append(seconds(lambda path=path: read_plainly(path)))
                except soundfile.LibsndfileError:  # a format that it does not know
                    continue
            ratio = f"{min(plain) / min(ours):.2f} times as fast" if plain else "not read by it"
            print(f"{kind:5} {SECONDS / min(ours):6.0f} x  {ratio}", flush=True)
