"""Checks of settings against each other and the dataset, before any long work."""

from logging import getLogger

from fpbench.audio.reading import durations_s
from fpbench.audio.survey import decoded_durations_s, survey_recordings
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.plugin.datasets import Dataset
from fpbench.plugin.index_names import index_base
from fpbench.runs.config import RunConfig
from fpbench.search.named_indexes import NamedIndex

logger = getLogger(__name__)


def warn_of_unused_settings(config: RunConfig, dataset: Dataset) -> None:
    """Warn of settings without effect; they are no error, as one config may serve several runs.

    Raises:
        FpbenchError: A name is given to a system that has one.
    """
    fields: list[str] = []
    default = RunConfig()
    # A result names all settings; those that its run had not changed need no words.
    changed = {
        name
        for name in config.recipe_given
        if getattr(config.recipe, name) != getattr(default.recipe, name)
    }
    if config.distractors in ("real", "none"):
        fields += ["generator", "generator_weights", "generator_options", "foreign_generator"]
    elif config.generator_weights is None:
        fields.append("foreign_generator")
    if dataset.vectors is not None:
        fields += ["fingerprinter", "fingerprinter_options", "weights", "channel"]
        for name in sorted(changed - {"n_queries", "query_length_s"}):
            logger.warning("recipe.%s has no effect on ready-made fingerprints", name)
    elif config.name is not None:
        raise FpbenchError(
            f"name '{config.name}' has no effect: '{config.dataset}' holds audio, and its "
            f"fingerprinter '{config.fingerprinter}' has a name",
            hint="leave --name out",
        )
    if config.protocol is not None:
        fields.append("tolerance_s")
        unread = {"query_length_s"}
        if config.distractors in ("real", "none"):
            unread.add("n_queries")  # otherwise as many judge the generator
        for name in sorted(changed & unread):
            logger.warning("recipe.%s has no effect with a protocol", name)
    unused = [name for name in fields if getattr(config, name) != getattr(default, name)]
    indexes = set(map(index_base, config.indexes))
    unused += [f"index_options.{name}" for name in config.index_options if name not in indexes]
    for name in unused:
        logger.warning("%s has no effect in this run", name)


def refuse_fits(config: RunConfig) -> None:
    """Refuse several fits where nothing is fitted.

    Raises:
        FpbenchError: There are no synthetic distractors, or their generator is fitted already.
    """
    if config.fits == 1:
        return
    if config.distractors not in ("synthetic", "both"):
        raise FpbenchError(
            f"{config.fits} fits are wanted, but distractors are {config.distractors}",
            hint="use --distractors both, or leave --fits out",
        )
    if config.generator_weights is not None:
        raise FpbenchError(
            f"{config.fits} fits are wanted, but generator '{config.generator_weights}' is fitted "
            "already",
            hint="leave out --generator-weights or --fits",
        )


def refuse_long_queries(config: RunConfig, dataset: Dataset, store: Store) -> None:
    """Refuse queries that are longer than every track of the reference.

    Raises:
        FpbenchError: They are.
    """
    length_s = config.recipe.query_length_s
    longest_s = float(durations_s(dataset.reference).max(initial=0.0))
    if 0 < longest_s < length_s and dataset.pending is None:
        # A header may give less than a file holds.
        surveys = survey_recordings(store, dataset.reference, lambda _done, _words: None)
        longest_s = float(decoded_durations_s(surveys, dataset.reference).max(initial=0.0))
    # If no track can be read, fingerprinting says why. The millisecond allows for rounding.
    if 0 < longest_s < length_s - 1e-3:
        raise FpbenchError(
            f"no reference track is as long as a query, {length_s:g} s",
            hint="use shorter queries or longer recordings",
        )


def require_runs(segments: int, named: NamedIndex) -> None:
    """Check that queries of several fingerprints can be compared with runs of as many.

    Raises:
        FpbenchError: The index grows, and has no runs.
    """
    if segments > 1 and named.index.kind == "growing":
        raise FpbenchError(
            f"index '{named.name}' cannot search queries of {segments} fingerprints, because it "
            "does not search block by block",
            hint="use --index exact or --index ivfpq, or ask for queries of one segment with "
            "--query-length or --query-lengths",
        )
