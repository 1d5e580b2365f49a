"""Changes valid files at the level of their format, as a damaged disk or an attacker would.

The same changes are drawn each time, unless ``FPBENCH_FUZZ_EXAMPLES`` sets their number, as
`make fuzz` does.
"""

import copy
import io
import json
import os
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
from hypothesis import strategies as st

from fpbench import FpbenchError
from fpbench.results.canonical import hash_document

Draw = st.DataObject

_SEARCHING = "FPBENCH_FUZZ_EXAMPLES" in os.environ

_VALUES = [
    *(None, True, False, -1, 0, 1, 2**31, 2**53, 2**63 - 1, -(2**63), 10**30),
    *(0.5, -0.0, 1e308, 1e-320, float("nan"), float("inf")),
    *("", "x", "\ud800", "\0", "\x1b[31m", "../x", "nan", "9" * 5_000, "a" * 5_000),
    *([], [[]], [None] * 3, {}, {"": None}, {"x": {"x": [1]}}),
]


def for_examples(examples: int) -> Callable[[Callable[[Draw], object]], None]:
    """Decorator that runs a check at once, with many drawn inputs."""

    def run(check: Callable[[Draw], object]) -> None:
        @hypothesis.settings(
            max_examples=examples,
            derandomize=not _SEARCHING,
            # To make a failing example smaller can take minutes.
            phases=list(hypothesis.Phase) if _SEARCHING else [hypothesis.Phase.generate],
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(data=st.data())
        def many(data: Draw) -> None:
            check(data)

        many()

    return run


def read_or_refuse(read: Callable[[Path], Any], path: Path, *, names: bool = True) -> Any:
    """Read a file, or check that the error is one for users, and names the file.

    Returns:
        What was read; None if it was refused.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy warns of headers that Python 2 may have written
            return read(path)
    except FpbenchError as err:
        message = err.message
    assert path.stem in message or not names
    message.encode()  # it can be printed
    return None


def mutate_json(data: Draw, document: Any) -> Any:
    """A document with some values replaced, removed, repeated or moved."""
    changed = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 3))):
        places = list(_places(changed))
        if not places:
            return data.draw(st.sampled_from(_VALUES))
        parent, key = data.draw(st.sampled_from(places))
        operation = data.draw(st.sampled_from(["replace", "replace", "remove", "move", "add"]))
        if operation == "remove":
            del parent[key]
        elif operation == "add" and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
        elif operation == "add":
            parent["unknown"] = parent[key]
        elif operation == "move":
            other, name = data.draw(st.sampled_from(places))
            parent[key] = copy.deepcopy(other[name])
        else:
            parent[key] = copy.deepcopy(data.draw(st.sampled_from(_VALUES)))
    return changed


def write_changed_result(path: Path, document: Any) -> None:
    """Write a document with the hash that it has now, so that more than that is looked at."""
    if isinstance(document, dict):
        with suppress(ValueError):  # what is no number has no hash
            document = {**document, "result_id": hash_document(document)}
    path.write_text(json.dumps(document))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container within a document with each of its keys."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)


def mutate_bytes(data: Draw, content: bytes) -> bytes:
    """Bytes that are flipped, cut, repeated, inserted, or a large number in some places."""
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(content) - 1)))
        size = data.draw(st.sampled_from([1, 1, 2, 4, 8, 64]))
        before, part, after = content[:at], content[at : at + size], content[at + size :]
        operation = data.draw(st.sampled_from(["flip", "number", "cut", "repeat", "insert", "end"]))
        if operation == "flip" and part:
            part = bytes([part[0] ^ 1 << data.draw(st.integers(0, 7))]) + part[1:]
        elif operation == "number":
            number = data.draw(st.sampled_from([0, 1, 2**7, 2**31, 2**63, 2**64 - 1]))
            part = number.to_bytes(8, data.draw(st.sampled_from(["little", "big"])))[:size]
        elif operation == "cut":
            part = b""
        elif operation == "repeat":
            part *= 3
        elif operation == "insert":
            part += data.draw(st.binary(max_size=8))
        elif operation == "end":
            part = after = b""
        content = before + part + after
    return content


def mutate_arrays(data: Draw, content: bytes) -> bytes:
    """An ``.npz`` with changed arrays, names or bytes, and right checksums."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    name = data.draw(st.sampled_from(sorted(records)))
    operation = data.draw(st.sampled_from(["values", "values", "bytes", "rename", "remove"]))
    if operation == "values":
        records[name] = _npy(_mutate_array(data, np.load(io.BytesIO(records[name]))))
    elif operation == "bytes":
        records[name] = mutate_bytes(data, records[name])
    elif operation == "rename":
        records[data.draw(st.sampled_from(["x", *records]))] = records.pop(name)
    else:
        del records[name]
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as archive:
        for record, part in records.items():
            archive.writestr(record, part)
    return changed.getvalue()


def _mutate_array(data: Draw, array: np.ndarray) -> np.ndarray:
    if data.draw(st.booleans()):
        dtype = data.draw(st.sampled_from(["<f8", ">f4", "<i4", "<u8", "?", "<c8", "S3", "<M8[s]"]))
        with np.errstate(all="ignore"), suppress(ValueError):  # of text
            array = array.astype(dtype)
    operation = data.draw(st.sampled_from(["fill", "one", "cut", "flat", "axis", "none"]))
    numbers = [0, 1, -1, 2**31, -(2**63), np.nan, np.inf, -np.inf]
    value = np.array(data.draw(st.sampled_from(numbers)))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        number = value.astype("<f8").astype(array.dtype)
    if operation == "fill":
        array = np.full_like(array, number)
    elif operation == "one" and array.size:
        array = array.copy()
        array.reshape(-1)[data.draw(st.integers(0, array.size - 1))] = number
    elif operation == "cut":
        array = array[: data.draw(st.integers(0, 2))] if array.ndim else array
    elif operation == "flat":
        array = array.reshape(-1)
    elif operation == "axis":
        array = array[None]
    return array


def _npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()
