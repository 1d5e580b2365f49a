"""The query recipe of a run with recorded queries."""

from dataclasses import replace
from logging import getLogger

from fpbench.audio.query_recipe import QueryRecipe
from fpbench.audio.reading import durations_s
from fpbench.audio.recorded_queries import cut_queries
from fpbench.errors import FpbenchError
from fpbench.plugin.datasets import Dataset
from fpbench.runs.config import RunConfig

logger = getLogger(__name__)


def recorded_config(config: RunConfig, dataset: Dataset) -> RunConfig:
    """The config with the recipe that recorded queries need.

    Fields that the user did not give become: all queries, no degradations, no offset. Degradations
    that the user gave are applied to the recordings.

    Raises:
        FpbenchError: No query can be cut from the recordings, or an offset is given.
    """
    recipe, given = config.recipe, config.recipe_given
    if "max_offset_s" in given and recipe.max_offset_s != 0:
        raise FpbenchError(
            f"max_offset_s={recipe.max_offset_s:g} has no effect on recorded queries, whose start "
            "times are known",
            hint="set it to 0, or leave it out",
        )
    recipe = replace(recipe, max_offset_s=0.0)
    if "degradations" not in given:
        recipe = replace(recipe, degradations=())
    available = _count_queries(recipe, dataset)
    if "n_queries" not in given:
        recipe = replace(recipe, n_queries=available)
    elif recipe.n_queries > available:
        logger.warning(
            "%d queries are wanted, but the recordings give %d", recipe.n_queries, available
        )
        recipe = replace(recipe, n_queries=available)
    return replace(config, recipe=recipe)


def _count_queries(recipe: QueryRecipe, dataset: Dataset) -> int:
    """Queries that can be cut, by the lengths in the files' headers."""
    durations = durations_s(dataset.reference).tolist()
    reference = {
        track.name: (index, duration_s)
        for index, (track, duration_s) in enumerate(zip(dataset.reference, durations, strict=True))
    }
    cut = cut_queries(dataset.queries, reference, recipe, tempo=1.0, seed=None)
    return len(cut.truth.track)
