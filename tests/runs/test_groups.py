"""Tracks of one group have one number, and a track without a group has its own."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import numpy as np
import pytest

from fpbench.progress import Report
from fpbench.runs.fit_splits import split_tracks
from fpbench.runs.groups import number_groups, query_clusters, with_groups
from fpbench.runs.inputs import AudioSource
from fpbench.runs.prepare import PreparedRun

Prepare = Callable[..., PreparedRun]


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


def test_a_track_without_a_group_is_a_group_of_its_own() -> None:
    groups = ["a", None, "b", "a", None]
    numbers = number_groups(groups, np.array([0, 0, 1, 2, 3, 4]))
    assert numbers is not None
    assert numbers.tolist() == [0, 0, 1, 2, 0, 4]


def test_groups_are_unknown_if_no_row_is_of_a_known_one() -> None:
    assert number_groups(["a", None, None], np.array([1, 2])) is None
    assert number_groups([], np.zeros(0, dtype=np.int64)) is None


def grouped(run: PreparedRun, of_reference: str, of_distractors: str) -> PreparedRun:
    """The run with a group for each track, a letter, in their order."""
    assert isinstance(run.source, AudioSource)
    lists = [
        [replace(track, group=letter) for track, letter in zip(tracks, letters, strict=True)]
        for tracks, letters in (
            (run.source.dataset.reference, of_reference),
            (run.source.dataset.distractors, of_distractors),
        )
    ]
    dataset = replace(run.source.dataset, reference=lists[0], distractors=lists[1])
    return replace(run, source=replace(run.source, dataset=dataset))


def test_inputs_know_the_groups_of_queries_and_distractors(prepared: Prepare) -> None:
    run = prepared()
    plain = run.source.build_inputs(run.store, stage)
    assert plain.query_groups is plain.real_groups is plain.query_info.groups is None
    assert query_clusters(plain) is plain.query_tracks
    assert isinstance(run.source, AudioSource)
    names = [len(run.source.dataset.reference), len(run.source.dataset.distractors)]
    halves = grouped(run, ("ab" * names[0])[: names[0]], ("cd" * names[1])[: names[1]])
    assert isinstance(halves.source, AudioSource)
    inputs = with_groups(plain, halves.source.dataset)
    np.testing.assert_array_equal(inputs.query_groups, inputs.truth.track % 2)
    np.testing.assert_array_equal(inputs.real_groups, inputs.real_tracks % 2)
    assert inputs.query_info.groups == 2
    assert query_clusters(inputs) is inputs.query_groups


@pytest.mark.slow
def test_no_group_is_in_both_halves(prepared: Prepare) -> None:
    run = prepared(distractors="synthetic")
    inputs = run.source.build_inputs(run.store, stage)
    inputs = replace(inputs, real_groups=inputs.real_tracks // 2)
    split = split_tracks(run.config, inputs)
    rows = {row.tobytes(): g for row, g in zip(inputs.real, inputs.real_groups, strict=True)}
    fitted, judging = (
        {rows[row.tobytes()] for row in part} for part in (split.fit, split.judging.vectors)
    )
    assert fitted.isdisjoint(judging)
    assert len(fitted) + len(judging) == len(np.unique(inputs.real_groups))


@pytest.mark.slow
@pytest.mark.parametrize(
    "groups",
    [
        pytest.param(lambda tracks: tracks % 3, id="few"),
        pytest.param(
            lambda tracks: np.maximum(np.arange(len(tracks)) - len(tracks) + 8, 0), id="unequal"
        ),
    ],
)
def test_groups_that_cannot_be_halved_are_divided_by_track(
    prepared: Prepare,
    caplog: pytest.LogCaptureFixture,
    groups: Callable[[np.ndarray], np.ndarray],
) -> None:
    run = prepared(distractors="synthetic")
    inputs = run.source.build_inputs(run.store, stage)
    by_track = split_tracks(run.config, inputs)
    split = split_tracks(run.config, replace(inputs, real_groups=groups(inputs.real_tracks)))
    np.testing.assert_array_equal(split.fit, by_track.fit)
    assert "too few or too unequal to divide them by group" in caplog.text
