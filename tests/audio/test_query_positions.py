"""Queries are drawn equally likely where they fit and where there is sound."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Float32

from fpbench import FpbenchError, Samples
from fpbench.audio.query_positions import draw_queries
from fpbench.audio.query_recipe import NAFP

CLEAN = replace(NAFP, degradations=(), sample_rate_hz=1_000, n_queries=20)


def test_a_longer_set_starts_with_the_shorter_set() -> None:
    durations = np.array([10.0, 3.0, 20.0])
    few = draw_queries(durations, CLEAN, (), 7)
    many = draw_queries(durations, replace(CLEAN, n_queries=50), (), 7)
    np.testing.assert_array_equal(many.track[:20], few.track)
    np.testing.assert_array_equal(many.start_s[:20], few.start_s)


@settings(max_examples=30)
@given(
    durations_s=st.lists(st.floats(0, 40), min_size=1, max_size=5),
    seed=st.integers(0, 2**32),
    length_s=st.sampled_from([0.5, 1.0, 5.0]),
)
def test_every_query_fits_its_track(durations_s: list[float], seed: int, length_s: float) -> None:
    durations = np.array([*durations_s, 6.0])
    truth = draw_queries(durations, replace(CLEAN, query_length_s=length_s), (), seed)
    assert (truth.start_s >= 0).all()
    assert (truth.start_s + length_s <= durations[truth.track] + 1e-3).all()


def test_positions_are_uniform_over_all_tracks() -> None:
    # 9 s hold 17 half-second positions of a 1-s query, 3 s hold 5, 0.9 s none.
    durations = np.array([9.0, 0.9, 3.0])
    truth = draw_queries(durations, replace(CLEAN, n_queries=4_000), (), 0)
    counts = np.bincount(truth.track, minlength=3)
    assert counts[1] == 0
    assert counts[2] / 4_000 == pytest.approx(5 / 22, abs=0.025)
    middle = truth.start_s[(truth.track == 0) & (truth.start_s > 0.25) & (truth.start_s < 7.75)]
    histogram, _ = np.histogram(middle, bins=15, range=(0.25, 7.75))
    assert histogram.min() > 0.75 * histogram.mean()


def test_positions_without_offset_are_on_the_grid() -> None:
    truth = draw_queries(np.array([30.0]), replace(CLEAN, max_offset_s=0.0), (), 0)
    np.testing.assert_array_equal(truth.start_s % 0.5, 0)


def test_a_track_as_long_as_a_query_has_one_position() -> None:
    np.testing.assert_array_equal(draw_queries(np.array([1.0]), CLEAN, (), 0).start_s, 0)


class TwiceAsFast:
    """Leaves out every second sample."""

    context_s, tempo, recordings = 0.0, 2.0, ()

    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> Float32[np.ndarray, " degraded"]:
        return samples[::2]


def test_a_faster_tempo_needs_longer_tracks() -> None:
    truth = draw_queries(np.array([2.0]), CLEAN, (TwiceAsFast(),), 0)
    np.testing.assert_array_equal(truth.start_s, 0)


def test_refuses_tracks_that_are_all_too_short() -> None:
    with pytest.raises(FpbenchError, match="no reference track is as long as a query, 1 s"):
        draw_queries(np.array([0.5, 0.0]), CLEAN, (), 0)


# ---------------------------------------------------------------- silence

MANY = replace(CLEAN, n_queries=500)


def test_silence_changes_only_the_queries_that_would_lie_in_it() -> None:
    durations = np.array([24.0, 9.0])
    plain = draw_queries(durations, MANY, (), 5)
    drawn = draw_queries(durations, MANY, (), 5, [[(12.0, 24.0)], []])
    # A tenth of a query may be silent.
    kept = (plain.track == 1) | (plain.start_s + 1 <= 12.1)
    np.testing.assert_array_equal(drawn.track[kept], plain.track[kept])
    np.testing.assert_array_equal(drawn.start_s[kept], plain.start_s[kept])
    assert 0.2 < kept.mean() < 0.8
    assert (drawn.start_s + 1 <= 12.1).all()


def test_without_silence_nothing_changes() -> None:
    durations = np.array([10.0, 3.0])
    plain, drawn = (draw_queries(durations, MANY, (), 5, s) for s in ((), [[], []]))
    np.testing.assert_array_equal(drawn.start_s, plain.start_s)
    assert plain.start_s[:3].tolist() == pytest.approx([2.44776, 0.62595, 8.20836], abs=1e-5)


@pytest.mark.slow
def test_positions_with_sound_stay_equally_likely() -> None:
    # From 2 s to 8 s there is silence: 1-s queries start at 0 to 1 s (3 grid points) or at 8 to
    # 9 s (3), or in the other track of 3 s (5).
    drawn = draw_queries(
        np.array([10.0, 3.0]), replace(MANY, n_queries=3_000), (), 0, [[(2.0, 8.0)], []]
    )
    assert np.mean(drawn.track == 1) == pytest.approx(5 / 11, abs=0.04)
    early = np.mean((drawn.track == 0) & (drawn.start_s < 4))
    assert early == pytest.approx(3 / 11, abs=0.04)


def test_many_short_rests_count_together() -> None:
    rests = [(i + 0.5, i + 0.75) for i in range(10)]
    with pytest.raises(FpbenchError, match="no stretch of 1 s in the reference has enough sound"):
        draw_queries(np.array([10.0]), CLEAN, (), 0, [rests])
    sounding = [(i + 0.5, i + 0.75) for i in range(5)]
    assert draw_queries(np.array([10.0]), CLEAN, (), 0, [sounding]).start_s.min() >= 4.65


def test_sound_as_short_as_a_query_is_found() -> None:
    drawn = draw_queries(np.array([600.0]), CLEAN, (), 0, [[(0.0, 300.05), (300.95, 600.0)]])
    np.testing.assert_allclose(drawn.start_s, 300.0, atol=0.0501)


def test_a_longer_set_starts_with_the_shorter_set_with_silence_too() -> None:
    silent_s = [[(1.0, 9.0)]]
    few = draw_queries(np.array([10.0]), CLEAN, (), 7, silent_s)
    many = draw_queries(np.array([10.0]), MANY, (), 7, silent_s)
    np.testing.assert_array_equal(many.start_s[:20], few.start_s)
