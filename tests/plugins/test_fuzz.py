"""Changed manifests, ready-made fingerprints and generators are read, or refused by name."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from mutations import (
    Draw,
    for_examples,
    mutate_arrays,
    mutate_bytes,
    mutate_json,
    read_or_refuse,
)
from safetensors.numpy import save_file

from fpbench import Settings
from fpbench.generators.files import load_generator
from fpbench.plugin.catalog import Catalog
from fpbench_plugins.embeddings import create as open_embeddings
from fpbench_plugins.manifest import create as open_manifest


def test_a_changed_manifest_is_read_or_refused(examples: int, tmp_path: Path) -> None:
    path = tmp_path / "changed.csv"
    for name in ("a.ogg", "b.ogg"):
        (tmp_path / name).touch()
    content = b'path,kind,split\na.ogg,music,test\n"b.ogg",music,generator\n'

    @for_examples(examples)
    def check(data: Draw) -> None:
        path.write_bytes(mutate_bytes(data, content))
        read_or_refuse(lambda path: open_manifest(Settings(argument=str(path))), path)


def write_embeddings(folder: Path, kind: str) -> None:
    """Three matrices in one of the formats; in .npz with tracks, and as .npy with a table."""
    folder.mkdir()
    rows = np.ones((3, 2), np.float32)
    for name in ("query", "db", "dummy_db"):
        if kind == "mm":
            (folder / f"{name}.mm").write_bytes(rows.tobytes())
            np.save(folder / f"{name}_shape.npy", np.array([3, 2]))
        elif kind == "npz":
            times = {
                "track": np.arange(3),
                "start_s": np.zeros(3),
                "tracks": np.array(["a", "b", "c"]),
            }
            np.savez(folder / f"{name}.npz", vectors=rows, **times)
        elif kind == "fbin":
            content = np.array([3, 2], "<i4").tobytes() + rows.tobytes()
            (folder / f"{name}.fbin").write_bytes(content)
        else:
            np.save(folder / f"{name}.npy", rows)
    if kind == "table":
        lines = [f"{name},t{i},{i}.5" for name in ("query", "db", "dummy_db") for i in range(3)]
        (folder / "tracks.csv").write_text("\n".join(["file,track,start_s", *lines]))


@pytest.mark.parametrize("kind", ["mm", "npz", "fbin", "table"])
def test_changed_embeddings_are_read_or_refused(examples: int, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "changed"
    write_embeddings(folder, kind)
    files = {file: file.read_bytes() for file in sorted(folder.iterdir())}
    assert open_embeddings(Settings(argument=str(folder))).vectors is not None

    @for_examples(examples)
    def check(data: Draw) -> None:
        file = data.draw(st.sampled_from(list(files)))
        mutate = mutate_arrays if kind == "npz" and data.draw(st.booleans()) else mutate_bytes
        file.write_bytes(mutate(data, files[file]))
        read_or_refuse(lambda path: open_embeddings(Settings(argument=str(path))), folder)
        file.write_bytes(files[file])


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


@pytest.mark.slow
def test_a_changed_generator_is_loaded_or_refused(
    examples: int, catalog: Catalog, tmp_path: Path
) -> None:
    path = tmp_path / "changed.safetensors"
    arrays = {"mean": np.zeros(2), "factor": np.eye(2), "project": np.array(True)}
    save_file({name: np.asarray(array, np.float32) for name, array in arrays.items()}, path)
    content = path.read_bytes()
    record = {"generator": "gaussian", "settings": {}, "history": []}

    @for_examples(examples)
    def check(data: Draw) -> None:
        path.write_bytes(mutate_bytes(data, content))
        path.with_suffix(".json").write_text(json.dumps(mutate_json(data, record)))
        read_or_refuse(lambda path: load_generator(path, catalog, Settings()), path, names=False)
