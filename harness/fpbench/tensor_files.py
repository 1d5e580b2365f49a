"""Reads safetensors files; an error names the file and the tensor."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, deserialize, safe_open

from fpbench.array_files import DAMAGE
from fpbench.errors import FpbenchError
from fpbench.json_documents import parse_json
from fpbench.stand_ins import refuse_stand_in

_FLOATS = ("F16", "BF16", "F32", "F64")
_WHOLE = ("BOOL", "I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64")
_WORDS = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}
_NAMED = 3
_LONGEST_LINE = 200
_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive, as PyTorch writes, and numpy.savez",
    **{bytes([0x80, version]): "a pickle, as older PyTorch writes" for version in (2, 3, 4, 5)},
    b"\x93NUMPY": "an array of NumPy",
    b"\x89HDF": "a HDF5 file, as Keras writes",
    b"GGUF": "a GGUF file",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorFile:
    """The content of a safetensors file.

    Args:
        tensors: Arrays by name, as they are stored; bfloat16 as float32, which holds it exactly.
        dtypes: The floating-point types in the file, in words, sorted.
        metadata: Texts by key.
    """

    tensors: Mapping[str, np.ndarray]
    dtypes: tuple[str, ...]
    metadata: Mapping[str, str]


def read_tensors(path: Path, *, advice: str, values: bool = True) -> TensorFile:
    """Read all tensors of a file.

    Args:
        advice: How to get a good file, for the hints of errors.
        values: Whether the tensors are read; else only their types and the metadata.

    Raises:
        FpbenchError: The file is missing, damaged, cut off, or something else; or a tensor has a
            type that is not read, or holds NaN or infinity.
    """
    refuse_stand_in(path)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            # The object has keys() but is not a mapping.
            types = {name: str(file.get_slice(name).get_dtype()) for name in list(file.keys())}
            _refuse_types(types, path)
            plain = [name for name in types if types[name] != "BF16"] if values else []
            tensors = {name: file.get_tensor(name) for name in plain}
        if values and len(plain) < len(types):
            tensors |= _read_bfloat16(path, types)
    except FileNotFoundError as err:
        raise FpbenchError(f"there is no file '{path}'", hint="check the path") from err
    except (SafetensorError, *DAMAGE) as err:
        raise FpbenchError(
            f"{path} is not a safetensors file, or is damaged: {_reason(path) or err}", hint=advice
        ) from err
    _refuse_not_finite(tensors, path, advice)
    dtypes = {_WORDS[kind] for kind in types.values() if kind in _WORDS}
    return TensorFile(tensors=tensors, dtypes=tuple(sorted(dtypes)), metadata=metadata)


def _read_bfloat16(path: Path, types: Mapping[str, str]) -> dict[str, np.ndarray]:
    """NumPy has no bfloat16: it is the first half of a float32."""
    tensors = {}
    for name, stored in deserialize(path.read_bytes()):  # type: ignore[no-untyped-call]
        if types[name] == "BF16":
            halves = np.frombuffer(stored["data"], "<u2").astype(np.uint32)
            tensors[name] = (halves << 16).view(np.float32).reshape(stored["shape"])
    return tensors


def _refuse_types(types: Mapping[str, str], path: Path) -> None:
    for name, kind in types.items():
        if kind not in (*_FLOATS, *_WHOLE):
            raise FpbenchError(
                f"'{path}': tensor {name} is stored as {kind}, which fpbench does not read",
                hint="save the weights as float32, float16 or bfloat16",
            )


def _refuse_not_finite(tensors: Mapping[str, np.ndarray], path: Path, advice: str) -> None:
    counts = {
        name: int(np.count_nonzero(~np.isfinite(array)))
        for name, array in tensors.items()
        if array.dtype.kind == "f"
    }
    bad = [
        f"{counts[name]} of {tensors[name].size} values of {name}"
        for name in counts
        if counts[name]
    ]
    if bad:
        more = f", and values of {len(bad) - _NAMED} more tensors" if len(bad) > _NAMED else ""
        raise FpbenchError(
            f"'{path}' holds NaN or infinity: {', '.join(bad[:_NAMED])}{more}",
            hint=f"its training has probably failed: take an earlier checkpoint, or {advice}",
        )


def _reason(path: Path) -> str | None:
    """Why a file is not read, if it is cut off or of another format; None if that is not known."""
    with suppress(OSError, ValueError, LookupError, TypeError), path.open("rb") as file:
        size, start = path.stat().st_size, file.read(9)
        if size < _LONGEST_LINE and (start + file.read()).isascii():
            file.seek(0)
            return f"it is only text: {file.read().decode().strip()}" if size else "it is empty"
        for format_start, name in _OTHER_FORMATS.items():
            if start.startswith(format_start) and not start.endswith(b"{"):
                return f"it is {name}"
        header_bytes = int.from_bytes(start[:8], "little")
        wanted = 8 + header_bytes
        if wanted <= size:
            file.seek(8)
            header = parse_json(file.read(header_bytes).decode())
            if isinstance(header, dict):
                wanted += max(
                    each["data_offsets"][1]
                    for name, each in header.items()
                    if name != "__metadata__"
                )
        if start.endswith(b"{") and size < wanted:
            return f"it is cut off: it has {size} of {wanted} bytes"
    return None
