"""Files of ``torch.save`` are read as PyTorch reads them, or refused."""

import io
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from fpbench.encoders.torch_files import open_torch_file
from fpbench.encoders.torch_tensors import TorchTensor

LIMIT = 1 << 20
NUMBERS = torch.arange(24.0).reshape(4, 6)

PICKLED = (
    b"(dVx\nctorch._utils\n_rebuild_tensor\n"
    b"((Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nI24\ntQI0\n(I4\nI6\nt(I6\nI1\nttRs."
)
"""``{"x": NUMBERS}``, in protocol 0."""


def read(path: Path, limit: int = LIMIT) -> Any:
    """The content of a file, with arrays in place of tensors."""
    with open_torch_file(path, limit) as file:
        return {
            name: file.read(value) if isinstance(value, TorchTensor) else value
            for name, value in file.content.items()
        }


def save(folder: Path, **values: object) -> Path:
    torch.save(values, folder / "model.pth")
    return folder / "model.pth"


def write_zip(
    path: Path, records: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED
) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in records.items():
            archive.writestr(f"model/{name}", data)
    return path


# ---------------------------------------------------------------- as PyTorch


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before 1.6"])
def test_reads_tensors_as_pytorch_does(tmp_path: Path, *, zipped: bool) -> None:
    values = {
        "transposed": NUMBERS.T,
        "part": NUMBERS[1:3, 2:5],
        "every second": NUMBERS[::2, ::3],
        "parameter": torch.nn.Parameter(NUMBERS),
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(3.5),
        "channels last": torch.zeros(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
    }
    values |= {f"{d}": NUMBERS.to(d) for d in (torch.float64, torch.float16, torch.int64)}
    values |= {f"{d}": NUMBERS.to(d) for d in (torch.uint8, torch.bool, torch.complex64)}
    path = tmp_path / "model.pth"
    torch.save(values, path, _use_new_zipfile_serialization=zipped)
    found = read(path)
    for name, value in values.items():
        assert_array_equal(found[name], value.detach().numpy(), err_msg=name, strict=True)


def test_bfloat16_becomes_float32(tmp_path: Path) -> None:
    half = torch.tensor([1.0, -2.5, 3e38, 1e-40], dtype=torch.bfloat16)
    assert_array_equal(read(save(tmp_path, x=half))["x"], half.float().numpy(), strict=True)


def test_reads_big_endian_numbers(tmp_path: Path) -> None:
    records = {"data.pkl": PICKLED, "byteorder": b"big"}
    path = write_zip(
        tmp_path / "a.pth", records | {"data/0": NUMBERS.numpy().astype(">f4").tobytes()}
    )
    assert_array_equal(read(path)["x"], NUMBERS.numpy(), strict=True)


def test_objects_of_numpy_are_not_made(tmp_path: Path) -> None:
    path = save(tmp_path, array=np.eye(2), score=np.float64(0.5), x=NUMBERS, n=3)
    found = read(path)
    assert found["n"] == 3
    assert_array_equal(found["x"], NUMBERS.numpy())
    assert {type(found[name]).__name__ for name in ("array", "score")} == {"Record"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param((b"I24", b"I25"), "another size", id="numel"),
        pytest.param((b"Float", b"Double"), "another size", id="dtype"),
        pytest.param((b"V0", b"V../x"), "is missing", id="path as key"),
    ],
)
def test_refuses_a_storage_that_is_not_in_the_archive(
    tmp_path: Path, change: tuple[bytes, bytes], message: str
) -> None:
    records = {"data.pkl": PICKLED, "data/0": NUMBERS.numpy().tobytes()}
    assert_array_equal(read(write_zip(tmp_path / "a.pth", records))["x"], NUMBERS.numpy())
    changed = records | {"data.pkl": PICKLED.replace(*change)}
    with pytest.raises(ValueError, match=message):
        read(write_zip(tmp_path / "a.pth", changed))


# ---------------------------------------------------------------- archives


def test_refuses_records_that_unpack_to_more_than_the_limit(tmp_path: Path) -> None:
    records = {"data.pkl": pickle.dumps({}), "data/0": bytes(LIMIT)}
    path = write_zip(tmp_path / "a.pth", records, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < LIMIT // 100
    with pytest.raises(ValueError, match="more than the 1048576 allowed"):
        read(path)


def test_a_record_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.pth", {"data.pkl": pickle.dumps({}), "x": bytes(LIMIT)}, 8)
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", LIMIT), struct.pack("<I", 10)))
    with pytest.raises(ValueError, match="Bad CRC-32"):
        read(path)


def test_refuses_a_large_file_from_before_zip(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    torch.save({"x": NUMBERS}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match="more than the 100 allowed"):
        read(path, 100)


def test_a_file_without_checksums_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "old.pth"
    torch.save({"x": NUMBERS}, path, _use_new_zipfile_serialization=False)
    read(path)
    assert "old.pth has no checksums" in caplog.text


@pytest.mark.parametrize(
    "records",
    [
        pytest.param({}, id="none"),
        pytest.param({"data.pkl": b"N.", "more/data.pkl": b"N."}, id="two pickles"),
        pytest.param({"data.pkl": pickle.dumps({}), "byteorder": b"middle"}, id="byte order"),
    ],
)
def test_refuses_other_archives(tmp_path: Path, records: Mapping[str, bytes]) -> None:
    with pytest.raises(ValueError, match=r"data\.pkl|byte order|pickle 1 of 5"):
        read(write_zip(tmp_path / "a.pth", records))


def test_refuses_two_records_of_one_name(tmp_path: Path) -> None:
    """PyTorch reads the first one, and others the last."""
    path = save(tmp_path, x=NUMBERS)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("model/data.pkl", pickle.dumps({}))
    with pytest.raises(ValueError, match="two records of one name"):
        read(path)


@pytest.mark.parametrize("flips", [pytest.param(40), pytest.param(600, marks=pytest.mark.slow)])
def test_no_altered_bit_changes_a_number(
    tmp_path: Path, rng: np.random.Generator, flips: int
) -> None:
    path = save(tmp_path, x=NUMBERS, y=NUMBERS + 1)
    whole = path.read_bytes()
    refused = 0
    for at in rng.integers(len(whole), size=flips):
        altered = bytearray(whole)
        altered[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(altered)
        try:
            found = read(path)
        except ValueError:
            refused += 1
            continue
        assert_array_equal(found["x"], NUMBERS.numpy())
        assert_array_equal(found["y"], NUMBERS.numpy() + 1)
    assert refused > flips // 4  # the others are in padding, dates and the like


def test_every_altered_number_is_found(tmp_path: Path) -> None:
    path = save(tmp_path, x=NUMBERS)
    whole = path.read_bytes()
    start = whole.index(NUMBERS.numpy().tobytes())
    for at in range(start, start + 24 * 4, 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(ValueError, match="Bad CRC-32"):
            read(path)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:-1], id="cut"),
        pytest.param(lambda data: data + b"x", id="longer"),
        pytest.param(lambda data: data[1:], id="start"),
        pytest.param(lambda data: b"", id="empty"),
    ],
)
def test_refuses_a_damaged_file_from_before_zip(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    content = io.BytesIO()
    torch.save({"x": NUMBERS}, content, _use_new_zipfile_serialization=False)
    (tmp_path / "a.pth").write_bytes(damage(content.getvalue()))
    with pytest.raises(ValueError, match=r"is truncated|pickle 1 of 5"):
        read(tmp_path / "a.pth")


def test_text_that_claims_an_exabyte_in_a_file_from_before_zip_takes_no_memory(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.pth").write_bytes(b"\x80\x04\x8d" + (2**60).to_bytes(8, "little") + b"x.")
    with pytest.raises(ValueError, match="pickle 1 of 5: expected"):
        read(tmp_path / "a.pth")
