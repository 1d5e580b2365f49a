"""Recipes on disk are what the code says, and every recipe in the package can be used."""

from dataclasses import replace
from importlib.resources import files

import pytest

from fpbench import FpbenchError, Settings, apply_options
from fpbench.encoders.recipes import recipe_options
from fpbench.plugin.catalog import Catalog
from fpbench_plugins.building_blocks.contrastive.recipe_parts import learning_rate
from fpbench_plugins.nafp.training import PUBLISHED_RECIPE

SYSTEMS = ("nafp", "nmfp", "grafprint", "peaknetfp")


def recipes() -> list[tuple[str, str]]:
    return [
        (system, file.name.removesuffix(".toml"))
        for system in SYSTEMS
        for file in (files(f"fpbench_plugins.{system}") / "recipes").iterdir()
        if file.name.endswith(".toml")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_published_recipe_is_the_one_in_the_code(system: str) -> None:
    import importlib

    published = importlib.import_module(f"fpbench_plugins.{system}.training").PUBLISHED_RECIPE
    offer, _ = Catalog.load().offer("trainable", system)
    options = recipe_options(offer, "published")
    assert apply_options(published, options) == published
    assert set(options) == {k for k, v in published.description().items() if v is not None}


@pytest.mark.parametrize(
    ("system", "setting", "said"),
    [
        *(("nafp", f"{name}=0", "at least 1") for name in ("width", "anchors", "epochs", "steps")),
        *(("nafp", f"{name}=0", "above 0") for name in ("hop_s", "temperature", "lr")),
        *(("nafp", f"{name}=-1", "at least 0") for name in ("margin_s", "response_s", "context_s")),
        *(("nafp", f"{name}=-1", "at least 0") for name in ("ramp", "warm_up", "triplet_margin")),
        ("nafp", "lr=nan", "above 0 and finite"),
        ("nafp", "lr=inf", "above 0 and finite"),
        ("nafp", "margin_s=nan", "at least 0 and finite"),
        ("nafp", "lr_end=-0.1", "at least 0"),
        ("nafp", "lr_end=1.1", "at most 1"),
        (
            "nafp",
            "snr_low_db=11",
            "and snr_high_db=10.0, .* in this order",
        ),
        ("nafp", "snr_high_db=inf", "but they must be finite and in this order"),
        ("nafp", "snr_low_db=nan", "but they must be finite and in this order"),
        ("nmfp", "microphone_s=-1", "at least 0"),
        ("grafprint", "width=6", "not a multiple of the network's 4 groups"),
        ("grafprint", "peak_stride=0", "at least 1"),
        ("grafprint", "depth=0", "at least 1"),
        ("grafprint", "hidden_dim=0", "at least 1"),
        ("grafprint", "head_units=0", "at least 1"),
        ("grafprint", "warm_up=100", "needs lr_per=step"),
        ("grafprint", "spectral_mask=true", "trained without masks"),
        ("peaknetfp", "stretch_low=0.4", "from 0.5 to 2"),
        ("peaknetfp", "stretch_high=2.1", "from 0.5 to 2"),
        ("peaknetfp", "stretch_high=0.4", "in this order"),
        ("peaknetfp", "anchors=0", "at least 1"),
    ],
)
@pytest.mark.slow
def test_refuses_impossible_settings(system: str, setting: str, said: str) -> None:
    key, _, value = setting.partition("=")
    with pytest.raises(FpbenchError, match=rf"\b{key}=.*{said}"):
        Catalog.load().trainable(system, Settings(options={key: value}))


def test_a_training_shorter_than_an_epoch_counts_as_one() -> None:
    recipe = replace(PUBLISHED_RECIPE, lr=0.5, lr_end=0.1, lr_per="epoch")
    rates = [learning_rate(recipe, step, 25, per_epoch=31) for step in (0, 24)]
    assert rates == [learning_rate(recipe, 0, 31, per_epoch=31)] * 2 == [0.5, 0.5]


@pytest.mark.parametrize(("system", "recipe"), recipes())
@pytest.mark.slow
def test_every_recipe_can_be_used(system: str, recipe: str) -> None:
    catalog = Catalog.load()
    offer, _ = catalog.offer("trainable", system)
    settings = Settings(options=recipe_options(offer, recipe))
    assert catalog.trainable(system, settings).sample_rate_hz in (8_000, 16_000)
