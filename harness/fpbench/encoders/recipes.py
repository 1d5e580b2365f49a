"""Settings of a training, from a plugin's recipes and the command line."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.plugin.catalog import Offer

DEFAULT_RECIPE = "published"


def override_options(recipe: Mapping[str, str], overrides: Mapping[str, str]) -> dict[str, str]:
    """The settings of a recipe, overridden by those from the command line.

    Raises:
        FpbenchError: The length is given both in steps and in epochs.
    """
    if {"steps", "epochs"} <= overrides.keys():
        raise FpbenchError(
            f"--steps {overrides['steps']} and --epochs {overrides['epochs']} both set the "
            "training length",
            hint="give one of the two",
        )
    # Steps have priority, so the recipe's steps would override the epochs.
    dropped = {"steps"} if "epochs" in overrides else set()
    return {key: value for key, value in recipe.items() if key not in dropped} | dict(overrides)


def recipe_options(offer: Offer, recipe: str) -> dict[str, str]:
    """The settings in a recipe, as text values like those of ``--set``.

    Args:
        recipe: A file ending in ``.toml``, or the name of one in the plugin's folder ``recipes``.

    Returns:
        The settings; none for ``published`` if the plugin has no recipes, which means its defaults.

    Raises:
        FpbenchError: The recipe does not exist, or is not flat TOML.
    """
    if recipe.endswith(".toml"):
        path = Path(recipe)
        if not path.is_file():
            raise FpbenchError(f"there is no recipe '{path}'", hint="give the path of a TOML file")
        return parse_flat_toml(read_text(path), recipe)
    recipes = plugin_recipes(offer)
    if not recipes and recipe == DEFAULT_RECIPE:
        return {}
    if recipe not in recipes:
        names = ", ".join(recipes) or f"only its defaults, called '{DEFAULT_RECIPE}'"
        raise FpbenchError(
            f"'{offer.entry.name}' has no recipe called '{recipe}'",
            hint=f"it has: {names}; or give a file ending in .toml",
        )
    return parse_flat_toml(read_text(recipes[recipe]), f"recipe '{recipe}'")


def plugin_recipes(offer: Offer) -> dict[str, Traversable]:
    """The recipes in a plugin's folder, sorted by name; a single-file plugin has none."""
    spec = offer.source.module.__spec__
    if spec is None or spec.submodule_search_locations is None:
        return {}
    folder = files(offer.source.module) / "recipes"
    items = folder.iterdir() if folder.is_dir() else ()
    recipes = [item for item in items if item.name.endswith(".toml")]
    return dict(sorted((item.name.removesuffix(".toml"), item) for item in recipes))


def read_text(recipe: Traversable) -> str:
    """A recipe's text.

    Raises:
        FpbenchError: It cannot be read, or is not UTF-8.
    """
    try:
        return recipe.read_text(encoding="utf-8-sig")
    except OSError as err:
        raise FpbenchError(
            f"cannot read recipe '{recipe}': {err.strerror}", hint="check its permissions"
        ) from err
    except UnicodeDecodeError as err:
        raise FpbenchError(
            f"recipe '{recipe}' is not UTF-8: {err.reason} at byte {err.start}",
            hint="save it as UTF-8",
        ) from err


def parse_flat_toml(text: str, where: str) -> dict[str, str]:
    """Flat TOML as text values.

    Raises:
        FpbenchError: Not TOML, or a value is a table or a list of tables.
    """
    try:
        values: Mapping[str, object] = tomllib.loads(text)
    except (ValueError, RecursionError) as err:  # of TOML, or of a number
        raise FpbenchError(f"{where} is not TOML: {err}", hint="write lines KEY = VALUE") from err
    for key, value in values.items():
        if not isinstance(value, bool | int | float | str):
            raise FpbenchError(
                f"{where}: '{key}' is not a single value", hint="write lines KEY = VALUE"
            )
    return {key: str(value) for key, value in values.items()}
