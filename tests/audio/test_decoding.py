"""A recording is what its decoder returned: not more, and not what its header announces."""

import os
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from fpbench import FpbenchError
from fpbench.audio.decoding import open_recording
from fpbench.audio.reading import audio_hash, read_audio

RATE = 8_000


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, samples).astype(np.float32)


def mp3_that_announces_more(path: Path) -> Path:
    """An MP3 file without a table of contents, whose length is guessed from its size."""
    soundfile.write(path, noise(3 * RATE), RATE, bitrate_mode="CONSTANT", compression_level=0.3)
    content = path.read_bytes()
    assert content.count(b"Info") == 1
    path.write_bytes(content.replace(b"Info", b"none") + bytes(600))
    return path


def test_only_what_the_decoder_returned_is_audio(tmp_path: Path) -> None:
    path = mp3_that_announces_more(tmp_path / "a.mp3")
    with open_recording(path) as recording:
        assert recording.announced_frames is not None
        decoded = sum(len(block) for block in recording.blocks())
        assert 3 * RATE < decoded < recording.announced_frames - 0.05 * RATE
    samples = read_audio(path, RATE)
    assert len(samples) == decoded
    np.testing.assert_array_equal(read_audio(path, RATE), samples)


@pytest.mark.parametrize("padding", [0, 1])
def test_a_wav_file_with_gsm_samples_is_read(tmp_path: Path, padding: int) -> None:
    path = tmp_path / "voicemail.wav"
    soundfile.write(path, noise(320 * 49), RATE, subtype="GSM610")
    content = path.read_bytes()
    length = content.index(b"data") + 4
    blocks = 49 * 65
    content = content[: length + 4 + blocks] + bytes(padding)
    path.write_bytes(
        content[:length] + (blocks + padding).to_bytes(4, "little") + content[length + 4 :]
    )
    assert len(read_audio(path, RATE)) == 320 * 49


def test_a_wav_file_without_a_length_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(RATE), RATE)
    content = path.read_bytes()
    path.write_bytes(content[:40] + bytes(4) + content[44:])
    assert len(read_audio(path, RATE)) == RATE


def test_a_codec_among_the_integers_of_a_wav_file_is_decoded(tmp_path: Path) -> None:
    """Such a file sounds like noise if its integers are taken for samples."""
    path, rate = tmp_path / "disc.wav", 48_000
    packets = []
    encoder = av.CodecContext.create("ac3", "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate, "stereo", "fltp"
    encoder.bit_rate = 192_000
    tone = np.sin(2 * np.pi * 440 * np.arange(1536 * 30) / rate).astype(np.float32) / 2
    frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]), "fltp", "stereo")
    frame.sample_rate, frame.pts = rate, 0
    for packet in [*encoder.encode(frame), *encoder.encode(None)]:
        content = np.frombuffer(bytes(packet), ">i2").astype("<i2").tobytes()
        burst = np.array([0xF872, 0x4E1F, 1, 8 * len(content)], "<u2").tobytes() + content
        packets.append(burst.ljust(1536 * 4, b"\0"))
    integers = np.frombuffer(b"".join(packets), "<i2").reshape(-1, 2)
    soundfile.write(path, integers, rate, subtype="PCM_16")
    samples = read_audio(path, 8_000)
    assert np.argmax(np.abs(np.fft.rfft(samples[1_000:5_000]))) == 440 / 2
    assert np.abs(samples[1_000:5_000]).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    os.mkfifo(path)
    for read in (lambda: read_audio(path, RATE), lambda: audio_hash(path)):
        with pytest.raises(FpbenchError, match="it is a pipe or a device, not a file"):
            read()
