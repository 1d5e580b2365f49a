"""Pairs lie inside tracks and near each other; an epoch takes all segments in turn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpbench import PcmAudio
from fpbench_plugins.building_blocks.contrastive.batches import (
    AnywhereInTrack,
    OnePerTrack,
    Segments,
    SeveralPerTrack,
    ShuffledSegments,
)

SAMPLES, HOP, MARGIN = 8, 4, 2


def silent(*lengths: int) -> list[PcmAudio]:
    return [np.zeros(length, dtype=np.int16) for length in lengths]


def test_lists_full_segments_only() -> None:
    segments = Segments.from_recordings(silent(7, 8, 11, 12, 21), SAMPLES, HOP)
    assert segments.track.tolist() == [1, 2, 3, 3, 4, 4, 4, 4]
    assert segments.start.tolist() == [0, 0, 0, 4, 0, 4, 8, 12]


def test_shifts_end_where_the_track_does() -> None:
    segments = Segments.from_recordings(silent(21), SAMPLES, HOP)
    assert segments.lowest.tolist() == [0, -4, -4, -4]
    assert segments.highest.tolist() == [4, 4, 4, 1]


@given(lengths=st.lists(st.integers(8, 60), min_size=1, max_size=6), seed=st.integers(0, 99))
@pytest.mark.slow
def test_both_ends_lie_in_the_track_and_near_each_other(lengths: list[int], seed: int) -> None:
    segments = Segments.from_recordings(silent(*lengths), SAMPLES, HOP)
    rows = np.arange(len(segments.track))
    pairs = segments.draw_pairs(rows, MARGIN, np.random.default_rng(seed))
    end = np.array(lengths)[pairs.track] - SAMPLES
    for start in (pairs.anchor, pairs.positive):
        assert (start >= 0).all()
        assert (start <= end).all()
    assert (np.abs(pairs.anchor - pairs.positive) <= MARGIN).all()
    assert (np.abs(pairs.anchor - segments.start) <= MARGIN).all()


def test_an_epoch_takes_each_segment_once() -> None:
    segments = Segments.from_recordings(silent(40, 30), SAMPLES, HOP)
    batches = ShuffledSegments(segments=segments, anchors=5, margin=0, seed=0)
    rng = np.random.default_rng(0)
    assert batches.per_epoch == 3
    epochs = [[], []]
    for number in range(6):
        pairs = batches.pairs(number, rng)
        epochs[number // 3] += list(zip(pairs.track, pairs.anchor, strict=True))
    assert all(len(set(epoch)) == 15 for epoch in epochs)
    assert epochs[0] != epochs[1]


@given(anchors=st.integers(1, 5), seed=st.integers(0, 99))
@pytest.mark.slow
def test_no_track_meets_itself(anchors: int, seed: int) -> None:
    segments = Segments.from_recordings(silent(40, 8, 30, 16, 22), SAMPLES, HOP)
    batches = OnePerTrack(segments=segments, anchors=anchors, margin=MARGIN, seed=seed)
    for number in range(2 * batches.per_epoch):
        track = batches.pairs(number, np.random.default_rng(seed)).track
        assert len(set(track.tolist())) == anchors


def test_tracks_go_through_their_own_segments() -> None:
    segments = Segments.from_recordings(silent(20, 20), SAMPLES, HOP)
    batches = OnePerTrack(segments=segments, anchors=2, margin=0, seed=0)
    rng = np.random.default_rng(0)
    seen = {0: [], 1: []}
    for number in range(batches.per_epoch):
        pairs = batches.pairs(number, rng)
        for track, start in zip(pairs.track, pairs.anchor, strict=True):
            seen[int(track)].append(int(start))
    assert sorted(seen[0]) == sorted(seen[1]) == [0, 4, 8, 12]


def test_tracks_come_equally_often_however_many_segments_they_have() -> None:
    segments = Segments.from_recordings(silent(12, 12, 12, 4 + 60 * HOP), SAMPLES, HOP)
    batches = OnePerTrack(segments=segments, anchors=4, margin=0, seed=0)
    pairs = [batches.pairs(n, np.random.default_rng(0)) for n in range(batches.per_epoch)]
    track, start = (np.concatenate([getattr(p, end) for p in pairs]) for end in ("track", "anchor"))
    assert np.bincount(track).tolist() == [16, 16, 16, 16]
    # All 2 of each short track, and 16 of the 60 of the long one.
    assert len(set(zip(track.tolist(), start.tolist(), strict=True))) == 2 + 2 + 2 + 16


@given(per_track=st.integers(1, 3), seed=st.integers(0, 99))
def test_groups_are_of_one_track_each(per_track: int, seed: int) -> None:
    segments = Segments.from_recordings(silent(40, 8, 30, 16, 22), SAMPLES, HOP)
    batches = SeveralPerTrack(
        segments=segments, anchors=2 * per_track, per_track=per_track, margin=0, seed=seed
    )
    seen = []
    for number in range(batches.per_epoch):
        pairs = batches.pairs(number, np.random.default_rng(seed))
        assert all(len(set(group)) == 1 for group in pairs.track.reshape(2, per_track).tolist())
        seen += list(zip(pairs.track.tolist(), pairs.anchor.tolist(), strict=True))
    assert len(set(seen)) == len(seen) == batches.per_epoch * 2 * per_track
    again = batches.pairs(batches.per_epoch, np.random.default_rng(seed))
    assert set(zip(again.track.tolist(), again.anchor.tolist(), strict=True)) <= {
        (track, start) for track, start in zip(segments.track, segments.start, strict=True)
    }


@pytest.mark.parametrize("margin", [0, 3])
def test_anywhere_stays_inside(margin: int) -> None:
    lengths = np.array([12, 50])
    batches = AnywhereInTrack.from_recordings(
        silent(12, 50), SAMPLES, anchors=2, margin=margin, seed=0
    )
    rng = np.random.default_rng(0)
    for number in range(50):
        pairs = batches.pairs(number, rng)
        last = np.maximum(pairs.anchor, pairs.positive) + 8
        assert (last <= lengths[pairs.track]).all()


def test_anywhere_takes_none_but_the_tracks_that_are_long_enough() -> None:
    batches = AnywhereInTrack.from_recordings(
        silent(7, 50, 11, 40), SAMPLES, anchors=2, margin=3, seed=0
    )
    assert batches.per_epoch == 1
    pairs = batches.pairs(0, np.random.default_rng(0))
    assert sorted(pairs.track.tolist()) == [1, 3]


def test_groups_of_one_track_meet_in_a_batch_and_are_shifted_apart() -> None:
    segments = Segments.from_recordings(silent(4 + 8 * HOP), SAMPLES, HOP)
    batches = SeveralPerTrack(segments=segments, anchors=8, per_track=4, margin=MARGIN, seed=0)
    nearest = []
    for seed in range(20):
        first, second = batches.pairs(0, np.random.default_rng(seed)).anchor.reshape(2, 4)
        nearest.append(np.abs(first[:, None] - second).min())
    assert min(nearest) < HOP


def test_groups_keep_the_distances_of_a_database() -> None:
    segments = Segments.from_recordings(silent(400, 400), SAMPLES, HOP)
    batches = SeveralPerTrack(segments=segments, anchors=8, per_track=4, margin=MARGIN, seed=0)
    shifts = set()
    for number in range(batches.per_epoch):
        pairs = batches.pairs(number, np.random.default_rng(number))
        inside = (pairs.anchor > 0) & (pairs.anchor < 400 - SAMPLES)
        for track in (0, 1):
            own = set((pairs.anchor[inside & (pairs.track == track)] % HOP).tolist())
            assert len(own) <= 1 or len(set(pairs.track)) == 1  # two groups of one track
            shifts |= own
        assert (np.abs(pairs.anchor - pairs.positive) <= MARGIN).all()
    assert len(shifts) > 1
