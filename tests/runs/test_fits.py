"""Several fits are refused where nothing is fitted."""

from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.runs.config import RunConfig
from fpbench.runs.fits import refuse_fits


def test_several_fits_need_a_fit() -> None:
    refuse_fits(RunConfig(fits=3))
    refuse_fits(RunConfig(distractors="real"))
    with pytest.raises(FpbenchError, match="3 fits are wanted, but distractors are real"):
        refuse_fits(RunConfig(fits=3, distractors="real"))
    with pytest.raises(FpbenchError, match=r"generator 'g\.safetensors' is fitted already"):
        refuse_fits(RunConfig(fits=3, generator_weights=Path("g.safetensors")))


@pytest.mark.parametrize("fits", [0, 21])
def test_the_number_of_fits_is_limited(fits: int) -> None:
    with pytest.raises(ValueError, match="is not from 1 to 20"):
        RunConfig(fits=fits)
