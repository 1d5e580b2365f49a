"""One half of the tracks fits a generator, the other judges it; runs go with their tracks."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import numpy as np
import pytest

from fpbench.audio.query_recipe import QueryRecipe
from fpbench.progress import Report
from fpbench.runs.fit_splits import shuffle_groups, split_tracks
from fpbench.runs.prepare import PreparedRun
from fpbench.search.sequences import Runs

Prepare = Callable[..., PreparedRun]


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


@pytest.mark.slow
def test_no_track_is_in_both_halves(prepared: Prepare) -> None:
    run = prepared(distractors="synthetic")
    inputs = run.source.build_inputs(run.store, stage)
    split = split_tracks(run.config, inputs)
    rows = {
        row.tobytes(): track for row, track in zip(inputs.real, inputs.real_tracks, strict=True)
    }
    fitted = {rows[row.tobytes()] for row in split.fit}
    assert fitted.isdisjoint(split.judging.tracks.tolist())
    assert len(split.fit) + len(split.judging.vectors) == len(inputs.real)
    assert split.judging.judged_by == "held-out tracks"


def test_groups_come_in_random_order_and_stay_together(rng: np.random.Generator) -> None:
    groups = np.repeat(np.arange(40), 5)
    rows = np.flatnonzero(groups % 2)
    order = shuffle_groups(rows, groups, rng)
    assert order.tolist() != rows.tolist()
    assert sorted(order) == rows.tolist()
    of_rows = groups[order].reshape(-1, 5)
    assert (of_rows == of_rows[:, :1]).all()
    assert (np.diff(order.reshape(-1, 5)) == 1).all()
    last = {int(groups[shuffle_groups(rows, groups, rng)[-1]]) for _ in range(40)}
    assert len(last) > 5


def test_no_rows_have_no_order(rng: np.random.Generator) -> None:
    nothing = np.arange(0)
    assert len(shuffle_groups(nothing, nothing, rng)) == 0


def test_longer_queries_are_fitted_to_the_same_fingerprints_and_judged_by_runs(
    prepared: Prepare, recipe: QueryRecipe
) -> None:
    run = prepared(distractors="synthetic", generator="gaussian-tracks")
    single = split_tracks(run.config, run.source.build_inputs(run.store, stage))
    longer = prepared(
        distractors="synthetic",
        generator="gaussian-tracks",
        recipe=replace(recipe, query_length_s=2.0),
    )
    inputs = longer.source.build_inputs(longer.store, stage)
    split = split_tracks(longer.config, inputs)
    np.testing.assert_array_equal(split.fit, single.fit)
    np.testing.assert_array_equal(split.stretches, single.stretches)
    np.testing.assert_array_equal(split.judging.vectors, single.judging.vectors)
    assert split.stretches.max() + 1 == 8  # tracks
    runs = split.judging_runs
    assert runs is not None
    assert isinstance(inputs.real, Runs)
    assert runs.vectors.shape == (8 * 17, 3 * 16)  # of 19 fingerprints three by three
    assert set(runs.tracks.tolist()) == set(split.judging.tracks.tolist())
