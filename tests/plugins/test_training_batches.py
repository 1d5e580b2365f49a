"""Batches hold what they promise: inside tracks, near each other, no track twice, all in turn."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fpbench import FpbenchError, PcmAudio, Settings, TrainingAudio
from fpbench_plugins.building_blocks.augmentation import (
    circularly_convolved,
    convolved,
)
from fpbench_plugins.building_blocks.contrastive import (
    ContrastiveTrainable,
    Degrade,
    System,
    batches,
    segments_of,
    with_audible_rooms,
)
from fpbench_plugins.building_blocks.pairs import (
    AnywhereInTrack,
    OnePerTrack,
    Segments,
    SeveralPerTrack,
    ShuffledSegments,
    backgrounds,
    clips,
    ratios_db,
    rooms,
)
from fpbench_plugins.building_blocks.recipe import Recipe
from fpbench_plugins.grafprint import training as grafprint
from fpbench_plugins.nafp import training as nafp
from fpbench_plugins.nmfp import training as nmfp
from fpbench_plugins.peaknetfp import training as peaknetfp

SAMPLES, HOP, MARGIN = 8, 4, 2
RECIPE = Recipe(
    width=1,
    anchors=2,
    epochs=1,
    batching="segments",
    margin_s=0.25,
    loss="nt-xent",
    optimiser="adam",
    lr=0.1,
    lr_end=0.0,
    snr_low_db=0.0,
    snr_high_db=0.0,
    response_s=0.5,
    context_s=0.0,
    spectral_mask=False,
)


def silent(*lengths: int) -> list[PcmAudio]:
    return [np.zeros(length, dtype=np.int16) for length in lengths]


def system() -> System:
    """One layer that hears clips of 1 s at 8 Hz, as they are."""
    layer = torch.nn.Linear(SAMPLES, 4)
    return System(
        name="layer",
        architecture={},
        sample_rate_hz=SAMPLES,
        segment_samples=SAMPLES,
        network=layer,
        degrade=lambda before, audio, strength, rng: before[:, -SAMPLES:],
        front_end=lambda anchors, positives, rng: torch.cat((anchors, positives)),
        embed=lambda clips: layer(clips).chunk(2),
    )


def audio_of(*music: PcmAudio) -> TrainingAudio:
    one = [np.ones(SAMPLES, dtype=np.int16)]
    return TrainingAudio(music=music, held_out=one, noise=one, impulse_responses=one)


def test_lists_full_segments_only() -> None:
    segments = Segments.of(silent(7, 8, 11, 12, 21), SAMPLES, HOP)
    assert segments.track.tolist() == [1, 2, 3, 3, 4, 4, 4, 4]
    assert segments.start.tolist() == [0, 0, 0, 4, 0, 4, 8, 12]


def test_shifts_end_where_the_track_does() -> None:
    segments = Segments.of(silent(21), SAMPLES, HOP)
    assert segments.lowest.tolist() == [0, -4, -4, -4]
    assert segments.highest.tolist() == [4, 4, 4, 1]


@given(lengths=st.lists(st.integers(8, 60), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_both_ends_lie_in_the_track_and_near_each_other(lengths: list[int], seed: int) -> None:
    segments = Segments.of(silent(*lengths), SAMPLES, HOP)
    rows = np.arange(len(segments.track))
    places = segments.shifted(rows, MARGIN, np.random.default_rng(seed))
    end = np.array(lengths)[places.track] - SAMPLES
    for start in (places.anchor, places.positive):
        assert (start >= 0).all()
        assert (start <= end).all()
    assert (np.abs(places.anchor - places.positive) <= MARGIN).all()
    assert (np.abs(places.anchor - segments.start) <= MARGIN).all()


def test_an_epoch_takes_each_segment_once() -> None:
    segments = Segments.of(silent(40, 30), SAMPLES, HOP)
    batches = ShuffledSegments(segments=segments, anchors=5, margin=0, seed=0)
    rng = np.random.default_rng(0)
    assert batches.per_epoch == 3
    epochs = [[], []]
    for number in range(6):
        places = batches.places(number, rng)
        epochs[number // 3] += list(zip(places.track, places.anchor, strict=True))
    assert all(len(set(epoch)) == 15 for epoch in epochs)
    assert epochs[0] != epochs[1]


@given(anchors=st.integers(1, 5), seed=st.integers(0, 99))
def test_no_track_meets_itself(anchors: int, seed: int) -> None:
    segments = Segments.of(silent(40, 8, 30, 16, 22), SAMPLES, HOP)
    batches = OnePerTrack(segments=segments, anchors=anchors, margin=MARGIN, seed=seed)
    for number in range(2 * batches.per_epoch):
        track = batches.places(number, np.random.default_rng(seed)).track
        assert len(set(track.tolist())) == anchors


def test_tracks_go_through_their_own_segments() -> None:
    segments = Segments.of(silent(20, 20), SAMPLES, HOP)
    batches = OnePerTrack(segments=segments, anchors=2, margin=0, seed=0)
    rng = np.random.default_rng(0)
    seen = {0: [], 1: []}
    for number in range(batches.per_epoch):
        places = batches.places(number, rng)
        for track, start in zip(places.track, places.anchor, strict=True):
            seen[int(track)].append(int(start))
    assert sorted(seen[0]) == sorted(seen[1]) == [0, 4, 8, 12]


def test_tracks_come_equally_often_however_many_segments_they_have() -> None:
    segments = Segments.of(silent(12, 12, 12, 4 + 60 * HOP), SAMPLES, HOP)
    batches = OnePerTrack(segments=segments, anchors=4, margin=0, seed=0)
    places = [batches.places(n, np.random.default_rng(0)) for n in range(batches.per_epoch)]
    track, start = (
        np.concatenate([getattr(p, end) for p in places]) for end in ("track", "anchor")
    )
    assert np.bincount(track).tolist() == [16, 16, 16, 16]
    # All 2 of each short track, and 16 of the 60 of the long one.
    assert len(set(zip(track.tolist(), start.tolist(), strict=True))) == 2 + 2 + 2 + 16


@given(per_track=st.integers(1, 3), seed=st.integers(0, 99))
def test_groups_are_of_one_track_each(per_track: int, seed: int) -> None:
    segments = Segments.of(silent(40, 8, 30, 16, 22), SAMPLES, HOP)
    batches = SeveralPerTrack(
        segments=segments, anchors=2 * per_track, per_track=per_track, margin=0, seed=seed
    )
    seen = []
    for number in range(batches.per_epoch):
        places = batches.places(number, np.random.default_rng(seed))
        assert all(len(set(group)) == 1 for group in places.track.reshape(2, per_track).tolist())
        seen += list(zip(places.track.tolist(), places.anchor.tolist(), strict=True))
    assert len(set(seen)) == len(seen) == batches.per_epoch * 2 * per_track
    again = batches.places(batches.per_epoch, np.random.default_rng(seed))
    assert set(zip(again.track.tolist(), again.anchor.tolist(), strict=True)) <= {
        (track, start) for track, start in zip(segments.track, segments.start, strict=True)
    }


@pytest.mark.parametrize("margin", [0, 3])
def test_anywhere_stays_inside(margin: int) -> None:
    lengths = np.array([12, 50])
    batches = AnywhereInTrack.of(silent(12, 50), SAMPLES, anchors=2, margin=margin, seed=0)
    rng = np.random.default_rng(0)
    for number in range(50):
        places = batches.places(number, rng)
        last = np.maximum(places.anchor, places.positive) + 8
        assert (last <= lengths[places.track]).all()


@pytest.mark.parametrize(
    ("lengths", "said", "hint"),
    [
        pytest.param([40, 16], "only 8 segments in groups of 4", "--set anchors=8", id="too few"),
        pytest.param([16, 16], "only 0 segments in groups of 4", "longer tracks", id="none"),
    ],
)
def test_says_how_many_segments_are_in_whole_groups(
    lengths: list[int], said: str, hint: str
) -> None:
    # 9 and 3 segments make 2 groups of 4; 3 and 3 make none.
    recipe = replace(RECIPE, batching="groups", per_track=4, anchors=12)
    with pytest.raises(FpbenchError, match=said) as caught:
        batches(system(), recipe, audio_of(*silent(*lengths)), 0)
    assert hint in (caught.value.hint or "")
    assert "anchors=0" not in (caught.value.hint or "")


def test_anywhere_takes_none_but_the_tracks_that_are_long_enough() -> None:
    batches = AnywhereInTrack.of(silent(7, 50, 11, 40), SAMPLES, anchors=2, margin=3, seed=0)
    assert batches.per_epoch == 1
    places = batches.places(0, np.random.default_rng(0))
    assert sorted(places.track.tolist()) == [1, 3]


def delayed(samples: int) -> PcmAudio:
    """An impulse response of 20 samples whose sound arrives after some."""
    return np.where(np.arange(20) < samples, 0, 8192).astype(np.int16)


@pytest.mark.parametrize(
    ("recipe", "kept"),
    [
        pytest.param(RECIPE, [[0, 8192], [0, 0]], id="within half a second"),
        pytest.param(replace(RECIPE, response_s=2.0), [[0, 8192], [0, 0]], id="within a segment"),
        pytest.param(
            replace(RECIPE, response_s=2.0, context_s=0.5),
            [[0, 8192], [0, 0], [0, 0]],
            id="within context and segment",
        ),
        pytest.param(replace(RECIPE, aligned_rooms=True), [[8192, 8192]] * 3, id="aligned"),
        pytest.param(
            replace(RECIPE, response_s=0.0),
            [[0, 8192], [0, 0], [0, 0], [0, 0]],
            id="not used at all",
        ),
    ],
)
def test_leaves_out_rooms_that_positives_cannot_hear(
    recipe: Recipe, kept: list[list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    audio = replace(
        audio_of(), impulse_responses=[delayed(1), delayed(3), delayed(10), delayed(20)]
    )
    heard = with_audible_rooms(audio, system(), recipe).impulse_responses
    assert [response[:2].tolist() for response in heard] == kept
    left_out = 4 - len(kept)
    assert (f"left out {left_out} of 4 impulse responses" in caplog.text) == (left_out > 0)


def test_refuses_rooms_of_which_none_can_be_heard() -> None:
    audio = replace(audio_of(), impulse_responses=[delayed(4), delayed(20)])
    with pytest.raises(FpbenchError, match=r"all 2 impulse responses are silent for the 0.5 s"):
        with_audible_rooms(audio, system(), RECIPE)


@pytest.mark.parametrize(
    ("recipe", "samples"),
    [
        pytest.param(nafp.PUBLISHED_RECIPE, 600, id="75 ms"),
        pytest.param(nmfp.PUBLISHED_RECIPE, 8_000, id="a microphone hears the segment only"),
        pytest.param(replace(nmfp.PUBLISHED_RECIPE, microphone_s=0.0), 16_000, id="no microphone"),
        pytest.param(peaknetfp.PUBLISHED_RECIPE, 0, id="neither noise nor rooms"),
        pytest.param(
            replace(peaknetfp.PUBLISHED_RECIPE, response_s=1.0), 0, id="rooms that are not used"
        ),
    ],
)
def test_recipes_say_how_much_of_a_room_is_heard(recipe: Recipe, samples: int) -> None:
    assert recipe.heard_samples(8_000, 8_000) == samples


def test_refuses_held_out_tracks_that_are_all_too_short() -> None:
    audio = replace(audio_of(*silent(40)), held_out=silent(7, 5))
    with pytest.raises(FpbenchError, match=r"of 2 tracks held out .* none is as long as .* 1 s"):
        ContrastiveTrainable(RECIPE, Settings(), SAMPLES, system).start(audio)


def test_a_hop_of_less_than_a_sample_is_one() -> None:
    recipe = replace(RECIPE, hop_s=1e-3)
    assert segments_of(silent(10), system(), recipe).start.tolist() == [0, 1, 2]


def test_clips_have_zeros_where_the_track_has_not_begun() -> None:
    recording = np.arange(1, 7, dtype=np.int16) * 4096
    track, start = np.array([0, 0]), np.array([0, 3])
    found = clips([recording], track, start, samples=2, context=2)
    np.testing.assert_array_equal(8 * found, [[0, 0, 1, 2], [2, 3, 4, 5]])


def test_short_noise_is_repeated(rng: np.random.Generator) -> None:
    noise = np.array([8192, 16384], dtype=np.int16)
    np.testing.assert_array_equal(backgrounds([noise], 1, 5, rng), [[0.25, 0.5, 0.25, 0.5, 0.25]])


def test_rooms_are_cut_and_padded(rng: np.random.Generator) -> None:
    responses = [np.full(2, 8192, dtype=np.int16), np.full(9, 8192, dtype=np.int16)]
    found = rooms(responses, 20, 4, 1.0, rng)
    assert {tuple(row) for row in found.tolist()} == {(0.25, 0.25, 0, 0), (0.25,) * 4}


def test_a_weak_room_keeps_its_loudest_sample(rng: np.random.Generator) -> None:
    response = np.array([8192, 16384, -8192, 8192], dtype=np.int16)
    np.testing.assert_array_equal(rooms([response], 1, 4, 0.5, rng), [[0.25, 0.5, -0.125, 0.125]])


def test_rooms_of_no_length_leave_music_as_it_is(rng: np.random.Generator) -> None:
    music = torch.tensor([[0.5, -0.25, 1.0], [0.0, 0.0, 0.25]])
    none = rooms([np.full(2, 8192, dtype=np.int16)], 2, 0, 1.0, rng)
    torch.testing.assert_close(convolved(music, none), music)
    torch.testing.assert_close(circularly_convolved(music, none), music)


@pytest.mark.parametrize(
    "degrade",
    [
        partial(nafp.drawn_degradation, replace(nafp.PUBLISHED_RECIPE, response_s=0.0)),
        partial(nmfp.drawn_degradation, replace(nmfp.PUBLISHED_RECIPE, response_s=0.0)),
        partial(grafprint.drawn_degradation, replace(grafprint.PUBLISHED_RECIPE, response_s=0.0)),
        partial(peaknetfp.drawn_degradation, replace(peaknetfp.PUBLISHED_RECIPE, degraded=True)),
    ],
    ids=["nafp", "nmfp", "grafprint", "peaknetfp"],
)
def test_positives_without_a_room_are_heard(degrade: Degrade, rng: np.random.Generator) -> None:
    noise = [rng.integers(-1000, 1000, 16_000).astype(np.int16)]
    audio = TrainingAudio(music=noise, held_out=noise, noise=noise, impulse_responses=noise)
    positives = degrade(torch.rand(2, 16_000), audio, 1.0, rng)
    assert (positives.abs().amax(dim=1) > 0.5).all()


@pytest.mark.parametrize(("noise_in_room", "left"), [(True, 0.0), (False, 2.0)])
def test_grafprint_hears_noise_through_the_room_if_asked_to(
    noise_in_room: bool, left: float, rng: np.random.Generator
) -> None:
    # The room takes out what alternates, as this noise does.
    room = np.array([16_384, 16_384], dtype=np.int16)
    noise = np.tile(np.array([1000, -1000], dtype=np.int16), 10_000)
    audio = TrainingAudio(music=[], held_out=[], noise=[noise], impulse_responses=[room])
    recipe = replace(grafprint.PUBLISHED_RECIPE, snr_high_db=0.0, noise_in_room=noise_in_room)
    positives = grafprint.drawn_degradation(recipe, torch.ones(2, 17_000), audio, 1.0, rng)
    swing = positives[:, 1:].sub(positives[:, :-1]).abs()
    torch.testing.assert_close(swing.amax(), torch.tensor(left), atol=1e-3, rtol=0)


def test_weak_noise_is_thirty_decibels_weaker(rng: np.random.Generator) -> None:
    assert ratios_db(5.0, 5.0, 2, 0.5, rng).tolist() == [20.0, 20.0]


def test_groups_of_one_track_meet_in_a_batch_and_are_shifted_apart() -> None:
    segments = Segments.of(silent(4 + 8 * HOP), SAMPLES, HOP)
    batches = SeveralPerTrack(segments=segments, anchors=8, per_track=4, margin=MARGIN, seed=0)
    nearest = []
    for seed in range(20):
        first, second = batches.places(0, np.random.default_rng(seed)).anchor.reshape(2, 4)
        nearest.append(np.abs(first[:, None] - second).min())
    assert min(nearest) < HOP


def test_groups_keep_the_distances_of_a_database() -> None:
    segments = Segments.of(silent(400, 400), SAMPLES, HOP)
    batches = SeveralPerTrack(segments=segments, anchors=8, per_track=4, margin=MARGIN, seed=0)
    shifts = set()
    for number in range(batches.per_epoch):
        places = batches.places(number, np.random.default_rng(number))
        inside = (places.anchor > 0) & (places.anchor < 400 - SAMPLES)
        for track in (0, 1):
            own = set((places.anchor[inside & (places.track == track)] % HOP).tolist())
            assert len(own) <= 1 or len(set(places.track)) == 1  # two groups of one track
            shifts |= own
        assert (np.abs(places.anchor - places.positive) <= MARGIN).all()
    assert len(shifts) > 1
