"""The numbers of a spec are positive."""

from dataclasses import replace

import pytest

from fpbench import FingerprintSpec


@pytest.mark.parametrize("field", ["sample_rate_hz", "segment_s", "hop_s", "dim"])
def test_the_numbers_of_a_spec_must_be_positive(field: str) -> None:
    spec = FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=4)
    zero = type(getattr(spec, field))(0)
    with pytest.raises(ValueError, match=f"{field}={zero}.*must be positive"):
        replace(spec, **{field: zero})
