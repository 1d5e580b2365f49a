"""A file that is sent is read where it lies, or kept under its hash."""

from pathlib import Path

import pytest

from fpbench.cache import Store
from fpbench.search.engines.parts import SentFile


@pytest.fixture
def sent(tmp_path: Path) -> SentFile:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"weights")
    return SentFile.read(path)


def test_on_a_shared_disk_the_file_itself_is_used(sent: SentFile, tmp_path: Path) -> None:
    assert sent.place(Store(tmp_path / "cache"), "weights") == sent.path
    assert not (tmp_path / "cache").exists()


def test_elsewhere_it_is_written_once(sent: SentFile, tmp_path: Path) -> None:
    sent.path.unlink()
    kept = sent.place(Store(tmp_path / "cache"), "weights")
    assert (kept.read_bytes(), kept.suffix) == (b"weights", ".safetensors")
    before = kept.stat().st_ino
    assert sent.place(Store(tmp_path / "cache"), "weights") == kept
    assert kept.stat().st_ino == before


def test_another_file_of_its_name_is_not_taken_for_it(sent: SentFile, tmp_path: Path) -> None:
    sent.path.write_bytes(b"others")
    kept = sent.place(Store(tmp_path / "cache"), "weights")
    kept.write_bytes(b"damaged")
    assert sent.place(Store(tmp_path / "cache"), "weights") == kept
    assert kept.read_bytes() == b"weights"
