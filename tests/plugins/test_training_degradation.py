"""How the fingerprinters degrade the music that they are trained on."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from fpbench import TrainingAudio
from fpbench_plugins.building_blocks.contrastive.recipe import TrainingRecipe
from fpbench_plugins.building_blocks.contrastive.system import Degrade
from fpbench_plugins.grafprint import training as grafprint
from fpbench_plugins.nafp import training as nafp
from fpbench_plugins.nmfp import training as nmfp
from fpbench_plugins.peaknetfp import training as peaknetfp


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
def test_recipes_say_how_much_of_a_room_is_heard(recipe: TrainingRecipe, samples: int) -> None:
    assert recipe.audible_samples(8_000, 8_000) == samples


@pytest.mark.parametrize(
    "degrade",
    [
        partial(nafp.draw_positives, replace(nafp.PUBLISHED_RECIPE, response_s=0.0)),
        partial(nmfp.draw_positives, replace(nmfp.PUBLISHED_RECIPE, response_s=0.0)),
        partial(grafprint.draw_positives, replace(grafprint.PUBLISHED_RECIPE, response_s=0.0)),
        partial(peaknetfp.draw_positives, replace(peaknetfp.PUBLISHED_RECIPE, degraded=True)),
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
    positives = grafprint.draw_positives(recipe, torch.ones(2, 17_000), audio, 1.0, rng)
    swing = positives[:, 1:].sub(positives[:, :-1]).abs()
    torch.testing.assert_close(swing.amax(), torch.tensor(left), atol=1e-3, rtol=0)
