"""A changed recording is read, or refused by name; its header cannot ask for much memory."""

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import strategies as st
from mutations import Draw, for_examples, mutate_bytes, read_or_refuse

from fpbench import Track
from fpbench.audio.reading import durations_s, read_audio
from fpbench.audio.recorded_queries import read_recorded_queries

RATE = 8_000
NOISE = (0.1 * np.random.default_rng(0).standard_normal(4_000)).astype(np.float32)
KINDS = {
    "wav": {"format": "WAV"},
    "float": {"format": "WAV", "subtype": "FLOAT"},
    "wavex": {"format": "WAVEX"},
    "rf64": {"format": "RF64"},
    "flac": {"format": "FLAC"},
    "ogg": {"format": "OGG"},
    "mp3": {"format": "MP3"},
    "aiff": {"format": "AIFF"},
    "opus": {"format": "OGG", "subtype": "OPUS"},
    "gsm": {"format": "WAV", "subtype": "GSM610"},
    "caf": {"format": "CAF"},
    "w64": {"format": "W64"},
}
FFMPEG_KINDS = {"m4a": ("ipod", "aac"), "webm": ("webm", "libopus"), "tta": ("tta", "tta")}


def use(path: Path) -> None:
    """Read a recording and its duration."""
    (duration_s,) = durations_s([Track(name="x", path=path)])
    assert duration_s >= 0
    samples = read_audio(path, RATE)
    assert samples.dtype == np.float32
    assert np.isfinite(samples).all()


def write(path: Path, kind: str) -> bytes:
    if kind in KINDS:
        soundfile.write(path, NOISE, RATE, **KINDS[kind])
        return path.read_bytes()
    container, codec = FFMPEG_KINDS[kind]
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(NOISE[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = RATE, 0
        file.mux([*stream.encode(frame), *stream.encode(None)])
    return path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*KINDS, *FFMPEG_KINDS])
def test_a_changed_recording_is_read_or_refused(examples: int, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "changed.wav"
    content = write(path, kind)

    @for_examples(examples)
    def check(data: Draw) -> None:
        head = data.draw(st.sampled_from([64, 64, len(content)]))
        path.write_bytes(mutate_bytes(data, content[:head]) + content[head:])
        read_or_refuse(use, path)


def test_a_changed_table_of_queries_is_read_or_refused(examples: int, tmp_path: Path) -> None:
    for name in ("a.wav", "q1.wav", "q2.wav"):
        soundfile.write(tmp_path / name, NOISE, RATE)
    reference = [Track(name="a.wav", path=tmp_path / "a.wav")]
    path = tmp_path / "changed.csv"
    content = b'query,reference,start_s\nq1.wav,a.wav,0.25\n"q2.wav",none,\n'

    @for_examples(examples)
    def check(data: Draw) -> None:
        path.write_bytes(mutate_bytes(data, content))
        read_or_refuse(lambda path: read_recorded_queries(path, reference), path)
