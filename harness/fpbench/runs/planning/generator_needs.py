"""Estimate what fitting a generator and drawing from it need."""

from dataclasses import replace

from fpbench.evidence.block_edges import LONGEST_BLOCK
from fpbench.plugin.blame import blame
from fpbench.plugin.generators import FingerprintGenerator
from fpbench.results.lengths import QueryLength
from fpbench.runs.beyond import beyond_needs, can_simulate
from fpbench.runs.extrapolation import extrapolation_needs
from fpbench.runs.named_generator import NamedGenerator
from fpbench.runs.needs import Need, for_fits
from fpbench.runs.planning.finished_work import FinishedWork
from fpbench.runs.planning.planned_parts import PlannedPart
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.trials import draw_seconds
from fpbench.search.distractors import CHUNK
from fpbench.search.named_indexes import names_that_fill
from fpbench.units import short_size


def _unsearched(prepared: PreparedRun, finished: FinishedWork) -> list[QueryLength]:
    """The lengths of queries for which synthetic distractors are still to be drawn."""
    return [
        length
        for length in prepared.source.lengths
        if not all(
            ("synthetic", one.name, length.segments) in finished.searches
            for one in prepared.indexes["synthetic"]
        )
    ]


def generator_needs(
    prepared: PreparedRun,
    named: NamedGenerator,
    part: PlannedPart,
    n_real: int,
    finished: FinishedWork,
) -> tuple[list[Need], list[Need]]:
    """Needs of fitting to half of the real distractors, and of drawing, unless already done.

    Args:
        prepared: The run.
        named: Its generator, fitted or not.
        part: What is drawn for the search.
        n_real: Number of real distractors.
        finished: What the cache holds.

    Returns:
        Those of the fit, and those of drawing and simulation.

    Raises:
        FpbenchError: The plugin fails to estimate a fit.
    """
    if not _unsearched(prepared, finished) and (finished.simulated or not prepared.config.beyond):
        return [], []
    if named.generator is not None:
        return [], _drawing_needs(prepared, named.generator, part, finished)
    with blame(named.offer.source.plugin, "estimating the needs of a fit"):
        need = named.method.need(n_real // 2, prepared.info.dim)
    fit = Need(
        stage=f"fit {named.name}",
        work=f"{short_size(n_real // 2)} fingerprints",
        seconds=0.0 if finished.fitted else need.fit_seconds,
        memory_bytes=need.fit_memory_bytes,
        disk_bytes=0.0,
    )
    drawing = _drawing_needs(prepared, need.stand_in, part, finished)
    return [for_fits(fit, prepared.config.fits)], drawing


def _drawing_needs(
    prepared: PreparedRun,
    generator: FingerprintGenerator,
    part: PlannedPart,
    finished: FinishedWork,
) -> list[Need]:
    """Needs of drawing, and of the sizes beyond the searched ones, unless this is a shard."""
    dim, name = prepared.info.dim, prepared.config.generator
    tail: list[Need] = []
    if part.shard is None:
        tail = _tail_needs(prepared, generator, finished)
    lengths = _unsearched(prepared, finished)
    if not lengths:
        return [for_fits(need, prepared.config.fits) for need in tail]
    named = prepared.indexes["synthetic"]
    filling = names_that_fill(named)
    indexes = [one.index for one in named if one.name in filling]
    # One pass serves all indexes that search block by block; each growing index needs its own.
    growing = sum(index.kind == "growing" for index in indexes)
    passes = (growing if part.shard is None else 0) + (growing < len(indexes))
    draws = part.rows * passes + sum(index.training_rows for index in indexes)
    longest = lengths[-1].segments
    draw = Need(
        stage=f"draw {name}",
        work=f"{short_size(draws * len(lengths))} fingerprints",
        seconds=sum(draws * draw_seconds(generator, str(name), one.segments) for one in lengths),
        memory_bytes=4.0 * dim * longest * CHUNK,
        # With several indexes a block is kept on disk, and each index reads it from there.
        disk_bytes=4.0 * dim * longest * min(draws, LONGEST_BLOCK) if len(indexes) > 1 else 0.0,
    )
    return [for_fits(need, prepared.config.fits) for need in (draw, *tail)]


def _tail_needs(
    prepared: PreparedRun, generator: FingerprintGenerator, finished: FinishedWork
) -> list[Need]:
    """Needs of the sizes beyond the searched ones: simulated, or extrapolated for long queries."""
    config, lengths = prepared.config, prepared.source.lengths
    needs: list[Need] = []
    for length in lengths:
        suffix = f", {length.length_s:g} s" if len(lengths) > 1 else ""
        if can_simulate(generator, length.segments):
            of_one = draw_seconds(generator, str(config.generator), length.segments)
            found = beyond_needs(
                config,
                of_one,
                segments=length.segments,
                tracks_of=generator if length.segments > 1 else None,
                simulated=finished.simulated,
            )
        else:
            found = extrapolation_needs(config, config.recipe.n_queries)
            suffix = (", synthetic" if len(prepared.indexes) > 1 else "") + suffix
        needs += [replace(need, stage=need.stage + suffix) for need in found]
    return needs
