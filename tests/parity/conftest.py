"""Indexes are trained once for all tests that compare with recorded numbers."""

import os

import faiss
import numpy as np
import pytest
from filelock import FileLock

from fpbench import Vectors
from fpbench.hashing import content_key, rows_digest
from fpbench_plugins.faiss_indexes import blocks
from fpbench_plugins.faiss_indexes.settings import IndexSettings


@pytest.fixture(autouse=True)
def train_once(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Share trained indexes among tests and processes: training takes longer than all the rest."""
    folder, train = tmp_path_factory.getbasetemp(), blocks.train_index
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    def train_or_read(settings: IndexSettings, vectors: Vectors) -> faiss.Index:
        rows = np.asarray(vectors)
        path = folder / content_key(settings=repr(settings), rows=rows_digest(rows))
        with FileLock(f"{path}.lock"):
            if not path.exists():
                path.write_bytes(faiss.serialize_index(train(settings, vectors)).tobytes())
            return faiss.deserialize_index(np.frombuffer(path.read_bytes(), np.uint8))

    monkeypatch.setattr(blocks, "train_index", train_or_read)
