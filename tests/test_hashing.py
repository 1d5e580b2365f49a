"""Equal contents have equal names, on every machine and in every release."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpbench import FingerprintSpec
from fpbench.hashing import content_key

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, width=32),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
).filter(lambda value: "inf" not in repr(value))


@given(JSON, JSON)
def test_keys_ignore_the_order_of_parts(a: object, b: object) -> None:
    assert content_key(a=a, b=b) == content_key(b=b, a=a)


def test_keys_tell_parts_apart() -> None:
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
def test_keys_refuse_what_json_cannot_hold(part: object) -> None:
    with pytest.raises(TypeError):
        content_key(part=part)
