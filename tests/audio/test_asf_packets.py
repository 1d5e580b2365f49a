"""All packets of a WMA file have to be there."""

from pathlib import Path

import pytest
from damaged_files import damage_of, encode

SECONDS = 6.0


@pytest.fixture(scope="module")
def wma() -> bytes:
    return encode("wmav2", "asf", SECONDS)


def test_a_whole_file_is_not_damaged(tmp_path: Path, wma: bytes) -> None:
    assert damage_of(tmp_path / "a", wma) is None


@pytest.mark.parametrize("part", [0.2, 0.5, 0.8])
def test_holes_and_zeros_are_found_where_they_begin(
    tmp_path: Path, wma: bytes, part: float
) -> None:
    at = int(part * len(wma))
    for filling in (b"", bytes(7_001)):
        damage = damage_of(tmp_path / f"{len(filling)}", wma[:at] + filling + wma[at + 7_001 :])
        assert damage is not None
        assert damage.reason == "damaged: packets are incomplete or wrong"
        assert damage.at_s == pytest.approx(part * SECONDS, abs=0.7)


def test_a_cut_is_found_with_its_time(tmp_path: Path, wma: bytes) -> None:
    damage = damage_of(tmp_path / "a", wma[: len(wma) // 2])
    assert damage is not None
    assert damage.reason.startswith("truncated: its header gives ")
    assert damage.at_s == pytest.approx(SECONDS / 2, abs=0.5)


@pytest.mark.parametrize("length", [16, 30, 100, 400])
def test_a_header_alone_is_not_judged(tmp_path: Path, wma: bytes, length: int) -> None:
    assert damage_of(tmp_path / "a", wma[:length]) is None
