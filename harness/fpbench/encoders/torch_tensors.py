"""Tensors as PyTorch pickles them: which part of which storage each tensor is.

Of NumPy's objects and of all others nothing is made but a note that they were there.
"""

import io
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fpbench.encoders.pickles import Make, Record, read_pickle

_MAX_DIMS = 32

_BFLOAT16 = "bfloat16"
_STORAGES = {
    "Double": "f8",
    "Float": "f4",
    "Half": "f2",
    "BFloat16": _BFLOAT16,
    "Long": "i8",
    "Int": "i4",
    "Short": "i2",
    "Char": "i1",
    "Byte": "u1",
    "Bool": "?",
    "ComplexDouble": "c16",
    "ComplexFloat": "c8",
}
_DTYPES = {
    "float64": "f8",
    "float32": "f4",
    "float16": "f2",
    "bfloat16": _BFLOAT16,
    "int64": "i8",
    "int32": "i4",
    "int16": "i2",
    "int8": "i1",
    "uint8": "u1",
    "uint16": "u2",
    "uint32": "u4",
    "uint64": "u8",
    "bool": "?",
    "complex128": "c16",
    "complex64": "c8",
}


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers that several tensors can share."""

    key: str
    dtype: str
    count: int

    @property
    def size_bytes(self) -> int:
        return self.count * _itemsize(self.dtype)


@dataclass(frozen=True, slots=True)
class TorchTensor:
    """Part of a storage; offset and strides count numbers, not bytes."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_torch_pickle(
    file: io.BytesIO,
    storages: dict[str, Storage],
    dropped: Collection[str] = (),
) -> Any:
    """Read a pickle of ``torch.save``; each tensor in it is inside its storage.

    Args:
        file: Stream that starts with the pickle.
        storages: Takes the storages that the pickle names, by key.
        dropped: Further classes that the pickle may name, such as ``argparse.Namespace``. Their
            objects are not made.

    Raises:
        CodeInPickleError: The pickle names a class or function that is not data.
        ValueError: The pickle is damaged, or a tensor does not fit into its storage.
    """
    calls = {**_CALLS, **{name: _drop(name) for name in dropped}}
    return read_pickle(file, calls, _collect(storages))


def read_numbers(tensor: TorchTensor, data: bytes, order: str) -> np.ndarray:
    """The elements of a tensor, in a new array; bfloat16 becomes float32.

    Args:
        data: The numbers of its storage.
        order: Their byte order, ``<`` or ``>``.

    Raises:
        ValueError: Several elements are the same number of the storage.
    """
    extent = 1
    dims = zip(tensor.strides, tensor.shape, strict=True)
    for stride, size in sorted((stride, size) for stride, size in dims if size > 1):
        if stride < extent:
            raise ValueError("elements of a tensor share a number of its storage")
        extent += (size - 1) * stride
    dtype = np.dtype("u2" if tensor.dtype == _BFLOAT16 else tensor.dtype).newbyteorder(order)  # type: ignore[arg-type]
    if math.prod(tensor.shape) == 0:
        numbers = np.zeros(tensor.shape, dtype)
    else:
        strides = tuple(stride * dtype.itemsize for stride in tensor.strides)
        offset = tensor.offset * dtype.itemsize
        # Refuses what does not fit into the data.
        numbers = np.ndarray(tensor.shape, dtype, data, offset, strides).copy()
    if tensor.dtype == _BFLOAT16:  # the first half of a float32
        return (numbers.astype(np.uint32) << 16).view(np.float32)
    return numbers.astype(dtype.newbyteorder("="), copy=False)


def _itemsize(dtype: str) -> int:
    return 2 if dtype == _BFLOAT16 else np.dtype(dtype).itemsize


def _collect(storages: dict[str, Storage]) -> Make:
    """Make storages of persistent ids, and keep them by key."""

    def make(arguments: Sequence[Any]) -> Storage:
        ((kind, name, key, _location, count, *view),) = arguments
        if kind != "storage" or not isinstance(key, str) or any(view):
            raise ValueError("its pickle refers to something that is not a storage")
        module, _, type_name = name.path.rpartition(".")
        dtype = "u1" if type_name == "UntypedStorage" else _STORAGES[type_name[: -len("Storage")]]
        if not module.startswith("torch"):
            raise ValueError(f"{name.path[:60]!r} is no storage")
        storage = Storage(key, dtype, _size(count))
        if storages.setdefault(key, storage) != storage:
            raise ValueError(f"its storage {key[:20]!r} has two types or sizes")
        return storage

    return make


def _tensor(arguments: Sequence[Any]) -> TorchTensor:
    storage, offset, shape, strides, *_ = arguments
    return _checked_tensor(storage, storage.dtype, offset, shape, strides)


def _tensor_with_dtype(arguments: Sequence[Any]) -> TorchTensor:
    storage, offset, shape, strides, _requires_grad, _hooks, dtype, *_ = arguments
    return _checked_tensor(
        storage, _DTYPES[dtype.path.removeprefix("torch.")], offset, shape, strides
    )


def _checked_tensor(
    storage: Storage, dtype: str, offset: int, shape: Sequence[int], strides: Sequence[int]
) -> TorchTensor:
    """A tensor that is inside its storage."""
    if not isinstance(storage, Storage) or not len(shape) == len(strides) <= _MAX_DIMS:
        raise ValueError("it holds a tensor without storage, shape or strides")
    tensor = TorchTensor(
        storage,
        dtype,
        _size(offset),
        tuple(_size(size) for size in shape),
        tuple(_size(stride) for stride in strides),
    )
    pairs = zip(tensor.shape, tensor.strides, strict=True)
    last = tensor.offset + sum((size - 1) * stride for size, stride in pairs)
    if math.prod(tensor.shape) and (last + 1) * _itemsize(dtype) > storage.size_bytes:
        raise ValueError("it holds a tensor that is larger than its storage")
    return tensor


def _size(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError("it holds a tensor with a size that is no whole number from 0")
    return value


# ---------------------------------------------------------------- what a pickle may name


def _bytes(arguments: Sequence[Any]) -> bytes:
    """Pickle protocol 2 stores bytes as text; other codecs can unpack to any size."""
    text, codec = arguments
    if codec not in ("latin1", "latin-1"):
        raise ValueError(f"it encodes bytes as {str(codec)[:20]!r}, not as latin1")
    return bytes(text, "latin1")


def _numpy_dtype(arguments: Sequence[Any]) -> Record:
    if not isinstance(arguments[0], str) or arguments[0].lstrip("<>=|").startswith("O"):
        raise ValueError("it holds a NumPy array of objects")
    return Record("numpy.dtype")


def _dictionary(arguments: Sequence[Any]) -> dict[Any, Any]:
    """An OrderedDict: without arguments, or with a list of pairs."""
    pairs = arguments[0] if arguments else []
    return {key: value for key, value in pairs if isinstance(key, str | int)}


def _drop(path: str) -> Make:
    return lambda _: Record(path)


def _first(arguments: Sequence[Any]) -> Any:
    return arguments[0]


def _calls() -> Iterator[tuple[str, Make]]:
    """Names that a pickle may have, and what is made when it calls them.

    Everything of NumPy is dropped: optimiser states and score lists of authors have it, weights
    have not.
    """
    yield "collections.OrderedDict", _dictionary
    for version in ("v2", ""):
        yield f"torch._utils._rebuild_tensor_{version}".rstrip("_"), _tensor
    yield "torch._utils._rebuild_tensor_v3", _tensor_with_dtype
    yield "torch._utils._rebuild_parameter", _first
    yield "torch._utils._rebuild_parameter_with_state", _first
    yield "torch.Size", lambda arguments: tuple(arguments[0])
    yield "_codecs.encode", _bytes
    yield "numpy.dtype", _numpy_dtype
    names = [f"torch.{dtype}" for dtype in _DTYPES]
    names += [f"torch.{name}Storage" for name in _STORAGES]
    names += ["torch.storage.UntypedStorage", "torch.device", "numpy.ndarray"]
    names += ["collections.defaultdict", "collections.Counter"]
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        names += [f"{module}._reconstruct", f"{module}.scalar"]
    for module in ("builtins", "__builtin__"):
        names += [f"{module}.{name}" for name in ("set", "frozenset", "complex", "bytearray")]
    for name in names:
        yield name, _drop(name)


_CALLS: Mapping[str, Make] = dict(_calls())
