"""A run with new indexes, because one that was used keeps what it has learnt."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fpbench.plugin.entries import Settings
from fpbench.runs.loaded_indexes import load_indexes
from fpbench.runs.prepare import PreparedRun
from fpbench.search.inputs import Inputs


def with_empty_indexes(prepared: PreparedRun, names: Sequence[str]) -> PreparedRun:
    """The run with some of its indexes, new and empty: one that grows can be filled only once."""
    settings = Settings(
        device=prepared.config.device,
        dtype=prepared.config.dtype,
        seed=prepared.config.seed,
        cache_dir=prepared.store.root,
        channel=prepared.config.channel,
    )
    config = replace(prepared.config, indexes=tuple(names))
    config, indexes = load_indexes(config, list(prepared.indexes), prepared.catalog, settings)
    return replace(prepared, config=config, indexes=indexes)


def runs_by_length(prepared: PreparedRun, inputs: Inputs) -> Iterator[tuple[PreparedRun, Inputs]]:
    """The run and its inputs for each length of the queries, ascending, with indexes of its own."""
    if not inputs.shorter:
        yield prepared, inputs
        return
    for of_length in inputs.by_length():
        yield with_empty_indexes(prepared, prepared.config.indexes), of_length
