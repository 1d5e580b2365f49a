"""Checkpoints are imported completely or refused, and no code in them runs."""

import hashlib
import pickle
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
from fpbench.encoders.checkpoints import import_checkpoint, size_limit

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
WriteBundle = Callable[[Path, Mapping[str, np.ndarray]], None]
PICKLED = replace(LAYOUT, format="torch", state_key="state_dict", optional_prefix="module.")


@pytest.fixture
def prefix(tmp_path: Path, write_bundle: WriteBundle) -> Path:
    write_bundle(tmp_path / "saved" / "ckpt-1", VALUES)
    return tmp_path / "saved" / "ckpt-1"


def data_of(prefix: Path) -> Path:
    return prefix.with_name(prefix.name + ".data-00000-of-00001")


def index_of(prefix: Path) -> Path:
    return prefix.with_name(prefix.name + ".index")


# ---------------------------------------------------------------- complete checkpoints


def assert_imported(tensors: Mapping[str, np.ndarray]) -> None:
    assert sorted(tensors) == ["bias", "kernel"]
    assert_array_equal(tensors["kernel"], [[0, 3], [1, 4], [2, 5]])
    assert_array_equal(tensors["bias"], [[1, 2], [3, 4]])


def test_imports_a_checkpoint_with_its_origin(prefix: Path) -> None:
    tensors, info = import_checkpoint(LAYOUT, prefix, origin="https://example.org")
    assert_imported(tensors)
    assert (info.fingerprinter, info.config, info.licence) == ("toy", {"width": 2}, "MIT")
    assert (info.source, info.origin) == ("ckpt-1.index", "https://example.org")
    assert info.source_sha256 == hashlib.sha256(index_of(prefix).read_bytes()).hexdigest()


def test_the_source_of_an_archived_checkpoint_is_the_archive(prefix: Path, tmp_path: Path) -> None:
    path = tmp_path / "saved.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in prefix.parent.iterdir():
            archive.write(file, f"saved/{file.name}")
    tensors, info = import_checkpoint(LAYOUT, path)
    assert_imported(tensors)
    assert info.source == "saved.zip"
    assert info.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_tensor_may_have_its_alias(prefix: Path, write_bundle: WriteBundle) -> None:
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
            r"of wrong shape: model/kernel is \(3, 2\), not \(2, 3\)",
            id="shape",
        ),
        pytest.param(
            {"model/kernel": np.full((2, 3), np.nan, np.float32)}, "finite", id="not finite"
        ),
        pytest.param({"model/kernel": np.zeros((2, 3), np.int64)}, "finite", id="integers"),
    ],
)
def test_refuses_tensors_that_do_not_fit(
    prefix: Path, write_bundle: WriteBundle, change: Mapping[str, np.ndarray | None], message: str
) -> None:
    changed: dict[str, np.ndarray | None] = {**VALUES, **change}
    write_bundle(prefix, {name: value for name, value in changed.items() if value is not None})
    with pytest.raises(FpbenchError, match=message):
        import_checkpoint(LAYOUT, prefix)


def test_long_lists_are_shortened(prefix: Path, write_bundle: WriteBundle) -> None:
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
        pytest.param(
            lambda p: cut(index_of(p), 100), "does not end like the index", id="index cut"
        ),
        pytest.param(
            lambda p: cut(index_of(p), 0), "does not end like the index", id="index empty"
        ),
        pytest.param(lambda p: flip(index_of(p), 3), "wrong checksum", id="index altered"),
        pytest.param(lambda p: cut(data_of(p), 30), "truncated: it ends inside", id="data cut"),
        pytest.param(lambda p: flip(data_of(p), 0), "wrong checksum", id="data altered"),
        pytest.param(lambda p: data_of(p).unlink(), "cannot read .*data-00000", id="no data"),
        pytest.param(lambda p: index_of(p).unlink(), "is not a TensorFlow checkpoint", id="none"),
    ],
)
def test_errors_name_the_damage(prefix: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(prefix)
    with pytest.raises(FpbenchError, match=message):
        import_checkpoint(LAYOUT, prefix)


def test_altered_bits_of_an_index_are_refused_or_harmless(prefix: Path) -> None:
    whole = index_of(prefix).read_bytes()
    for at in range(0, len(whole), 7):
        flip(index_of(prefix), at)
        with suppress(FpbenchError):
            assert_imported(import_checkpoint(LAYOUT, prefix)[0])
        index_of(prefix).write_bytes(whole)


# ---------------------------------------------------------------- pickles


def state(prefix: str = "") -> dict[str, torch.Tensor]:
    values = {name: value for name, value in VALUES.items() if name.startswith("model")}
    return {prefix + name: torch.from_numpy(value.copy()) for name, value in values.items()}


@pytest.mark.parametrize("before", ["", "module."])
def test_imports_a_torch_file_with_scores_beside_the_tensors(tmp_path: Path, before: str) -> None:
    path = tmp_path / "model.pth"
    scores = {"hit_rate": np.eye(2), "best": np.float64(0.5), "loss": [1.0], "epoch": 3}
    torch.save({"state_dict": state(before), **scores}, path)
    assert_imported(import_checkpoint(PICKLED, path)[0])


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


def test_refuses_code_in_a_pickle_and_does_not_run_it(malicious: Path) -> None:
    with pytest.raises(FpbenchError, match=r"contains code, which was not run|damaged"):
        import_checkpoint(PICKLED, malicious)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_refuses_a_truncated_torch_file(tmp_path: Path, share: float) -> None:
    path = tmp_path / "model.pth"
    torch.save({"state_dict": state()}, path)
    cut(path, int(share * path.stat().st_size))
    with pytest.raises(FpbenchError, match="is not a torch file, or is damaged"):
        import_checkpoint(PICKLED, path)


def test_refuses_a_torch_file_without_tensors(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save([1, 2, 3], path)
    with pytest.raises(FpbenchError, match="holds no tensors by name"):
        import_checkpoint(PICKLED, path)


@pytest.mark.parametrize("zipped", [True, False])
def test_altered_bytes_of_a_torch_file_are_refused_or_harmless(
    tmp_path: Path, rng: np.random.Generator, *, zipped: bool
) -> None:
    path = tmp_path / "model.pth"
    torch.save({"state_dict": state()}, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    for _ in range(20):
        flip(path, int(rng.integers(len(whole))))
        with suppress(FpbenchError):
            tensors, _ = import_checkpoint(PICKLED, path)
            if zipped:  # there were no checksums before
                assert_imported(tensors)
        path.write_bytes(whole)


def test_the_size_of_a_checkpoint_is_limited_by_its_layout(tmp_path: Path) -> None:
    """Weights, two moments of Adam, a mean and a copy, in float64; and 16 MiB of other things."""
    assert size_limit(PICKLED) == 10 * 40 + (16 << 20)
    path = tmp_path / "model.pth"
    torch.save({"state_dict": state(), "more": torch.zeros(4 << 20)}, path)
    with pytest.raises(FpbenchError, match=r"model\.pth .* more than the 16777616 allowed"):
        import_checkpoint(PICKLED, path)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "model.pth")
    with pytest.raises(FpbenchError, match=r"bomb\.zip is not unpacked: 'model\.pth' in it has"):
        import_checkpoint(PICKLED, tmp_path / "bomb.zip")
