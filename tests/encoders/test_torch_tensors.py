"""A tensor is inside its storage, and nothing else that a pickle names is made."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fpbench.encoders.pickles import CodeInPickleError
from fpbench.encoders.torch_tensors import Storage, TorchTensor, read_numbers, read_torch_pickle

NUMBERS = np.arange(24, dtype="<f4")

STORAGE = b"((Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nI24\ntQ"
"""The storage of ``NUMBERS``, pickled in protocol 0."""


def tensor(offset: int, shape: str, strides: str, storage: bytes = STORAGE) -> bytes:
    """The pickle of ``{"x": tensor}``, in protocol 0; shape and strides are such as "2 3"."""
    numbers = [
        b"(" + b"".join(b"I%d\n" % int(n) for n in x.split()) + b"t" for x in (shape, strides)
    ]
    call = b"ctorch._utils\n_rebuild_tensor\n" + storage + b"I%d\n" % offset + b"".join(numbers)
    return b"(dVx\n" + call + b"tRs."


def read(pickled: bytes) -> Any:
    """The value of "x"."""
    value = read_torch_pickle(io.BytesIO(pickled), {})["x"]
    if isinstance(value, TorchTensor):
        return read_numbers(value, NUMBERS.tobytes(), "<")
    return value


def test_a_tensor_is_a_part_of_its_storage() -> None:
    assert_array_equal(read(tensor(3, "2 3", "8 2")), [[3, 5, 7], [11, 13, 15]])
    assert_array_equal(read(tensor(24, "0 3", "3 1")), np.zeros((0, 3)))


def test_collects_the_storages_that_are_named() -> None:
    storages: dict[str, Storage] = {}
    read_torch_pickle(io.BytesIO(tensor(0, "24", "1")), storages)
    assert storages == {"0": Storage("0", "f4", 24)}
    assert storages["0"].size_bytes == 96


def test_a_storage_has_one_type_and_size() -> None:
    other = tensor(0, "2", "1", STORAGE.replace(b"I24", b"I25"))
    twice = tensor(0, "2", "1")[:-1] + other.removeprefix(b"(d")
    with pytest.raises(ValueError, match="'0' has two types or sizes"):
        read(twice)


def test_refuses_an_array_of_objects() -> None:
    """NumPy would take the bytes in the file for pointers, and follow them."""
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\nt"
        b"c_codecs\nencode\n(Vb\nVlatin1\ntRtR(I1\n(I1\ntcnumpy\ndtype\n(VO8\nI0\nI1\ntR"
        b"I0\nc_codecs\nencode\n(VAAAAAAAA\nVlatin1\ntRtb"
    )
    with pytest.raises(ValueError, match="NumPy array of objects"):
        read(b"(dVx\n" + array + b"s.")


def test_bytes_are_in_latin1_only() -> None:
    encoded = b"(dVx\nc_codecs\nencode\n(V\xe9\nV%b\ntRs."
    assert read(encoded % b"latin1") == b"\xe9"
    for codec in (b"zip", b"bz2", b"utf-8"):
        with pytest.raises(ValueError, match="not as latin1"):
            read(encoded % codec)


@pytest.mark.parametrize(
    "name", ["posix system", "torch load", "torch.jit load", "numpy load", "builtins getattr"]
)
def test_refuses_every_other_name(name: str) -> None:
    module, function = name.split()
    pickled = f"(dVx\nc{module}\n{function}\n(Vx\ntRs.".encode()
    with pytest.raises(CodeInPickleError, match=f"'{module}.{function}'"):
        read(pickled)


@pytest.mark.parametrize(
    ("pickled", "message"),
    [
        pytest.param(tensor(1, "24", "1"), "larger than its storage", id="offset"),
        pytest.param(tensor(0, "25", "1"), "larger than its storage", id="size"),
        pytest.param(tensor(0, "4 6", "7 1"), "larger than its storage", id="stride"),
        pytest.param(tensor(-1, "4", "1"), "no whole number", id="negative offset"),
        pytest.param(tensor(4, "4", "-1"), "no whole number", id="negative stride"),
        pytest.param(tensor(0, "-4", "1"), "no whole number", id="negative size"),
        pytest.param(tensor(0, "99999999999999999999", "0"), "no whole number", id="2^64"),
        pytest.param(tensor(0, "4 6", "1"), "without storage, shape", id="strides missing"),
        pytest.param(tensor(0, "1 " * 40, "1 " * 40), "without storage", id="dims"),
        pytest.param(tensor(0, "4", "1", b"(N"), "damaged", id="no storage"),
        pytest.param(
            tensor(0, "24", "1", STORAGE.replace(b"Vstorage", b"Vmodule")), "refers to", id="kind"
        ),
    ],
)
def test_refuses_tensors_that_do_not_fit_their_storage(pickled: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(pickled)


@pytest.mark.parametrize(("shape", "strides"), [("3 3", "0 1"), ("4 4", "1 1"), ("9 9999", "0 0")])
def test_refuses_to_read_elements_that_share_a_number(shape: str, strides: str) -> None:
    with pytest.raises(ValueError, match="share a number"):
        read(tensor(0, shape, strides))
