"""The query recipe of a run with recorded queries."""

from dataclasses import replace
from logging import getLogger

from fpbench.audio.query_recipe import QueryRecipe
from fpbench.audio.recorded_queries import cut_queries, select_recordings
from fpbench.audio.survey import Surveys, decoded_durations_s
from fpbench.errors import FpbenchError
from fpbench.plugin.datasets import Dataset
from fpbench.runs.config import RunConfig

logger = getLogger(__name__)


def recorded_config(config: RunConfig, dataset: Dataset, surveys: Surveys) -> RunConfig:
    """The config with the recipe that recorded queries need.

    Fields that the user did not give become: all queries, no degradations, no offset. Degradations
    that the user gave are applied to the recordings.

    Args:
        config: The settings of the user.
        dataset: A dataset with recorded queries.
        surveys: Surveys of its reference and its recordings.

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
    available = _count_queries(recipe, dataset, surveys)
    if "n_queries" not in given:
        recipe = replace(recipe, n_queries=available)
    elif recipe.n_queries > available:
        logger.warning(
            "%d queries are wanted, but the recordings give %d", recipe.n_queries, available
        )
        recipe = replace(recipe, n_queries=available)
    return replace(config, recipe=recipe)


def _count_queries(recipe: QueryRecipe, dataset: Dataset, surveys: Surveys) -> int:
    """Queries that can be cut."""
    durations = decoded_durations_s(surveys, dataset.reference).tolist()
    reference = {
        track.name: (index, duration_s)
        for index, (track, duration_s) in enumerate(zip(dataset.reference, durations, strict=True))
    }
    usable, _ = select_recordings(dataset.queries, surveys)
    silent_s = {track.name: surveys[track].silent_s for track in dataset.reference}
    cut = cut_queries(
        usable, reference, recipe, tempo=1.0, seed=None, surveys=surveys, silent_s=silent_s
    )
    return len(cut.truth.track)
