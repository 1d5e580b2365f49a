"""Estimate the time, memory and disk space that a run needs, before it starts."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tabulate import tabulate

from fpbench.audio.survey import Surveys, decoded_durations_s
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.evidence.block_edges import search_edges
from fpbench.machine import available_memory_bytes
from fpbench.progress_display import hide_progress
from fpbench.results.document import DEFAULT_SIZES
from fpbench.results.fields import DistractorKind
from fpbench.results.lengths import QueryLength
from fpbench.runs.choice import estimate_distractors
from fpbench.runs.extrapolation import extrapolation_needs
from fpbench.runs.inputs import AudioSource
from fpbench.runs.named_generator import NamedGenerator
from fpbench.runs.needs import Need, for_fits
from fpbench.runs.planning.fidelity_needs import fidelity_needs
from fpbench.runs.planning.fingerprinting_needs import fingerprinting_needs, survey_cheaply
from fpbench.runs.planning.finished_work import FinishedWork, find_finished
from fpbench.runs.planning.generator_needs import generator_needs
from fpbench.runs.planning.planned_parts import PlannedPart, cut_part, refuse_many
from fpbench.runs.planning.result_size import warn_of_large_result
from fpbench.runs.planning.search_needs import index_need
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.protocols.needs import (
    asked_rows,
    judged_lengths,
    keeping_needs,
    searched_rows,
)
from fpbench.runs.shards.search_shards import shard_folder
from fpbench.search.engines.shards import Shard
from fpbench.units import short_bytes, short_time

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
    n_queries, n_reference = _count_rows(prepared, surveys)
    n_real = estimate_distractors(source, prepared.info.hop_s, surveys)
    elsewhere = () if out is None else (Store(shard_folder(out)),)
    finished = _find_finished(prepared, needs, elsewhere)
    sizes = _list_sizes(prepared, n_real)
    parts = _cut_parts(prepared, n_reference, sizes, shard)
    passes = {kind: _count_passes(prepared, kind, sizes[kind]) for kind in parts}
    drawing: list[Need] = []
    if prepared.generator is not None:
        fit, drawing = _synthetic_needs(
            prepared,
            prepared.generator,
            parts["synthetic"],
            finished,
            n_queries=n_queries,
            n_real=n_real,
            passes=passes["synthetic"],
        )
        needs += fit
        if drawing and shard is None:
            needs += fidelity_needs(config, n_real, prepared.info, _judged_lengths(prepared))
    preparing = len(needs)
    needs += drawing
    needs += _searching_needs(prepared, parts, passes, finished, n_queries=n_queries, shard=shard)
    if "real" in prepared.indexes and config.distractors != "none" and shard is None:
        needs += _extrapolation_needs(prepared, n_queries)
    if shard is None:
        warn_of_large_result(prepared, n_real)
    return Plan(needs, preparing)


def _count_rows(prepared: PreparedRun, surveys: Surveys) -> tuple[int, int]:
    """Queries, or fingerprints of them with a protocol, and fingerprints of the reference."""
    config, source, info = prepared.config, prepared.source, prepared.info
    if isinstance(source, AudioSource):
        reference_s = float(decoded_durations_s(surveys, source.dataset.reference).sum())
        n_reference = int(reference_s / info.hop_s)
        n_queries, rows = config.recipe.n_queries, n_reference
    else:
        n_reference, rows = len(source.vectors.reference), len(source.vectors.query)
        n_queries = min(config.recipe.n_queries, rows)
    if config.protocol is not None:
        n_queries = asked_rows(config, rows, segment_s=info.segment_s, hop_s=info.hop_s)
    return n_queries, n_reference


def _list_sizes(prepared: PreparedRun, n_real: int) -> Mapping[DistractorKind, Sequence[int]]:
    """Numbers of distractors in the databases of each kind."""
    config = prepared.config
    if config.distractors == "none":
        return {"real": (), "synthetic": ()}
    sizes = config.sizes or ((n_real or 1,) if config.protocol else DEFAULT_SIZES)
    largest = min(n_real, sizes[-1])
    real = [*(size for size in sizes if size < largest), *([largest] if largest else [])]
    return {"real": real, "synthetic": config.sizes or DEFAULT_SIZES}


def _cut_parts(
    prepared: PreparedRun,
    n_reference: int,
    sizes: Mapping[DistractorKind, Sequence[int]],
    shard: Shard | None,
) -> dict[DistractorKind, PlannedPart]:
    """What is searched of the largest database of each kind.

    Raises:
        FpbenchError: There are more shards than blocks.
    """
    beyond = bool(prepared.config.beyond)
    parts: dict[DistractorKind, PlannedPart] = {}
    for kind, indexes in prepared.indexes.items():
        edges = search_edges(sizes[kind], beyond=beyond) if sizes[kind] else [0]
        parts[kind] = cut_part(n_reference, edges, indexes, shard)
    if shard is not None:
        refuse_many(shard, max(part.of_blocks for part in parts.values()))
    return parts


def _count_passes(prepared: PreparedRun, kind: DistractorKind, sizes: Sequence[int]) -> float:
    """How often a protocol searches as many distractors as its largest database has."""
    if prepared.config.protocol is None or not sizes:
        return 1.0
    return searched_rows(prepared.config, prepared.indexes[kind], kind, sizes) / sizes[-1]


def _synthetic_needs(
    prepared: PreparedRun,
    generator: NamedGenerator,
    part: PlannedPart,
    finished: FinishedWork,
    *,
    n_queries: int,
    n_real: int,
    passes: float,
) -> tuple[list[Need], list[Need]]:
    """Needs of the fit, and of what draws for the search and is kept of it."""
    config = prepared.config
    # Rows that a protocol ranks are drawn once more.
    draws = passes * (1 if config.protocol is None else 2)
    drawn = replace(part, rows=round(draws * part.rows))
    fit, drawing = generator_needs(prepared, generator, drawn, n_real, finished)
    return fit, [*drawing, *keeping_needs(config, n_queries, part.rows, prepared.info.dim)]


def _searching_needs(
    prepared: PreparedRun,
    parts: Mapping[DistractorKind, PlannedPart],
    passes: Mapping[DistractorKind, float],
    finished: FinishedWork,
    *,
    n_queries: int,
    shard: Shard | None,
) -> Iterator[Need]:
    """Needs of all searches: by length of the queries, then kind of distractors, then index."""
    fits = prepared.config.fits
    for length in prepared.source.lengths:
        for kind, indexes in prepared.indexes.items():
            for named in indexes:
                if named.index.kind == "growing" and shard is not None:
                    continue
                need = index_need(
                    prepared, named, kind, parts[kind], length=length, n_queries=n_queries
                )
                done = (kind, named.name, length.segments) in finished.searches
                need = replace(need, seconds=0.0 if done else passes[kind] * need.seconds)
                yield for_fits(need, fits) if kind == "synthetic" else need


def _judged_lengths(prepared: PreparedRun) -> Sequence[QueryLength]:
    """Lengths of the queries that judge the generator."""
    config, info, named = prepared.config, prepared.info, prepared.generator
    if config.protocol is None:
        return prepared.source.lengths
    tracks = named is not None and named.draws_tracks
    return judged_lengths(config, draws_tracks=tracks, segment_s=info.segment_s, hop_s=info.hop_s)


def _extrapolation_needs(prepared: PreparedRun, n_queries: int) -> list[Need]:
    """Needs of extrapolated curves among real distractors, for each length of the queries."""
    of_kind = ", real" if len(prepared.indexes) > 1 else ""
    lengths = prepared.source.lengths
    return [
        replace(
            need,
            stage=need.stage + of_kind + (f", {length.length_s:g} s" if len(lengths) > 1 else ""),
        )
        for length in lengths
        for need in extrapolation_needs(prepared.config, n_queries)
    ]


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


def refuse_what_cannot_fit(plan: Plan, store: Store, out: Path) -> None:
    """Refuse a run that would fill the disk or run out of memory after hours of work.

    Files in the cache may already belong to this run, so their size is subtracted from its need.

    Raises:
        FpbenchError: Memory or disk space is too small; the hint says how to need less.
    """
    available = available_memory_bytes()
    if plan.memory_bytes > available:
        raise FpbenchError(
            f"the run needs {short_bytes(plan.memory_bytes)} of memory; "
            f"{short_bytes(available)} are free",
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
                f"the run needs {short_bytes(need)} on disk; {where} has {short_bytes(free)} free",
                hint=f"use fewer --queries or smaller --sizes, or put {option} on a larger disk",
            )


def _nearest_existing(folder: Path) -> Path:
    folder = folder.resolve()
    while not os.path.exists(folder):  # noqa: PTH110 - pathlib raises for what may not be read
        folder = folder.parent
    return folder


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"
