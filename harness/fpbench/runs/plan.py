"""Estimate the time, memory and disk space that a run needs, before it starts."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tabulate import tabulate

from fpbench.audio.survey import Surveys, decoded_durations_s
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.evidence.block_edges import LONGEST_BLOCK, search_edges
from fpbench.machine import arithmetic_threads, available_memory_bytes
from fpbench.plugin.blame import blame
from fpbench.progress_display import hide_progress
from fpbench.results.document import DEFAULT_SIZES
from fpbench.results.fields import DistractorKind
from fpbench.runs.beyond import beyond_needs, has_noise
from fpbench.runs.choice import estimate_distractors
from fpbench.runs.extrapolated import extrapolation_needs
from fpbench.runs.fingerprinting_needs import fingerprinting_needs, survey_cheaply
from fpbench.runs.finished_work import FinishedWork, find_finished
from fpbench.runs.inputs import AudioSource
from fpbench.runs.named_generator import NamedGenerator
from fpbench.runs.needs import Need
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.trials import draw_seconds, product_rate
from fpbench.search.distractors import CHUNK
from fpbench.search.tasks import SHORTLIST
from fpbench.units import count_label, short_size, short_time

_ENCODING_ROWS = 300_000.0  # rows encoded per second by IVF-PQ, two cores
_CODE_PAIRS = 2.5e8  # query-row pairs searched per second by an approximate index, two cores
_LIBRARIES_BYTES = 700_000_000  # memory of torch, faiss, scipy and matplotlib


@dataclass(frozen=True, slots=True)
class Plan:
    """The needs of all stages: the largest memory, and the sums of time and disk space."""

    needs: Sequence[Need]

    @property
    def memory_bytes(self) -> float:
        """Peak memory, including libraries."""
        return _LIBRARIES_BYTES + max(need.memory_bytes for need in self.needs)

    @property
    def disk_bytes(self) -> float:
        """Disk space in the cache at the end of the run."""
        return sum(need.disk_bytes for need in self.needs)

    @property
    def result_bytes(self) -> float:
        """Disk space beside the result."""
        return sum(need.disk_bytes for need in self.needs if need.in_result)

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


def make_plan(prepared: PreparedRun) -> Plan:
    """Estimate a run from short trials, what the cache holds, and the headers of audio files.

    The lengths of recordings are those that an earlier run decoded; else the headers give them.

    What is in the cache costs nothing; a fit or a search is looked up there if all fingerprints
    are.

    Times are right in their order of magnitude only: every approximate index is assumed to be as
    fast as IVF-PQ with the published settings.
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
    finished = _find_finished(prepared, needs)
    if prepared.generator is not None:
        needs += _generator_needs(prepared, prepared.generator, n_real, finished)
    sizes = config.sizes or ((n_real or 1,) if config.protocol else DEFAULT_SIZES)
    largest: Mapping[DistractorKind, int] = {"real": min(n_real, sizes[-1]), "synthetic": sizes[-1]}
    for kind, indexes in prepared.indexes.items():
        rows = 0 if config.distractors == "none" else largest[kind]
        below = [n for n in sizes if n < rows]
        edges = search_edges([*below, rows], beyond=bool(config.beyond)) if rows else [0]
        blocks = len(edges)
        for named in indexes:
            need = search_need(
                f"search {named.name}",
                n_queries,
                rows + n_reference,
                prepared.info.dim,
                blocks=blocks,
                segments=source.segments,
                exact=named.index.kind == "block" and named.index.exact,
                grown=named.index.kind == "growing",
            )
            done = (kind, named.name) in finished.searches
            need = replace(need, seconds=0.0) if done else need
            needs.append(_for_fits(need, config.fits) if kind == "synthetic" else need)
    if config.distractors in ("real", "both"):
        needs += extrapolation_needs(config, n_queries)
    return Plan(needs)


def _find_finished(prepared: PreparedRun, fingerprinting: Sequence[Need]) -> FinishedWork:
    """What the cache holds of the later stages, if no fingerprint is missing."""
    unknown = _is_fresh(prepared) or prepared.config.protocol is not None
    if unknown or any(need.seconds for need in fingerprinting):
        return FinishedWork()
    try:
        return find_finished(prepared, hide_progress)
    except FpbenchError:  # the run says what is wrong
        return FinishedWork()


def _is_fresh(prepared: PreparedRun) -> bool:
    return isinstance(prepared.source, AudioSource) and prepared.source.fresh


def _generator_needs(
    prepared: PreparedRun, named: NamedGenerator, n_real: int, finished: FinishedWork
) -> list[Need]:
    """Needs of drawing, and of fitting to half of the real distractors, unless already done."""
    dim = prepared.info.dim
    indexes = [one.index for one in prepared.indexes["synthetic"]]
    # One pass serves all indexes that search block by block; each growing index needs its own.
    growing = sum(index.kind == "growing" for index in indexes)
    passes = growing + (growing < len(indexes))
    draws = (prepared.config.sizes or DEFAULT_SIZES)[-1] * passes
    draws += sum(index.training_rows for index in indexes)
    needs = []
    generator = named.generator
    searched = all(
        ("synthetic", one.name) in finished.searches for one in prepared.indexes["synthetic"]
    )
    beyond = bool(prepared.config.beyond)
    if searched and (finished.simulated or not beyond):
        return []
    if generator is None:
        with blame(named.offer.source.plugin, "estimating the needs of a fit"):
            need = named.method.need(n_real // 2, dim)
        generator = need.stand_in
        needs.append(
            Need(
                stage=f"fit {named.name}",
                work=f"{short_size(n_real // 2)} fingerprints",
                seconds=0.0 if finished.fitted else need.fit_seconds,
                memory_bytes=need.fit_memory_bytes,
                disk_bytes=0.0,
            )
        )
    of_one = draw_seconds(generator, prepared.config.generator or named.name)
    tail = (
        beyond_needs(prepared.config, of_one, simulated=finished.simulated)
        if has_noise(generator)
        else extrapolation_needs(prepared.config, prepared.config.recipe.n_queries)
    )
    if searched:
        return [*needs, *tail]
    draw = Need(
        stage=f"draw {named.name}",
        work=f"{short_size(draws)} fingerprints",
        seconds=draws * of_one,
        memory_bytes=4.0 * dim * CHUNK,
        # With several indexes a block is kept on disk, and each index reads it from there.
        disk_bytes=4.0 * dim * min(draws, LONGEST_BLOCK) if len(indexes) > 1 else 0.0,
    )
    return [_for_fits(need, prepared.config.fits) for need in (*needs, draw, *tail)]


def _for_fits(need: Need, fits: int) -> Need:
    """A need of one fit of the generator, for all of them, one after the other."""
    if fits == 1:
        return need
    return replace(
        need,
        work=f"{fits} fits, each {need.work}",
        seconds=fits * need.seconds,
        disk_bytes=fits * need.disk_bytes,
    )


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
    """
    threads = arithmetic_threads()
    pairs = float(n_queries) * rows * segments
    candidates = float(blocks) * n_queries * SHORTLIST * (1 if exact else segments)
    if exact:
        seconds = 2 * dim * pairs / product_rate(n_queries, dim * segments)
    else:
        seconds = (pairs / _CODE_PAIRS + rows * segments / _ENCODING_ROWS) * 2 / threads
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
