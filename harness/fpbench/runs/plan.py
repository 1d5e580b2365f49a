"""Estimate the time, memory and disk space that a run needs, before it starts."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from tabulate import tabulate

from fpbench.audio.survey import Surveys, decoded_durations_s
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.evidence.block_edges import LONGEST_BLOCK, search_edges
from fpbench.machine import arithmetic_threads, available_memory_bytes
from fpbench.plugin.blame import blame
from fpbench.plugin.generators import FingerprintGenerator
from fpbench.progress_display import hide_progress
from fpbench.results.document import DEFAULT_SIZES
from fpbench.results.fields import DistractorKind
from fpbench.runs.beyond import beyond_needs, can_simulate
from fpbench.runs.choice import estimate_distractors
from fpbench.runs.extrapolated import extrapolation_needs
from fpbench.runs.fidelity_needs import fidelity_needs
from fpbench.runs.fingerprinting_needs import fingerprinting_needs, survey_cheaply
from fpbench.runs.finished_work import FinishedWork, find_finished
from fpbench.runs.inputs import AudioSource
from fpbench.runs.named_generator import NamedGenerator
from fpbench.runs.needs import Need, for_fits
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.result_size import warn_of_large_result
from fpbench.runs.shards import shard_folder
from fpbench.runs.trials import draw_seconds, product_rate
from fpbench.search.distractors import CHUNK
from fpbench.search.engines.shards import Shard
from fpbench.search.named_indexes import NamedIndex, names_that_fill
from fpbench.search.tasks import SHORTLIST
from fpbench.units import count_label, short_size, short_time

_ENCODING_ROWS = 300_000.0  # rows encoded per second by IVF-PQ, two cores
_CODE_PAIRS = 2.5e8  # query-row pairs searched per second by an approximate index, two cores
_LIBRARIES_BYTES = 700_000_000  # memory of torch, faiss, scipy and matplotlib


@dataclass(frozen=True, slots=True)
class Plan:
    """The needs of all stages: the largest memory, and the sums of time and disk space.

    Args:
        needs: Of the stages, in their order.
        preparing: How many of them precede the search.
    """

    needs: Sequence[Need]
    preparing: int = 0

    @property
    def memory_bytes(self) -> float:
        """Peak memory, including libraries."""
        return _LIBRARIES_BYTES + max((need.memory_bytes for need in self.needs), default=0.0)

    @property
    def disk_bytes(self) -> float:
        """Disk space in the cache at the end of the run."""
        return sum((need.disk_bytes for need in self.needs), 0.0)

    @property
    def result_bytes(self) -> float:
        """Disk space beside the result."""
        return sum((need.disk_bytes for need in self.needs if need.in_result), 0.0)

    def preparation(self) -> "Plan":
        """The part that precedes the search, which all shards have in common."""
        return Plan(self.needs[: self.preparing], self.preparing)

    def search(self) -> "Plan":
        """The part that follows it."""
        return Plan(self.needs[self.preparing :])

    def table(self) -> str:
        """A table for the terminal; times are estimates from short trials on this machine."""
        rows = [
            (n.stage, n.work, short_time(n.seconds), _size(n.memory_bytes), _size(n.all_disk_bytes))
            for n in self.needs
        ]
        total = sum(need.seconds for need in self.needs)
        disk_bytes = sum(need.all_disk_bytes for need in self.needs)
        rows.append(("all", "", short_time(total), _size(self.memory_bytes), _size(disk_bytes)))
        headers = ("stage", "work", "about", "memory", "disk")
        return tabulate(rows, headers=headers, colalign=("left", "left", "right", "right", "right"))


def make_plan(
    prepared: PreparedRun, shard: Shard | None = None, *, out: Path | None = None
) -> Plan:
    """Estimate a run from short trials, what the cache holds, and the headers of audio files.

    The lengths of recordings are those that an earlier run decoded; else the headers give them.

    What is in the cache costs nothing; a fit or a search is looked up there if all fingerprints
    are.

    Times are right in their order of magnitude only: every approximate index is assumed to be as
    fast as IVF-PQ with the published settings.

    Args:
        prepared: The run.
        shard: The part of the blocks that is searched; None means all, and what follows the search.
        out: Path of the result, whose shards count as done.

    Raises:
        FpbenchError: There are more shards than blocks.
    """
    config, source = prepared.config, prepared.source
    needs: list[Need] = []
    surveys: Surveys = {}
    if isinstance(source, AudioSource):
        surveys = survey_cheaply(source, prepared.store)
        needs += fingerprinting_needs(source, prepared.store, surveys)
        n_queries = config.recipe.n_queries
        reference_s = float(decoded_durations_s(surveys, source.dataset.reference).sum())
        n_reference = int(reference_s / prepared.info.hop_s)
    else:
        n_queries = min(config.recipe.n_queries, len(source.vectors.query))
        n_reference = len(source.vectors.reference)
    n_real = estimate_distractors(source, prepared.info.hop_s, surveys)
    elsewhere = () if out is None else (Store(shard_folder(out)),)
    finished = _find_finished(prepared, needs, elsewhere)
    sizes = config.sizes or ((n_real or 1,) if config.protocol else DEFAULT_SIZES)
    largest: Mapping[DistractorKind, int] = {"real": min(n_real, sizes[-1]), "synthetic": sizes[-1]}
    parts: dict[DistractorKind, _Part] = {}
    for kind, indexes in prepared.indexes.items():
        rows = 0 if config.distractors == "none" else largest[kind]
        below = [n for n in sizes if n < rows]
        edges = search_edges([*below, rows], beyond=bool(config.beyond)) if rows else [0]
        parts[kind] = _cut_part(n_reference, edges, indexes, shard)
    if shard is not None:
        _refuse_many(shard, max(part.of_blocks for part in parts.values()))
    drawing: list[Need] = []
    if prepared.generator is not None:
        part = parts["synthetic"]
        fit, drawing = _generator_needs(prepared, prepared.generator, part, n_real, finished)
        needs += fit
        if drawing and shard is None:
            needs += fidelity_needs(config, n_real, prepared.info, prepared.source.segments)
    preparing = len(needs)
    needs += drawing
    for kind, indexes in prepared.indexes.items():
        part, filling = parts[kind], names_that_fill(indexes)
        for named in indexes:
            grown = named.index.kind == "growing"
            if grown and shard is not None:
                continue
            need = search_need(
                f"search {named.name}",
                n_queries,
                part.rows + part.references.get(named.name, 0),
                prepared.info.dim,
                blocks=part.blocks,
                segments=source.segments,
                exact=named.index.kind == "block" and named.index.exact,
                grown=grown,
                filled=named.name not in filling,
            )
            done = (kind, named.name) in finished.searches
            need = replace(need, seconds=0.0) if done else need
            needs.append(for_fits(need, config.fits) if kind == "synthetic" else need)
    if config.distractors in ("real", "both") and shard is None:
        needs += extrapolation_needs(config, n_queries)
    if shard is None:
        warn_of_large_result(prepared, n_real)
    return Plan(needs, preparing)


@dataclass(frozen=True, slots=True)
class _Part:
    """What is searched of one database.

    Args:
        rows: Distractors.
        blocks: Blocks of an index, of which the reference is one.
        of_blocks: All blocks of the database.
        references: Rows of the reference by index.
        shard: The part of the blocks; None means all.
    """

    rows: int
    blocks: int
    of_blocks: int
    references: Mapping[str, int]
    shard: Shard | None


def _cut_part(
    n_reference: int, edges: Sequence[int], indexes: Sequence[NamedIndex], shard: Shard | None
) -> _Part:
    """What a shard searches of a database; all of it without a shard."""
    lengths = [stop - start for start, stop in pairwise(edges)]
    if shard is None:
        references = {one.name: n_reference for one in indexes}
        return _Part(sum(lengths), len(edges), len(edges), references, None)
    # The blocks in the order of :func:`fpbench.search.tasks.search_blocks`.
    names = names_that_fill([one for one in indexes if one.index.kind == "block"])
    share = shard.share([*(n_reference for _ in names), *lengths])
    first = len(names)
    rows = sum(lengths[place - first] for place in share if place >= first)
    references = {names[place]: n_reference for place in share if place < first}
    return _Part(rows, len(share), first + len(lengths), references, shard)


def _refuse_many(shard: Shard, blocks: int) -> None:
    if shard.of > blocks:
        raise FpbenchError(
            f"the run has {blocks} blocks, which cannot be divided into {shard.of} shards",
            hint=f"use at most {blocks} shards, or larger --sizes",
        )


def _find_finished(
    prepared: PreparedRun, fingerprinting: Sequence[Need], elsewhere: Sequence[Store]
) -> FinishedWork:
    """What the cache and other folders hold of the later stages, if no fingerprint is missing."""
    unknown = _is_fresh(prepared) or prepared.config.protocol is not None
    if unknown or any(need.seconds for need in fingerprinting):
        return FinishedWork()
    try:
        return find_finished(prepared, hide_progress, elsewhere)
    except FpbenchError:  # the run says what is wrong
        return FinishedWork()


def _is_fresh(prepared: PreparedRun) -> bool:
    return isinstance(prepared.source, AudioSource) and prepared.source.fresh


def _is_searched(prepared: PreparedRun, finished: FinishedWork) -> bool:
    return all(
        ("synthetic", one.name) in finished.searches for one in prepared.indexes["synthetic"]
    )


def _generator_needs(
    prepared: PreparedRun,
    named: NamedGenerator,
    part: _Part,
    n_real: int,
    finished: FinishedWork,
) -> tuple[list[Need], list[Need]]:
    """Needs of fitting to half of the real distractors, and of drawing, unless already done."""
    if _is_searched(prepared, finished) and (finished.simulated or not prepared.config.beyond):
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
    prepared: PreparedRun, generator: FingerprintGenerator, part: _Part, finished: FinishedWork
) -> list[Need]:
    """Needs of drawing, and of the sizes beyond the searched ones, unless this is a shard."""
    dim, name = prepared.info.dim, prepared.config.generator
    segments = prepared.source.segments
    of_one = draw_seconds(generator, str(name), segments)
    tail: list[Need] = []
    if part.shard is None:
        tail = (
            beyond_needs(
                prepared.config,
                of_one,
                tracks_of=generator if segments > 1 else None,
                segments=segments,
                simulated=finished.simulated,
            )
            if can_simulate(generator, segments)
            else extrapolation_needs(prepared.config, prepared.config.recipe.n_queries)
        )
    if _is_searched(prepared, finished):
        return tail
    named = prepared.indexes["synthetic"]
    filling = names_that_fill(named)
    indexes = [one.index for one in named if one.name in filling]
    # One pass serves all indexes that search block by block; each growing index needs its own.
    growing = sum(index.kind == "growing" for index in indexes)
    passes = (growing if part.shard is None else 0) + (growing < len(indexes))
    draws = part.rows * passes + sum(index.training_rows for index in indexes)
    draw = Need(
        stage=f"draw {name}",
        work=f"{short_size(draws)} fingerprints",
        seconds=draws * of_one,
        memory_bytes=4.0 * dim * segments * CHUNK,
        # With several indexes a block is kept on disk, and each index reads it from there.
        disk_bytes=4.0 * dim * segments * min(draws, LONGEST_BLOCK) if len(indexes) > 1 else 0.0,
    )
    return [for_fits(need, prepared.config.fits) for need in (draw, *tail)]


def search_need(
    stage: str,
    n_queries: int,
    rows: int,
    dim: int,
    *,
    blocks: int,
    segments: int = 1,
    exact: bool,
    grown: bool,
    filled: bool = False,
) -> Need:
    """Needs of the search with one index.

    Args:
        stage: Title of the stage.
        n_queries: Number of queries.
        rows: Rows of the largest database.
        dim: Dimensions of a fingerprint.
        blocks: Number of blocks; for each, a shortlist is kept per query.
        segments: Fingerprints in a query. Exact search takes them as one long vector, other indexes
            search each fingerprint.
        exact: Whether the index computes the inner product of every query with every row.
        grown: Whether the index keeps every row in memory.
        filled: Whether another setting of the index fills it.
    """
    threads = arithmetic_threads()
    pairs = float(n_queries) * rows * segments
    candidates = float(blocks) * n_queries * SHORTLIST * (1 if exact else segments)
    if exact:
        seconds = 2 * dim * pairs / product_rate(n_queries, dim * segments)
    else:
        encoded = 0 if filled else rows * segments
        seconds = (pairs / _CODE_PAIRS + encoded / _ENCODING_ROWS) * 2 / threads
    return Need(
        stage=stage,
        work=f"{count_label(n_queries, 'query', 'queries')} × {short_size(rows)}",  # noqa: RUF001 - a product
        seconds=seconds,
        memory_bytes=500e6 + 28.0 * candidates + (4.5 * dim * rows if grown else 0),
        disk_bytes=12.0 * candidates,
        in_result=True,
    )


def refuse_what_cannot_fit(plan: Plan, store: Store, out: Path) -> None:
    """Refuse a run that would fill the disk or run out of memory after hours of work.

    Files in the cache may already belong to this run, so their size is subtracted from its need.

    Raises:
        FpbenchError: Memory or disk space is too small; the hint says how to need less.
    """
    available = available_memory_bytes()
    if plan.memory_bytes > available:
        raise FpbenchError(
            f"the run needs {_size(plan.memory_bytes)} of memory; {_size(available)} are free",
            hint="use smaller --sizes, or an index that searches block by block: exact or ivfpq",
        )
    cache, result = _nearest_existing(store.root), _nearest_existing(out.parent)
    if cache.stat().st_dev == result.stat().st_dev:
        where = f"the disk of {store.root} and {out.parent}"
        places = [(cache, where, plan.disk_bytes, plan.result_bytes, "--cache or --out")]
    else:
        places = [
            (cache, str(store.root), plan.disk_bytes, 0.0, "--cache"),
            (result, str(out.parent), 0.0, plan.result_bytes, "--out"),
        ]
    for folder, where, cache_bytes, result_bytes, option in places:
        free = shutil.disk_usage(folder).free
        need = cache_bytes + result_bytes
        if need > free and max(cache_bytes - store.size_bytes(), 0.0) + result_bytes > free:
            raise FpbenchError(
                f"the run needs {_size(need)} on disk; {where} has {_size(free)} free",
                hint=f"use fewer --queries or smaller --sizes, or put {option} on a larger disk",
            )


def _nearest_existing(folder: Path) -> Path:
    folder = folder.resolve()
    while not os.path.exists(folder):  # noqa: PTH110 - pathlib raises for what may not be read
        folder = folder.parent
    return folder


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"
