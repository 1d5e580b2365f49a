"""Clips have their length, noise is repeated, impulse responses are cut."""

import numpy as np
import torch

from fpbench_plugins.building_blocks.contrastive.augmentation import convolve, convolve_circularly
from fpbench_plugins.building_blocks.contrastive.clips import (
    cut_clips,
    draw_impulse_responses,
    draw_noise,
    draw_snr_db,
)


def test_clips_have_zeros_where_the_track_has_not_begun() -> None:
    recording = np.arange(1, 7, dtype=np.int16) * 4096
    track, start = np.array([0, 0]), np.array([0, 3])
    found = cut_clips([recording], track, start, samples=2, context=2)
    np.testing.assert_array_equal(8 * found, [[0, 0, 1, 2], [2, 3, 4, 5]])


def test_short_noise_is_repeated(rng: np.random.Generator) -> None:
    noise = np.array([8192, 16384], dtype=np.int16)
    np.testing.assert_array_equal(draw_noise([noise], 1, 5, rng), [[0.25, 0.5, 0.25, 0.5, 0.25]])


def test_rooms_are_cut_and_padded(rng: np.random.Generator) -> None:
    responses = [np.full(2, 8192, dtype=np.int16), np.full(9, 8192, dtype=np.int16)]
    found = draw_impulse_responses(responses, 20, 4, 1.0, rng)
    assert {tuple(row) for row in found.tolist()} == {(0.25, 0.25, 0, 0), (0.25,) * 4}


def test_a_weak_room_keeps_its_loudest_sample(rng: np.random.Generator) -> None:
    response = np.array([8192, 16384, -8192, 8192], dtype=np.int16)
    np.testing.assert_array_equal(
        draw_impulse_responses([response], 1, 4, 0.5, rng), [[0.25, 0.5, -0.125, 0.125]]
    )


def test_rooms_of_no_length_leave_music_as_it_is(rng: np.random.Generator) -> None:
    music = torch.tensor([[0.5, -0.25, 1.0], [0.0, 0.0, 0.25]])
    none = draw_impulse_responses([np.full(2, 8192, dtype=np.int16)], 2, 0, 1.0, rng)
    torch.testing.assert_close(convolve(music, none), music)
    torch.testing.assert_close(convolve_circularly(music, none), music)


def test_weak_noise_is_thirty_decibels_weaker(rng: np.random.Generator) -> None:
    assert draw_snr_db(5.0, 5.0, 2, 0.5, rng).tolist() == [20.0, 20.0]
