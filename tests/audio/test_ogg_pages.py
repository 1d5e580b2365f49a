"""Every page of an Ogg file is checked, whatever streams it has."""

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from damaged_files import RATE, damage_of, missed, music

from fpbench.audio.damage import find_damage
from fpbench.audio.ogg_pages import ogg_checksum

SECONDS = 6.0


@pytest.fixture(scope="module")
def vorbis(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("ogg") / "a.ogg"
    soundfile.write(path, music(SECONDS), RATE)
    return path.read_bytes()


@pytest.fixture(scope="module")
def opus(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("ogg") / "a.opus"
    soundfile.write(path, music(SECONDS), 48_000, format="OGG", subtype="OPUS")
    return path.read_bytes()


def pages(content: bytes) -> list[bytes]:
    found = []
    while content:
        segments = content[26]
        length = 27 + segments + sum(content[27 : 27 + segments])
        found.append(content[:length])
        content = content[length:]
    return found


def renumber(page: bytes, serial: int) -> bytes:
    """The page in a stream of another number, with the checksum that this asks for."""
    page = page[:14] + serial.to_bytes(4, "little") + page[18:22] + bytes(4) + page[26:]
    return page[:22] + ogg_checksum(page).to_bytes(4, "little") + page[26:]


def test_the_checksum_is_that_of_a_real_page(vorbis: bytes) -> None:
    first = pages(vorbis)[0]
    assert ogg_checksum(first[:22] + bytes(4) + first[26:]) == int.from_bytes(
        first[22:26], "little"
    )


def test_the_checksum_of_one_bit_is_the_polynomial() -> None:
    assert ogg_checksum(b"\x01") == 0x04C11DB7


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_whole_files_are_not_damaged(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    content = request.getfixturevalue(kind)
    assert damage_of(tmp_path / "a", content) is None
    assert damage_of(tmp_path / "chained", content + content) is None
    assert damage_of(tmp_path / "tag", content + b"TAG" + bytes(125)) is None


def test_every_breakage_is_found_where_it_begins(tmp_path: Path, vorbis: bytes) -> None:
    assert missed(tmp_path / "a", vorbis, 1, lambda damage: (damage.at_s or 0) / SECONDS) == []


def test_missing_pages_are_counted(tmp_path: Path, opus: bytes) -> None:
    whole = pages(opus)
    damage = damage_of(tmp_path / "a", b"".join(whole[:4] + whole[6:]))
    assert damage is not None
    assert damage.reason == "damaged: 2 pages missing"
    assert damage.at_s == pytest.approx(2, abs=0.1)  # two pages of tags, two of 1 s


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        pytest.param(lambda p: p[:-1], "does not end the stream", id="no end"),
        pytest.param(lambda p: [*p[:-1], p[-1][:-1]], "last page is incomplete", id="cut"),
        pytest.param(lambda p: [*p[:3], p[3], *p[3:]], "twice or out of order", id="twice"),
        pytest.param(lambda p: [*p[:3], p[3][:-1] + b"?", *p[4:]], "checksum", id="one byte"),
        pytest.param(lambda p: [*p[:-2], *p], "stops before its end", id="cut and chained"),
        pytest.param(lambda p: [*p, *p[1:]], "is there twice", id="chained without a start"),
        pytest.param(
            lambda p: [*p, *[renumber(page, 7) for page in p[1:]]],
            "first pages of a stream are missing",
            id="another without a start",
        ),
        pytest.param(lambda p: [*p[:3], b"junk", *p[3:]], "bytes between its pages", id="junk"),
    ],
)
def test_says_what_is_broken(
    tmp_path: Path, opus: bytes, broken: Callable[[list[bytes]], list[bytes]], reason: str
) -> None:
    damage = damage_of(tmp_path / "a", b"".join(broken(pages(opus))))
    assert damage is not None
    assert reason in damage.reason


def test_streams_may_take_turns(tmp_path: Path, vorbis: bytes, opus: bytes) -> None:
    first, second = pages(vorbis), [renumber(page, 7) for page in pages(opus)]
    turns = [*first[:1], *second[:1], *second[1:3], *first[1:], *second[3:]]
    assert damage_of(tmp_path / "a", b"".join(turns)) is None
    del turns[10]
    assert damage_of(tmp_path / "b", b"".join(turns)) is not None


def test_a_chain_is_damaged_where_its_second_stream_is(tmp_path: Path, opus: bytes) -> None:
    whole = pages(opus)
    damage = damage_of(tmp_path / "a", opus + b"".join(whole[:5] + whole[6:]))
    assert damage is not None
    assert damage.at_s == pytest.approx(SECONDS * RATE / 48_000 + 3, abs=0.2)


@pytest.mark.slow
def test_the_real_recordings_are_whole(shared: Path) -> None:
    files = sorted((shared / "data").rglob("*.ogg"))[::7]
    assert {path.name: damage for path in files if (damage := find_damage(path))} == {}
