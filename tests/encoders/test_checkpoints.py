"""Checkpoints come in whole or not at all, and no code in them runs."""

import io
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from fpbench import Checkpoint, FpbenchError, TensorRule
from fpbench.encoders.checkpoints import import_checkpoint
from fpbench.encoders.tensor_bundle import TensorBundle, masked_crc32c

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
BIASES = [np.array([1, 2], dtype=np.float32), np.array([3, 4], dtype=np.float32)]
VALUES = {
    "model/kernel": KERNEL,
    "model/bias/0": BIASES[0],
    "model/bias/1": BIASES[1],
    "optimizer/iter": np.array(7, dtype=np.int64),
}

LAYOUT = Checkpoint(
    fingerprinter="toy",
    format="tensorflow",
    tensors=lambda: [
        TensorRule(source="model/kernel", target="kernel", shape=(2, 3), axes=(1, 0)),
        TensorRule(source="model/bias/0", target="bias", shape=(2,), aliases=("model/b0",)),
        TensorRule(source="model/bias/1", target="bias", shape=(2,)),
    ],
    config={"width": 2},
    licence="MIT",
    ignored=("optimizer/.*",),
)
PICKLED = replace(LAYOUT, format="torch", state_key="state_dict", optional_prefix="module.")


# ---------------------------------------------------------------- writing TensorFlow's format


def varint(number: int) -> bytes:
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(high) if high else bytes([low])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def block(entries: Mapping[bytes, bytes]) -> bytes:
    """With keys that share what they can, a restart at the first, no compression."""
    body, before = b"", b""
    for key, value in entries.items():
        shared = len(os.path.commonprefix([before, key]))  # noqa: RUF071  of bytes, not of paths
        body += varint(shared) + varint(len(key) - shared) + varint(len(value))
        body += key[shared:] + value
        before = key
    body += struct.pack("<II", 0, 1) + b"\0"
    return body + struct.pack("<I", masked_crc32c(body))


def write_bundle(prefix: Path, values: Mapping[str, np.ndarray]) -> None:
    data = b""
    entries = {b"": field(1, 1)}
    for name in sorted(values):
        raw, shape = values[name].tobytes(), values[name].shape
        sizes = b"".join(field(2, field(1, size)) for size in shape)
        message = field(1, {"f": 1, "i": 9}[values[name].dtype.kind]) + field(2, sizes)
        message += field(4, len(data)) + field(5, len(raw))
        message += varint(6 << 3 | 5) + struct.pack("<I", masked_crc32c(raw))
        entries[f"{name}/.ATTRIBUTES/VARIABLE_VALUE".encode()] = message
        data += raw
    # Two data blocks, so that the index block has something to do.
    names = list(entries)
    index, table = {}, b""
    for part in (names[:2], names[2:]):
        content = block({name: entries[name] for name in part})
        index[part[-1]] = varint(len(table)) + varint(len(content) - 5)
        table += content
    handles = b""
    for last in (block({}), block(index)):
        handles += varint(len(table)) + varint(len(last) - 5)
        table += last
    table += handles.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    prefix.parent.mkdir(parents=True, exist_ok=True)
    prefix.with_name(prefix.name + ".index").write_bytes(table)
    prefix.with_name(prefix.name + ".data-00000-of-00001").write_bytes(data)


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "saved" / "ckpt-1", VALUES)
    return tmp_path / "saved" / "ckpt-1"


def data_of(prefix: Path) -> Path:
    return prefix.with_name(prefix.name + ".data-00000-of-00001")


def index_of(prefix: Path) -> Path:
    return prefix.with_name(prefix.name + ".index")


# ---------------------------------------------------------------- whole checkpoints


def assert_imported(tensors: Mapping[str, np.ndarray]) -> None:
    assert sorted(tensors) == ["bias", "kernel"]
    assert_array_equal(tensors["kernel"], [[0, 3], [1, 4], [2, 5]])
    assert_array_equal(tensors["bias"], [[1, 2], [3, 4]])


def test_a_bundle_gives_back_what_was_written(prefix: Path) -> None:
    bundle = TensorBundle(prefix)
    for name, value in VALUES.items():
        assert_array_equal(bundle.read(f"{name}/.ATTRIBUTES/VARIABLE_VALUE"), value)


def tarred(prefix: Path, suffix: str) -> Path:
    path = prefix.parents[1] / f"saved{suffix}"
    with tarfile.open(path, f"w:{suffix.rpartition('.')[2].replace('tgz', 'gz')}") as archive:
        archive.add(prefix.parent, "saved")
    return path


def zipped(prefix: Path) -> Path:
    path = prefix.parents[1] / "saved.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in prefix.parent.iterdir():
            archive.write(file, f"saved/{file.name}")
    return path


@pytest.mark.parametrize(
    "named",
    [
        pytest.param(lambda prefix: prefix, id="prefix"),
        pytest.param(index_of, id="index"),
        pytest.param(lambda prefix: prefix.parent, id="folder"),
        pytest.param(lambda prefix: prefix.parents[1], id="folder above"),
        pytest.param(lambda prefix: tarred(prefix, ".tar.xz"), id="tar.xz"),
        pytest.param(lambda prefix: tarred(prefix, ".tgz"), id="tgz"),
        pytest.param(zipped, id="zip"),
    ],
)
def test_every_way_to_name_a_checkpoint(prefix: Path, named: Callable[[Path], Path]) -> None:
    tensors, info = import_checkpoint(LAYOUT, named(prefix))
    assert_imported(tensors)
    assert (info.fingerprinter, info.config, info.licence) == ("toy", {"width": 2}, "MIT")
    assert len(info.source_sha256 or "") == 64


def test_of_several_the_state_file_or_the_user_chooses(prefix: Path) -> None:
    write_bundle(prefix.with_name("ckpt-2"), VALUES | {"model/kernel": KERNEL + 1})
    with pytest.raises(FpbenchError, match="2 checkpoints: ckpt-1, ckpt-2"):
        import_checkpoint(LAYOUT, prefix.parent)
    chosen, _ = import_checkpoint(LAYOUT, prefix.parent, member="ckpt-1")
    assert_imported(chosen)
    state = prefix.with_name("checkpoint")
    state.write_text('model_checkpoint_path: "ckpt-2"\nall_model_checkpoint_paths: "ckpt-1"\n')
    latest, _ = import_checkpoint(LAYOUT, prefix.parent)
    assert latest["kernel"][0, 0] == 1


def test_an_alias_is_as_good_as_the_name(prefix: Path) -> None:
    values = dict(VALUES)
    values["model/b0"] = values.pop("model/bias/0")
    write_bundle(prefix, values)
    assert_imported(import_checkpoint(LAYOUT, prefix)[0])


# ---------------------------------------------------------------- tensors that do not fit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"model/bias/1": None}, "1 tensors missing: model/bias/1", id="missing"),
        pytest.param(
            {"model/bias/1": None, "model/bios/1": BIASES[1]},
            "(?s)missing: model/bias/1.*unexpected: model/bios/1",
            id="renamed",
        ),
        pytest.param({"model/extra": KERNEL}, "1 tensors unexpected: model/extra", id="extra"),
        pytest.param(
            {"model/kernel": KERNEL.T.copy()},
            r"mis-shaped: model/kernel is \(3, 2\), not \(2, 3\)",
            id="shape",
        ),
        pytest.param(
            {"model/kernel": np.full((2, 3), np.nan, np.float32)}, "finite", id="not finite"
        ),
        pytest.param({"model/kernel": np.zeros((2, 3), np.int64)}, "finite", id="integers"),
    ],
)
def test_tensors_must_fit(
    prefix: Path, change: Mapping[str, np.ndarray | None], message: str
) -> None:
    changed: dict[str, np.ndarray | None] = {**VALUES, **change}
    write_bundle(prefix, {name: value for name, value in changed.items() if value is not None})
    with pytest.raises(FpbenchError, match=message):
        import_checkpoint(LAYOUT, prefix)


def test_long_lists_are_cut(prefix: Path) -> None:
    write_bundle(prefix, VALUES | {f"model/x{i}": KERNEL for i in range(9)})
    with pytest.raises(FpbenchError, match=r"9 tensors unexpected: .*x4 and 4 more"):
        import_checkpoint(LAYOUT, prefix)


# ---------------------------------------------------------------- damage


def cut(path: Path, to: int) -> None:
    path.write_bytes(path.read_bytes()[:to])


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(lambda p: cut(index_of(p), 100), "does not end as an index", id="index cut"),
        pytest.param(lambda p: cut(index_of(p), 0), "does not end as an index", id="index empty"),
        pytest.param(lambda p: flip(index_of(p), 3), "wrong checksum", id="index altered"),
        pytest.param(lambda p: cut(data_of(p), 30), "cut short: it ends inside", id="data cut"),
        pytest.param(lambda p: flip(data_of(p), 0), "wrong checksum", id="data altered"),
        pytest.param(lambda p: data_of(p).unlink(), "cannot read .*data-00000", id="no data"),
        pytest.param(lambda p: index_of(p).unlink(), "is not a TensorFlow checkpoint", id="none"),
    ],
)
def test_damage_is_named(prefix: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(prefix)
    with pytest.raises(FpbenchError, match=message):
        import_checkpoint(LAYOUT, prefix)


def test_truncations_of_an_index_are_refused(prefix: Path) -> None:
    whole = index_of(prefix).read_bytes()
    for size in range(0, len(whole), 2):
        index_of(prefix).write_bytes(whole[:size])
        with pytest.raises(FpbenchError):
            TensorBundle(prefix)


def test_altered_bits_of_an_index_are_refused_or_harmless(prefix: Path) -> None:
    whole = index_of(prefix).read_bytes()
    for at in range(0, len(whole), 3):
        flip(index_of(prefix), at)
        with suppress(FpbenchError):
            assert_imported(import_checkpoint(LAYOUT, prefix)[0])
        index_of(prefix).write_bytes(whole)


@pytest.mark.parametrize("suffix", [".tar.xz", ".tgz", ".tar"])
def test_a_cut_archive_is_refused(prefix: Path, suffix: str) -> None:
    path = tarred(prefix, suffix)
    cut(path, path.stat().st_size // 3)
    with pytest.raises(FpbenchError, match=r"cut short or damaged|nor a folder or archive"):
        import_checkpoint(LAYOUT, path)


def test_a_cut_zip_is_refused(prefix: Path) -> None:
    path = zipped(prefix)
    cut(path, path.stat().st_size // 2)
    with pytest.raises(FpbenchError, match="cut short or damaged"):
        import_checkpoint(LAYOUT, path)


OUTSIDE = ["../ckpt-1.index", "/tmp/ckpt-1.index", "a/../../ckpt-1.index"]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
def test_an_archive_cannot_write_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, suffix: str
) -> None:
    path = tmp_path / f"bad{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w") as zipped:
            zipped.writestr(name, b"abc")
    else:
        with tarfile.open(path, "w:gz") as archive:
            entry = tarfile.TarInfo(name)
            entry.size = 3
            archive.addfile(entry, io.BytesIO(b"abc"))
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(inside))
    with pytest.raises(FpbenchError, match=r"write outside|damaged"):
        import_checkpoint(LAYOUT, path)
    assert set(tmp_path.rglob("*")) == {path, inside}
    assert not Path("/tmp/ckpt-1.index").exists()


def test_an_archive_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "music.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("song.ogg", b"la la")
    with pytest.raises(FpbenchError, match="nor a folder or archive that holds one"):
        import_checkpoint(LAYOUT, path)


# ---------------------------------------------------------------- pickles


def state(prefix: str = "") -> dict[str, torch.Tensor]:
    values = {name: value for name, value in VALUES.items() if name.startswith("model")}
    return {prefix + name: torch.from_numpy(value.copy()) for name, value in values.items()}


@pytest.mark.parametrize("before", ["", "module."])
def test_a_torch_file_with_the_scores_beside_the_tensors(tmp_path: Path, before: str) -> None:
    path = tmp_path / "model.pth"
    scores = {"hit_rate": np.eye(2), "best": np.float64(0.5), "loss": [1.0], "epoch": 3}
    torch.save({"state_dict": state(before), **scores}, path)
    assert_imported(import_checkpoint(PICKLED, path)[0])


def test_a_torch_file_in_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "model_best.pth"
    torch.save({"state_dict": state()}, path)
    archive = tmp_path / "checkpoint.zip"
    with zipfile.ZipFile(archive, "w") as zipped_file:
        zipped_file.write(path, "checkpoint/toy/model_best.pth")
        zipped_file.write(path, "checkpoint/other/model_best.pth")
    with pytest.raises(FpbenchError, match="holds 2 checkpoints"):
        import_checkpoint(PICKLED, archive)
    assert_imported(import_checkpoint(PICKLED, archive, member="toy/model_best.pth")[0])


class Malicious:
    """Writes a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return (open, (str(self.target), "w"))


@pytest.fixture(params=["zip", "plain pickle", "hidden in the scores"])
def malicious(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    path, target = tmp_path / "evil.pth", tmp_path / "was run"
    if request.param == "plain pickle":
        path.write_bytes(pickle.dumps({"state_dict": Malicious(target)}))
    elif request.param == "zip":
        torch.save({"state_dict": Malicious(target)}, path)
    else:
        torch.save({"state_dict": state(), "hit_rate": [Malicious(target)]}, path)
    yield path
    assert not target.exists()


def test_code_in_a_pickle_is_refused_and_not_run(malicious: Path) -> None:
    with pytest.raises(FpbenchError, match=r"contains code, which was not run|damaged"):
        import_checkpoint(PICKLED, malicious)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_cut_torch_file_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "model.pth"
    torch.save({"state_dict": state()}, path)
    cut(path, int(share * path.stat().st_size))
    with pytest.raises(FpbenchError, match="no torch file, or is damaged"):
        import_checkpoint(PICKLED, path)


def test_a_torch_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save([1, 2, 3], path)
    with pytest.raises(FpbenchError, match="holds no tensors by name"):
        import_checkpoint(PICKLED, path)


@pytest.mark.parametrize("pickled", [False, True])
def test_altered_bytes_of_a_torch_file_are_refused_or_harmless(
    tmp_path: Path, rng: np.random.Generator, *, pickled: bool
) -> None:
    path = tmp_path / "model.pth"
    torch.save({"state_dict": state()}, path, _use_new_zipfile_serialization=not pickled)
    whole = path.read_bytes()
    for _ in range(200):
        flip(path, int(rng.integers(len(whole))))
        with suppress(FpbenchError):
            import_checkpoint(PICKLED, path)
        path.write_bytes(whole)
