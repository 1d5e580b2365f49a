"""A recipe gets the batches and rooms that it asks for, or says why it cannot."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fpbench import FpbenchError, PcmAudio, Settings, TrainingAudio
from fpbench_plugins.building_blocks.contrastive.recipe import TrainingRecipe
from fpbench_plugins.building_blocks.contrastive.recipe_parts import (
    anchor_segments,
    keep_audible_responses,
    make_batches,
)
from fpbench_plugins.building_blocks.contrastive.system import System
from fpbench_plugins.building_blocks.contrastive.training import ContrastiveTrainable

SAMPLES, HOP, MARGIN = 8, 4, 2


RECIPE = TrainingRecipe(
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
        make_batches(system(), recipe, audio_of(*silent(*lengths)), 0)
    assert hint in (caught.value.hint or "")
    assert "anchors=0" not in (caught.value.hint or "")


def delayed_response(samples: int) -> PcmAudio:
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
    recipe: TrainingRecipe, kept: list[list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    audio = replace(
        audio_of(),
        impulse_responses=[
            delayed_response(1),
            delayed_response(3),
            delayed_response(10),
            delayed_response(20),
        ],
    )
    heard = keep_audible_responses(audio, system(), recipe).impulse_responses
    assert [response[:2].tolist() for response in heard] == kept
    left_out = 4 - len(kept)
    assert (f"left out {left_out} of 4 impulse responses" in caplog.text) == (left_out > 0)


def test_refuses_rooms_of_which_none_can_be_heard() -> None:
    audio = replace(audio_of(), impulse_responses=[delayed_response(4), delayed_response(20)])
    with pytest.raises(
        FpbenchError, match=r"all 2 impulse responses are silent in their first 0.5 s"
    ):
        keep_audible_responses(audio, system(), RECIPE)


def test_refuses_held_out_tracks_that_are_all_too_short() -> None:
    audio = replace(audio_of(*silent(40)), held_out=silent(7, 5))
    with pytest.raises(
        FpbenchError, match=r"none of the 2 tracks held out .* is as long as a segment \(1 s\)"
    ):
        ContrastiveTrainable(RECIPE, Settings(), SAMPLES, system).start(audio)


def test_a_hop_of_less_than_a_sample_is_one() -> None:
    recipe = replace(RECIPE, hop_s=1e-3)
    assert anchor_segments(silent(10), system(), recipe).start.tolist() == [0, 1, 2]
