"""Evidence lies beside its result, with the bytes that the result names."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.hashing import file_sha256
from fpbench.results.document import EvidenceInfo
from fpbench.results.evidence_files import locate_evidence


def test_evidence_is_found_if_it_is_of_the_same_run(tmp_path: Path) -> None:
    result, file = tmp_path / "r.json", tmp_path / "r.exact.real.npz"
    file.write_bytes(b"evidence")
    info = EvidenceInfo(file=file.name, sha256=file_sha256(file))
    assert locate_evidence(result, info) == file
    file.write_bytes(b"of another run")
    with pytest.raises(FpbenchError, match=r"r\.exact\.real\.npz: its SHA-256 differs .*r\.json"):
        locate_evidence(result, info)
    file.unlink()
    assert locate_evidence(result, info) is None


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir], ids=["pipe", "folder"])
def test_a_pipe_or_a_folder_is_no_evidence(tmp_path: Path, make: Callable[[Path], None]) -> None:
    file = tmp_path / "r.exact.real.npz"
    make(file)
    with pytest.raises(FpbenchError, match=r"r\.exact\.real\.npz is not a file"):
        locate_evidence(tmp_path / "r.json", EvidenceInfo(file=file.name, sha256="0" * 64))
