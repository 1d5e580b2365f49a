"""The first bytes of a file tell audio from pictures, programs and text."""

import io

import numpy as np
import pytest
import soundfile

from fpbench.audio.first_bytes import HEAD_BYTES, looks_like_audio, looks_like_text


def test_random_bytes_and_text_are_no_audio() -> None:
    rng = np.random.default_rng(0)
    taken = sum(looks_like_audio(rng.bytes(HEAD_BYTES)) for _ in range(2_000))
    assert taken <= 1
    assert not looks_like_audio(b"just a text" * 100)
    assert not looks_like_audio(bytes(HEAD_BYTES))
    assert not looks_like_audio(b"")


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "W64"])
@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100])
def test_recognises_what_libsndfile_writes(container: str, rate: int) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.random.default_rng(0).uniform(-0.5, 0.5, rate), rate, format=container)
    assert looks_like_audio(file.getvalue()[:HEAD_BYTES])
    assert not looks_like_text(file.getvalue()[:HEAD_BYTES])


@pytest.mark.parametrize(
    ("head", "audio"),
    [
        pytest.param(b"\0\0\0\x20ftypM4A ", True, id="m4a"),
        pytest.param(b"\0\0\0\x20ftypheic", False, id="picture in the same container"),
        pytest.param(b"RIFF\0\0\0\0WEBP", False, id="picture in RIFF"),
        pytest.param((b"G" + bytes(187)) * 3, True, id="transport stream"),
        pytest.param((bytes(4) + b"G" + bytes(187)) * 3, True, id="transport stream with times"),
        pytest.param(bytes.fromhex("fff15080013ffc") + bytes(2), False, id="one frame of AAC"),
        pytest.param((bytes.fromhex("fff15080013ffc") + bytes(2)) * 2, True, id="two of AAC"),
        pytest.param(b"\x89PNG\r\n\x1a\n", False, id="png"),
        pytest.param(b"PK\3\4", False, id="zip"),
    ],
)
def test_knows_the_first_bytes_of(head: bytes, audio: bool) -> None:
    assert looks_like_audio(head) == audio


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"", True, id="empty"),
        pytest.param("Grüße\n".encode(), True, id="utf-8"),
        pytest.param("Grüße\n".encode("latin-1"), True, id="latin-1"),
        pytest.param("Grüße\n".encode("utf-16"), True, id="utf-16"),
        pytest.param(b"MThd\0\0\0\6", False, id="midi"),
    ],
)
def test_tells_text_from_other_bytes(content: bytes, text: bool) -> None:
    assert looks_like_text(content) == text
