"""Equal contents have equal hashes, on every machine and in every release."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpbench import FingerprintSpec, FpbenchError
from fpbench.hashing import content_key, file_sha256, rows_digest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, width=32),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
).filter(lambda value: "inf" not in repr(value))


@given(JSON, JSON)
@pytest.mark.slow
def test_keys_ignore_the_order_of_parts(a: object, b: object) -> None:
    assert content_key(a=a, b=b) == content_key(b=b, a=a)


def test_different_parts_have_different_keys() -> None:
    spec = FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=128)
    keys = {
        content_key(a=1),
        content_key(a=2),
        content_key(b=1),
        content_key(a="1"),
        content_key(a=[1]),
        content_key(a=spec),
        content_key(a=dataclasses.replace(spec, hop_s=0.1)),
    }
    assert len(keys) == 7
    assert content_key(a=(1, 2)) == content_key(a=[1, 2])


def test_keys_do_not_change_from_release_to_release() -> None:
    assert content_key(a=1, b=["x", None]) == "baa786bb086b4cf2444b630f5d70e472"


@pytest.mark.parametrize("part", [object(), b"bytes", {1, 2}])
def test_keys_refuse_types_that_json_does_not_have(part: object) -> None:
    with pytest.raises(TypeError, match="a content key cannot hold a"):
        content_key(part=part)


@pytest.mark.parametrize("part", [float("nan"), float("inf")])
def test_keys_refuse_nan_and_infinity(part: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        content_key(part=part)


def test_a_file_is_hashed_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1, and the well-known hash of no bytes.
    assert file_sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")
    assert file_sha256(tmp_path / "empty").startswith("e3b0c44298fc1c149afbf4c8996fb924")


def test_names_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match=r"cannot read .*none: No such file"):
        file_sha256(tmp_path / "none")


def test_the_digest_of_rows_depends_on_shape_and_contents() -> None:
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    others = [rows.reshape(2, 3), rows[:2], rows + 1, rows[::-1], np.zeros((0, 2), np.float32)]
    assert len({rows_digest(each) for each in (rows, *others)}) == 6


def test_the_digest_of_rows_does_not_depend_on_the_memory_layout(tmp_path: Path) -> None:
    # More rows than are read at once: in memory, as a memory map, in column order, with a stride.
    rows = np.arange(3 * 70_000, dtype=np.int32).reshape(70_000, 3)
    np.save(tmp_path / "rows.npy", rows)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    column_order = np.asfortranarray(rows)
    strided = np.repeat(rows, 2, axis=0)[::2]
    assert len({rows_digest(each) for each in (rows, mapped, column_order, strided)}) == 1
