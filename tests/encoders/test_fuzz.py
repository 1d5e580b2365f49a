"""A changed checkpoint or weights file is imported unchanged in its numbers, or refused by name."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from mutations import Draw, for_examples, mutate_bytes, mutate_json, read_or_refuse

from fpbench import Checkpoint, TensorRule
from fpbench.encoders.checkpoints import import_checkpoint
from fpbench.encoders.recipes import parse_flat_toml, read_text
from fpbench.encoders.weights import WeightsInfo, load_weights, read_info, write_weights

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
TENSORFLOW = Checkpoint(
    fingerprinter="toy",
    format="tensorflow",
    tensors=lambda: [
        TensorRule(source="kernel", target="kernel", shape=(2, 3)),
        TensorRule(source="bias", target="bias", shape=(3,)),
    ],
    config={},
    licence="MIT",
)
TORCH = Checkpoint(
    fingerprinter="toy",
    format="torch",
    tensors=TENSORFLOW.tensors,
    config={},
    licence="MIT",
    state_key="state_dict",
    ignored=("extra",),
)
VALUES = {"kernel": KERNEL, "bias": KERNEL[0].copy()}


def torch_file(*, zipped: bool) -> bytes:
    state = {name: torch.from_numpy(value) for name, value in VALUES.items()}
    content = io.BytesIO()
    torch.save(
        {"state_dict": state | {"extra": torch.zeros(2, 2).T}, "score": np.float64(1), "n": {1}},
        content,
        _use_new_zipfile_serialization=zipped,
    )
    return content.getvalue()


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before 1.6"])
def test_changed_bytes_of_a_torch_file_are_refused_or_harmless(
    examples: int, tmp_path: Path, *, zipped: bool
) -> None:
    content, path = torch_file(zipped=zipped), tmp_path / "changed.pth"

    @for_examples(examples)
    def check(data: Draw) -> None:
        path.write_bytes(mutate_bytes(data, content))
        imported = read_or_refuse(lambda path: import_checkpoint(TORCH, path), path)
        if imported is not None and zipped:  # there were no checksums before
            assert (imported[0]["kernel"] == KERNEL).all()


def test_a_changed_record_with_its_checksum_is_read_or_refused(
    examples: int, tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(torch_file(zipped=True))) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    (pickled,) = (name for name in records if name.endswith("data.pkl"))
    path = tmp_path / "changed.pth"

    @for_examples(examples)
    def check(data: Draw) -> None:
        name = data.draw(st.sampled_from([pickled, pickled, *records]))
        changed = records | {name: mutate_bytes(data, records[name])}
        kind = data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
        with zipfile.ZipFile(path, "w", kind) as archive:
            for record, content in changed.items():
                archive.writestr(record, content)
        read_or_refuse(lambda path: import_checkpoint(TORCH, path), path)


def test_a_changed_bundle_is_refused_or_harmless(
    examples: int,
    write_bundle: Callable[[Path, Mapping[str, np.ndarray]], None],
    tmp_path: Path,
) -> None:
    prefix = tmp_path / "changed"
    write_bundle(prefix, VALUES)
    files = {file: file.read_bytes() for file in tmp_path.iterdir()}

    @for_examples(examples)
    def check(data: Draw) -> None:
        file = data.draw(st.sampled_from(sorted(files)))
        file.write_bytes(mutate_bytes(data, files[file]))
        imported = read_or_refuse(lambda path: import_checkpoint(TENSORFLOW, path), prefix)
        if imported is not None:
            assert (imported[0]["kernel"] == KERNEL).all()
        file.write_bytes(files[file])


def test_a_changed_index_with_its_checksums_is_read_or_refused(
    examples: int,
    write_bundle: Callable[[Path, Mapping[str, np.ndarray]], None],
    bundle_format: Any,
    tmp_path: Path,
) -> None:
    prefix = tmp_path / "changed"
    write_bundle(prefix, VALUES)
    index = tmp_path / "changed.index"
    whole = index.read_bytes()
    end = whole.index(b"\0\0\0\0\1\0\0\0\0")  # the restarts of the first block
    body = whole[:end]

    @for_examples(examples)
    def check(data: Draw) -> None:
        block = bundle_format.finish_block(mutate_bytes(data, body))
        index.write_bytes(bundle_format.table([block], [0]))
        read_or_refuse(lambda path: import_checkpoint(TENSORFLOW, path), prefix)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz", ".tar.bz2", ".zip"])
def test_a_changed_archive_is_refused_or_harmless(
    examples: int, tmp_path: Path, suffix: str
) -> None:
    (tmp_path / "model.pth").write_bytes(torch_file(zipped=True))
    path = tmp_path / f"changed{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zip_file:
            zip_file.write(tmp_path / "model.pth", "a/model.pth")
    else:
        with tarfile.open(path, f"w:{suffix[5:]}") as tar_file:
            tar_file.add(tmp_path / "model.pth", "a/model.pth")
    content = path.read_bytes()

    @for_examples(examples)
    def check(data: Draw) -> None:
        # The header of a tar is where its sizes and names are.
        head = data.draw(st.sampled_from([512, len(content)]))
        path.write_bytes(mutate_bytes(data, content[:head]) + content[head:])

        def read(path: Path) -> dict[str, np.ndarray]:
            return import_checkpoint(TORCH, path)[0]

        try:
            imported = read_or_refuse(read, path)
        except AssertionError:  # the error is about the checkpoint in it
            imported = None
        if imported is not None:
            assert (imported["kernel"] == KERNEL).all()


def test_a_changed_weights_file_is_read_or_refused(
    examples: int,
    tmp_path: Path,
) -> None:
    path = tmp_path / "changed.safetensors"
    write_weights(path, VALUES, WeightsInfo(fingerprinter="toy", config={"a": 1}, source="x"))
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["__metadata__"]["fpbench"] = json.loads(header["__metadata__"]["fpbench"])

    def change_header(data: Draw) -> bytes:
        changed = mutate_json(data, header)
        if isinstance(changed, dict) and isinstance(changed.get("__metadata__"), dict):
            inner = changed["__metadata__"]
            if "fpbench" in inner:
                inner["fpbench"] = json.dumps(inner["fpbench"])
        text = json.dumps(changed).encode()
        return len(text).to_bytes(8, "little") + text + content[8 + size :]

    @for_examples(examples)
    def check(data: Draw) -> None:
        in_header = data.draw(st.booleans())
        path.write_bytes(change_header(data) if in_header else mutate_bytes(data, content))
        read_or_refuse(read_info, path)
        read_or_refuse(lambda path: load_weights(path, "toy"), path)


def test_a_changed_recipe_is_read_or_refused(examples: int, tmp_path: Path) -> None:
    path = tmp_path / "changed.toml"
    content = b'steps = 3\nrate = 1e-3\nname = "x"\non = true\nwhen = 2020-01-01\n'

    @for_examples(examples)
    def check(data: Draw) -> None:
        path.write_bytes(mutate_bytes(data, content))
        read_or_refuse(lambda path: parse_flat_toml(read_text(path), str(path)), path)
