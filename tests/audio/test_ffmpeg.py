"""FFmpeg reads the formats of a folder of music, and nothing that such a folder does not hold."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from fpbench import FpbenchError
from fpbench.audio.decoding import open_recording
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


def encode(
    path: Path, container: str, codec: str, samples: np.ndarray, rate: int = 48_000, **tags: str
) -> Path:
    """Write mono samples with FFmpeg."""
    with av.open(str(path), "w", format=container) as file:
        file.metadata.update(tags)
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


def decode(path: Path) -> np.ndarray:
    """All samples of all channels."""
    with open_recording(path) as recording:
        return np.concatenate(list(recording.blocks()))


def test_lengths_are_what_ffmpeg_gives(tmp_path: Path) -> None:
    """With a gapless header, encoder delay and padding are not audio."""
    path = encode(tmp_path / "a.mp3", "mp3", "libmp3lame", sing(1.234))
    assert len(decode(path)) == round(1.234 * 48_000)
    path = encode(tmp_path / "a.opus", "opus", "libopus", sing(1.234))
    assert len(decode(path)) == round(1.234 * 48_000)


def test_reads_all_of_joined_mp3_files(tmp_path: Path) -> None:
    one = encode(tmp_path / "1.mp3", "mp3", "libmp3lame", sing(2.0), title="A").read_bytes()
    two = encode(tmp_path / "2.mp3", "mp3", "libmp3lame", sing(3.0), title="B").read_bytes()
    path = tmp_path / "joined.mp3"
    path.write_bytes(one + b"TAG" + bytes(125) + two)
    assert len(decode(path)) / 48_000 == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize(
    ("codec", "form"),
    [
        pytest.param("pcm_u8", "wav", id="unsigned"),
        pytest.param("pcm_s16le", "matroska", id="16 bits"),
        pytest.param("pcm_s24le", "mov", id="24 bits"),
        pytest.param("pcm_f32le", "matroska", id="float32"),
        pytest.param("pcm_f64le", "matroska", id="float64"),
    ],
)
def test_full_scale_is_one(tmp_path: Path, codec: str, form: str) -> None:
    ramp = np.linspace(-1, 0.99, 4_800, dtype=np.float32)
    decoded = decode(encode(tmp_path / "a", form, codec, ramp))[:, 0]
    np.testing.assert_allclose(decoded, ramp, atol=1 / 128 if codec == "pcm_u8" else 1e-4)


def test_reads_the_sound_of_a_video_and_ignores_its_pictures(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as file:
        pictures = file.add_stream("mpeg4", rate=25)
        sound = file.add_stream("pcm_s16le", rate=8_000, layout="mono")
        pictures.width = pictures.height = 16
        frame = av.VideoFrame(16, 16, "yuv420p")
        file.mux([*pictures.encode(frame), *pictures.encode(None)])
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), "s16", "mono")
        samples.sample_rate, samples.pts = 8_000, 0
        file.mux([*sound.encode(samples), *sound.encode(None)])
    assert decode(path).shape == (16_000, 1)


def write_streams(path: Path, *streams: tuple[float, float]) -> Path:
    """Write streams of (start, length) in seconds, which a container stores as they are."""
    with av.open(str(path), "w") as file:
        outputs = [file.add_stream("pcm_s16le", rate=8_000, layout="mono") for _ in streams]
        for stream, (start_s, length_s) in zip(outputs, streams, strict=True):
            values = np.zeros((1, round(8_000 * length_s)), np.int16)
            samples = av.AudioFrame.from_ndarray(values, "s16", "mono")
            samples.sample_rate, samples.pts = 8_000, round(8_000 * start_s)
            file.mux([*stream.encode(samples), *stream.encode(None)])
    return path


@pytest.mark.parametrize(
    "streams",
    [
        pytest.param([(3.0, 2.0)], id="it starts late"),
        pytest.param([(0.0, 2.0), (0.0, 4.0)], id="another track is longer"),
    ],
)
@pytest.mark.parametrize("kind", ["mka", "wma"])
def test_the_time_of_the_end_is_no_length(
    tmp_path: Path, kind: str, streams: list[tuple[float, float]]
) -> None:
    path = write_streams(tmp_path / f"a.{kind}", *streams)
    assert decode(path).shape == (16_000, 1)


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as file:
        pictures = file.add_stream("mpeg4", rate=25)
        pictures.width = pictures.height = 16
        file.mux([*pictures.encode(av.VideoFrame(16, 16, "yuv420p")), *pictures.encode(None)])
    with pytest.raises(FpbenchError, match="it holds no audio"):
        read_audio(path, 8_000)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.m3u8", "#EXTM3U\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n", id="playlist"),
        pytest.param("a.mp3", "#EXTM3U\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n", id="as mp3"),
        pytest.param("a.ffconcat", "ffconcat version 1.0\nfile '{}'\n", id="concat"),
        pytest.param("a.sdp", "v=0\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n", id="network"),
    ],
)
def test_a_file_cannot_lead_to_another(tmp_path: Path, name: str, content: str) -> None:
    other = encode(tmp_path / "other.ts", "mpegts", "mp2", sing(0.5))
    path = tmp_path / name
    path.write_text(content.format(other))
    with pytest.raises(FpbenchError, match="it is not recognised as audio"):
        read_audio(path, 8_000)


@pytest.mark.parametrize("name", ["http:", "a:b.mp3", "-i", "100%d.mp3", "concat:a|b"])
def test_a_name_is_never_a_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    encode(tmp_path / "a", "mp3", "libmp3lame", sing(0.5)).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert len(read_audio(Path(name), 8_000)) == 4_000


def test_tags_need_not_be_utf_8(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.au", "au", "pcm_s16be", sing(0.5), title="Xyz")
    content = path.read_bytes()
    assert b"Xyz" in content
    path.write_bytes(content.replace(b"Xyz", b"\xfc\xff\xe9"))
    assert len(read_audio(path, 8_000)) == 4_000


def test_a_sample_rate_that_changes_is_refused(tmp_path: Path) -> None:
    one = encode(tmp_path / "1", "adts", "aac", sing(1.0)).read_bytes()
    two = encode(tmp_path / "2", "adts", "aac", sing(1.0, 24_000), 24_000).read_bytes()
    path = tmp_path / "both.aac"
    path.write_bytes(one + two)
    with pytest.raises(
        FpbenchError, match=r"its sample rate changes from 48000 to 24000 Hz at 1\."
    ):
        read_audio(path, 8_000)


def test_a_number_of_channels_that_changes_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (48_000, 2))
    for name, samples in (("1", noise), ("2", noise[:, :1])):
        soundfile.write(tmp_path / name, samples, 48_000, format="MP3", bitrate_mode="CONSTANT")
    path = tmp_path / "both.mp3"
    path.write_bytes((tmp_path / "1").read_bytes() + (tmp_path / "2").read_bytes())
    with pytest.raises(FpbenchError, match=r"its number of channels changes from 2 to 1 at 1\."):
        decode(path)


def zero_a_tenth(content: bytes) -> bytes:
    start, length = len(content) // 2, len(content) // 10
    return content[:start] + bytes(length) + content[start + length :]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["m4a", "webm", "opus", "mkv", "wma", "tta", "wv", "flv", "ts"])
def test_damage_inside_is_refused_with_its_time(tmp_path: Path, kind: str) -> None:
    path = encode(tmp_path / "a", *CODECS[kind], sing(12.0))
    path.write_bytes(zero_a_tenth(path.read_bytes()))
    with pytest.raises(FpbenchError, match=r"from [3-8]\.\d s on"):
        decode(path)


@pytest.mark.parametrize("kind", ["aiff", "au", "caf", "mka", "webm", "tta", "wv", "alaw"])
def test_a_file_that_ends_early_is_refused(tmp_path: Path, kind: str) -> None:
    path = encode(tmp_path / "a", *CODECS[kind], sing(12.0))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FpbenchError, match=r"truncated|damaged"):
        read_audio(path, 8_000)


def test_threads_change_nothing_and_nothing_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = encode(tmp_path / "a.mp3", "mp3", "libmp3lame", sing(2.0))
    path.write_bytes(zero_a_tenth(path.read_bytes()))  # what FFmpeg would complain of
    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(decode, [path] * 8)
    for other in others:
        np.testing.assert_array_equal(other, first)
    assert capfd.readouterr() == ("", "")
