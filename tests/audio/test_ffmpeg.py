"""FFmpeg reads the formats of a folder of music, and nothing that such a folder does not hold."""

from pathlib import Path

import av
import numpy as np
import pytest

from fpbench.audio.reading import read_audio

CODECS = {
    "m4a": ("ipod", "aac"),
    "m4b": ("ipod", "alac"),
    "mp4": ("mp4", "aac"),
    "mov": ("mov", "pcm_s24le"),
    "mp3": ("mp3", "libmp3lame"),
    "mp2": ("mp2", "mp2"),
    "mp3 in wav": ("wav", "libmp3lame"),
    "aac": ("adts", "aac"),
    "ac3": ("ac3", "ac3"),
    "eac3": ("eac3", "eac3"),
    "opus": ("opus", "libopus"),
    "oga": ("ogg", "flac"),
    "webm": ("webm", "libopus"),
    "mka": ("matroska", "pcm_f64le"),
    "mkv": ("matroska", "flac"),
    "wma": ("asf", "wmav2"),
    "w64": ("w64", "pcm_s16le"),
    "aiff": ("aiff", "pcm_s16be"),
    "aifc": ("aiff", "pcm_mulaw"),
    "au": ("au", "pcm_s16be"),
    "caf": ("caf", "pcm_s16le"),
    "tta": ("tta", "tta"),
    "wv": ("wv", "wavpack"),
    "avi": ("avi", "ac3"),
    "ts": ("mpegts", "mp2"),
    "flv": ("flv", "aac"),
    "alaw": ("wav", "pcm_alaw"),
    "adpcm": ("wav", "adpcm_ms"),
    "u8": ("aiff", "pcm_s8"),
}


def sing(seconds: float, rate: int = 48_000) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)


def encode(path: Path, container: str, codec: str, samples: np.ndarray, rate: int = 48_000) -> Path:
    """Write mono samples with FFmpeg."""
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, stream.bit_rate = rate, 0, 128_000
        for one in (frame, None):
            # FLAC's encoder ends with a packet without samples, which holds the MD5.
            file.mux([packet for packet in stream.encode(one) if packet.size])
    return path


@pytest.mark.parametrize("kind", CODECS)
def test_reads_what_people_have_in_a_folder_of_music(tmp_path: Path, kind: str) -> None:
    path = encode(tmp_path / "any name", *CODECS[kind], sing(1.0))
    samples = read_audio(path, 8_000)
    assert abs(len(samples) - 8_000) < 800  # padding, where the format does not give its length
    middle = samples[3_000:5_000]
    spectrum = np.abs(np.fft.rfft(middle))
    assert np.argmax(spectrum) == 440 * len(middle) / 8_000
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.06)
