"""The headers of FLAC frames are found among all other bytes."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench.audio.flac_headers import read_frame_headers


def frames(path: Path, samples: int, **kind: object) -> bytes:
    noise = (0.1 * np.random.default_rng(0).standard_normal(samples)).astype(np.float32)
    soundfile.write(path, noise, 44_100, **kind)
    content = path.read_bytes()
    return content[content.index(b"\xff\xf8") :] + bytes(15)


def test_numbers_and_lengths_of_all_frames(tmp_path: Path) -> None:
    headers = read_frame_headers(frames(tmp_path / "a.flac", 200 * 4_096 + 100))
    assert headers.at[0] == 0
    assert headers.numbers.tolist() == list(range(201))  # from 128 on in two bytes
    assert headers.samples.tolist() == [4_096] * 200 + [100]
    assert not headers.counts_samples.any()


def test_the_example_of_the_standard() -> None:
    # RFC 9639, appendix D.1: one frame of one sample in two channels
    headers = read_frame_headers(bytes.fromhex("fff869180000bf03588c0a1f") + bytes(9))
    assert headers.numbers.tolist() == [0]
    assert headers.samples.tolist() == [1]


def test_one_wrong_bit_and_it_is_no_header(tmp_path: Path) -> None:
    content = frames(tmp_path / "a.flac", 4_096)
    assert len(read_frame_headers(content).at) == 1
    for bit in range(16, 48):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        assert len(read_frame_headers(bytes(changed)).at) == 0


@pytest.mark.parametrize("content", [b"", b"\xff", b"\xff\xf8", b"RIFF" + bytes(100)])
def test_other_bytes_have_no_headers(content: bytes) -> None:
    assert len(read_frame_headers(content).at) == 0
