"""Files of chunks that are shorter than their headers say are found."""

from pathlib import Path

import pytest
import soundfile
from damaged_files import RATE, damage_of, music

from fpbench.audio.sample_chunks import SampleChunk, _aiff_bytes_per_s, find_sample_chunk

KINDS = {
    "wav": {"format": "WAV"},
    "float": {"format": "WAV", "subtype": "FLOAT"},
    "wavex": {"format": "WAVEX", "subtype": "PCM_24"},
    "rifx": {"format": "WAV", "endian": "BIG"},
    "rf64": {"format": "RF64"},
    "w64": {"format": "W64"},
    "aiff": {"format": "AIFF"},
    "aifc": {"format": "AIFF", "subtype": "FLOAT"},
    "caf": {"format": "CAF"},
    "au": {"format": "AU"},
    "ulaw": {"format": "AU", "subtype": "ULAW"},
}


def write(path: Path, kind: str) -> bytes:
    soundfile.write(path, music(2), RATE, **KINDS[kind])
    return path.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_is_found_with_its_time(tmp_path: Path, kind: str) -> None:
    content = write(tmp_path / "a", kind)
    assert damage_of(tmp_path / "b", content) is None
    assert damage_of(tmp_path / "c", content + b"junk") is None
    damage = damage_of(tmp_path / "d", content[: len(content) // 2])
    assert damage is not None
    assert damage.reason.startswith("truncated: its header gives ")
    assert damage.at_s == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hole_leaves_the_file_too_short(tmp_path: Path, kind: str) -> None:
    content = write(tmp_path / "a", kind)
    assert damage_of(tmp_path / "b", content[:50_000] + content[60_000:]) is not None


@pytest.mark.parametrize("kind", ["wav", "rf64", "rifx", "aiff"])
def test_samples_that_the_header_does_not_count_are_found(tmp_path: Path, kind: str) -> None:
    content = write(tmp_path / "a", kind)
    more = content + content[100_000:300_000]
    damage = damage_of(tmp_path / "b", more)
    assert damage is not None
    assert damage.reason.endswith("bytes behind its samples belong to no chunk")
    order = "little" if kind in {"wav", "rf64"} else "big"
    chunk = b"note" + (250_000).to_bytes(4, order) + bytes(range(250)) * 1_000
    assert damage_of(tmp_path / "c", content + chunk) is None
    assert damage_of(tmp_path / "d", content + chunk + bytes(300_000)) is None


@pytest.mark.parametrize("length", [1 << 48, (1 << 63) - 1, (1 << 64) - 1])
def test_a_chunk_longer_than_any_file_is_not_followed(tmp_path: Path, length: int) -> None:
    content = write(tmp_path / "a", "caf")
    odd = content[:8] + b"odd " + length.to_bytes(8, "big") + content[8:]
    assert damage_of(tmp_path / "b", odd) is None


@pytest.mark.parametrize("length", [0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_a_writer_to_a_pipe_does_not_know_the_length(tmp_path: Path, length: int) -> None:
    content = write(tmp_path / "a", "wav")
    content = content[:40] + length.to_bytes(4, "little") + content[44:]
    assert damage_of(tmp_path / "b", content) is None


def test_the_samples_of_a_wav_file(tmp_path: Path) -> None:
    content = write(tmp_path / "a", "wav")
    with (tmp_path / "a").open("rb") as file:
        assert find_sample_chunk(file) == SampleChunk(44, len(content), 4.0 * RATE, 1, "little")


@pytest.mark.parametrize(
    "content", [b"", b"RIFF\0\0\0\0WAVE", b"FORM\0\0\0\0AIFF", b"caff", b"RIFF\0\0\0\0AVI "]
)
def test_other_files_have_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with (tmp_path / "a").open("rb") as file:
        assert find_sample_chunk(file) is None


@pytest.mark.parametrize("exponent", [b"\x7f\xff", b"\xff\xff", b"\x42\x68"])
def test_an_aiff_rate_too_large_for_a_number_is_none(exponent: bytes) -> None:
    layout = b"\x00\x02\x00\x00\x00\x10\x00\x10" + exponent + b"\xff" * 8
    assert _aiff_bytes_per_s(layout) == 0
