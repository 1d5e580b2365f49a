"""Files that are none of their kind are named as what they are, by all readers alike."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.audio.decoding import open_recording
from fpbench.encoders.archives import find_checkpoint
from fpbench.encoders.checkpoints import import_checkpoint
from fpbench.evidence.files import read_evidence
from fpbench.fingerprints.files import read_vectors
from fpbench.plugin.catalog import Catalog
from fpbench.results.files import read_result
from fpbench.stand_ins import find_stand_in, refuse_stand_in
from fpbench.tensor_files import read_tensors
from fpbench_plugins.building_blocks.flow.generator import read_flow
from fpbench_plugins.building_blocks.saved_arrays import load_arrays
from fpbench_plugins.embeddings.matrices import read_matrix

LFS = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1234\n".encode()

KINDS = {
    "lfs": (LFS, "is a pointer of Git LFS", "git lfs pull"),
    "annex": (b"/annex/objects/SHA256E-s12--ab.wav\n", "is a pointer of git-annex", "annex get"),
    "page": (b"\n<!DOCTYPE html>\n<html><body>Log in</body></html>", "is a web page", "download"),
    "xml": (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "is a web page", "download"),
}

READERS: dict[str, Callable[[Path], object]] = {
    "weights.safetensors": lambda path: read_tensors(path, advice="make it again"),
    "flow.safetensors": lambda path: read_flow(path, "rectified-flow"),
    "gaussian.safetensors": lambda path: load_arrays(path, "gaussian", {"mean"}),
    "vectors.npy": read_vectors,
    "vectors.npz": read_vectors,
    "vectors.fbin": read_vectors,
    "matrix.npy": lambda path: read_matrix(path, refuse_nan=True),
    "matrix.npz": lambda path: read_matrix(path, refuse_nan=True),
    "evidence.npz": read_evidence,
    "result.json": read_result,
    "checkpoint.pt": lambda path: import_checkpoint(
        Catalog.load().checkpoints()["grafprint"], path
    ),
    "checkpoint.zip": lambda path: find_checkpoint(path, "torch", None, 1000).__enter__(),
}


@pytest.mark.parametrize("name", READERS)
def test_every_reader_knows_a_pointer_of_git_lfs(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(LFS)
    with pytest.raises(FpbenchError, match="is a pointer of Git LFS") as e:
        READERS[name](path)
    assert name in e.value.message
    assert "git lfs pull" in str(e.value.hint)


def test_a_recording_that_is_a_pointer_says_so(tmp_path: Path) -> None:
    path = tmp_path / "tune.flac"
    path.write_bytes(LFS)
    with pytest.raises(FpbenchError, match=r"tune.flac: it is a pointer of Git LFS.*git lfs pull"):
        open_recording(path).__enter__()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_named_with_what_to_do(tmp_path: Path, kind: str) -> None:
    content, message, hint = KINDS[kind]
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    with pytest.raises(FpbenchError, match=message) as e:
        refuse_stand_in(path)
    assert hint in str(e.value.hint)


def test_other_contents_pass(tmp_path: Path) -> None:
    path = tmp_path / "file"
    texts = (b"", b'{"version": 1}', "\u00e9t\u00e9".encode(), b"a line\n" * 100)
    for content in (*texts, b"RIFF\x00", b"\x93NUMPY"):
        path.write_bytes(content)
        assert find_stand_in(path) is None
    refuse_stand_in(tmp_path / "nowhere")
