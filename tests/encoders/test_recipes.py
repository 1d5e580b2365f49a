"""Recipes: flat TOML of a plugin or a file, overridden by command-line settings."""

from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.encoders.recipes import (
    override_options,
    parse_flat_toml,
    plugin_recipes,
    recipe_options,
)
from fpbench.plugin.catalog import Catalog, Offer


@pytest.fixture
def nafp() -> Offer:
    return Catalog.load().offer("trainable", "nafp")[0]


def test_command_line_settings_override_the_recipe() -> None:
    assert override_options({"lr": "1", "steps": "5"}, {"lr": "2"}) == {"lr": "2", "steps": "5"}


def test_epochs_replace_steps() -> None:
    assert override_options({"steps": "5"}, {"epochs": "2"}) == {"epochs": "2"}
    assert override_options({"epochs": "2"}, {"steps": "5"}) == {"epochs": "2", "steps": "5"}


def test_a_training_has_one_length() -> None:
    with pytest.raises(FpbenchError, match="--steps 5 and --epochs 2 both set the training length"):
        override_options({}, {"steps": "5", "epochs": "2"})


def test_values_are_text_as_on_the_command_line() -> None:
    text = 'name = "a"\nlr = 1e-3\nsteps = 5\ndegraded = true\n'
    assert parse_flat_toml(text, "x") == {
        "name": "a",
        "lr": "0.001",
        "steps": "5",
        "degraded": "True",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("lr =", "x is not TOML", id="cut"),
        pytest.param("lr = [1, 2]", "x: 'lr' is not a single value", id="list"),
        pytest.param("[sgd]\nlr = 1", "x: 'sgd' is not a single value", id="table"),
    ],
)
def test_other_toml_is_refused(text: str, message: str) -> None:
    with pytest.raises(FpbenchError, match=message):
        parse_flat_toml(text, "x")


def test_a_plugin_has_recipes_in_its_folder(nafp: Offer) -> None:
    assert list(plugin_recipes(nafp)) == ["published", "published-lamb", "small"]
    assert recipe_options(nafp, "small") != recipe_options(nafp, "published")
    with pytest.raises(FpbenchError, match="'nafp' has no recipe called 'big'") as error:
        recipe_options(nafp, "big")
    assert error.value.hint is not None
    assert "published, published-lamb, small" in error.value.hint


def test_a_file_is_a_recipe_too(nafp: Offer, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("lr = 0.5")
    assert recipe_options(nafp, str(tmp_path / "mine.toml")) == {"lr": "0.5"}
    with pytest.raises(FpbenchError, match="there is no recipe"):
        recipe_options(nafp, str(tmp_path / "none.toml"))
