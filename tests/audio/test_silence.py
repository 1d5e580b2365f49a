"""The silent share of a query is the part of it in silent stretches."""

import numpy as np
import pytest

from fpbench.audio.silence import has_sound, silent_seconds, silent_share

STRETCHES = [(1.0, 2.0), (3.0, 3.5)]


@pytest.mark.parametrize(
    ("start_s", "length_s", "share"),
    [
        pytest.param(0.0, 1.0, 0.0, id="before"),
        pytest.param(1.0, 1.0, 1.0, id="inside"),
        pytest.param(0.5, 1.0, 0.5, id="the end is silent"),
        pytest.param(1.75, 0.5, 0.5, id="the beginning is silent"),
        pytest.param(0.0, 5.0, 0.3, id="around both"),
        pytest.param(1.5, 2.0, 0.5, id="parts of both"),
        pytest.param(3.5, 9.0, 0.0, id="after"),
    ],
)
def test_share(start_s: float, length_s: float, share: float) -> None:
    assert silent_share(STRETCHES, np.array([start_s]), length_s) == pytest.approx([share])


def test_a_recording_without_silence_has_sound_everywhere() -> None:
    np.testing.assert_array_equal(silent_share((), np.arange(3.0), 1.0), np.zeros(3))
    assert has_sound((), np.arange(3.0), 1.0).all()


def test_a_tenth_of_a_query_may_be_silent() -> None:
    starts_s = np.array([0.1, 0.11])
    assert has_sound(STRETCHES, starts_s, 1.0).tolist() == [True, False]


def test_all_silent_seconds_count() -> None:
    assert silent_seconds(STRETCHES) == 1.5
    assert silent_seconds([]) == 0
