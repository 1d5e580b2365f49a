"""Recipes on disk are what the code says, and every recipe in the package can be used."""

from importlib.resources import files

import pytest

from fpbench import Settings, configured
from fpbench.catalog import Catalog
from fpbench.cli.train import recipe_options

SYSTEMS = ("nafp", "nmfp", "grafprint", "peaknetfp")


def recipes() -> list[tuple[str, str]]:
    return [
        (system, file.name.removesuffix(".toml"))
        for system in SYSTEMS
        for file in (files(f"fpbench_plugins.{system}") / "recipes").iterdir()
        if file.name.endswith(".toml")
    ]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_published_recipe_is_the_one_in_the_code(system: str) -> None:
    import importlib

    published = importlib.import_module(f"fpbench_plugins.{system}.training").PUBLISHED_RECIPE
    offer, _ = Catalog.load().offer("trainable", system)
    options = recipe_options(offer, "published")
    assert configured(published, options) == published
    assert set(options) == {k for k, v in published.description().items() if v is not None}


@pytest.mark.parametrize(("system", "recipe"), recipes())
def test_every_recipe_can_be_used(system: str, recipe: str) -> None:
    catalog = Catalog.load()
    offer, _ = catalog.offer("trainable", system)
    settings = Settings(options=recipe_options(offer, recipe))
    assert catalog.trainable(system, settings).sample_rate_hz in (8_000, 16_000)
