"""The parts of a run for another fit of its generator."""

from dataclasses import replace

from fpbench.randomness import Stream, rng_at
from fpbench.runs.loaded_indexes import index_options, load_index
from fpbench.runs.prepare import PreparedRun

_FITS = 5  # address in Stream.GENERATOR_FIT; flows use 0 to 3, the order of tracks 4


def prepare_fit(prepared: PreparedRun, fit: int) -> PreparedRun:
    """The run with another seed for its generator: other halves of the tracks, fit and draws.

    Queries and real distractors stay those of the run.

    Args:
        prepared: The run.
        fit: Number of the fit; 1 is the run itself.
    """
    if fit == 1 or prepared.generator is None:
        return prepared
    seed = int(rng_at(prepared.config.seed, Stream.GENERATOR_FIT, _FITS, fit).integers(1 << 62))
    named = prepared.generator
    settings = replace(named.settings, seed=seed)
    config = replace(prepared.config, seed=seed)
    # One that grows can be filled only once, and one that was trained keeps what it has learnt.
    indexes = [
        load_index(name, index_options(config, name), prepared.catalog, settings)
        for name in config.indexes
    ]
    return replace(
        prepared,
        config=config,
        generator=replace(named, settings=settings),
        indexes={"synthetic": indexes},
    )
