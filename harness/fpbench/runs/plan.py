"""What a run will need, said before it starts."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from fpbench.audio.reading import durations_s
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.evidence.hit_rates import DEFAULT_SIZES
from fpbench.plugin.blame import blame
from fpbench.results.document import DistractorKind
from fpbench.runs.config import RunConfig
from fpbench.runs.generator import NamedGenerator
from fpbench.runs.inputs import AudioSource
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.trials import draw_seconds, fingerprinting_rate, product_rate
from fpbench.search.distractors import CHUNK, LONGEST_BLOCK, block_edges
from fpbench.search.tasks import SHORTLIST
from fpbench.units import short_hours, short_size, short_time

_DECODING_RATE = 1500.0  # seconds of ogg read and resampled in a second, two threads
_ENCODING_ROWS = 300_000.0  # rows a second into IVF-PQ codes, two cores
_CODE_PAIRS = 2.5e8  # query-row pairs a second that an approximate index gets through, two cores
_LIBRARIES_BYTES = 700_000_000  # torch, faiss, scipy and matplotlib loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One stage's work and what it takes."""

    stage: str
    work: str
    seconds: float
    memory_bytes: float
    disk_bytes: float
    in_result: bool = False
    """Whether what is on disk goes beside the result, too, as evidence."""

    @property
    def all_disk_bytes(self) -> float:
        """In the cache and beside the result."""
        return self.disk_bytes * (2 if self.in_result else 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """All stages. Memory is the largest of them, time and disk the sum."""

    needs: Sequence[Need]

    @property
    def memory_bytes(self) -> float:
        """At the peak, libraries included."""
        return _LIBRARIES_BYTES + max(need.memory_bytes for need in self.needs)

    @property
    def disk_bytes(self) -> float:
        """In the cache, when all is done."""
        return sum(need.disk_bytes for need in self.needs)

    @property
    def result_bytes(self) -> float:
        """Beside the result."""
        return sum(need.disk_bytes for need in self.needs if need.in_result)

    def table(self) -> str:
        """For people; the times are estimates from short trials on this machine."""
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
    """Estimate a run from headers of audio files and short trials, as if nothing were cached.

    The times are of the right order, not more: an approximate index is taken to run as fast as
    IVF-PQ with the published settings.
    """
    config, source = prepared.config, prepared.source
    needs: list[Need] = []
    if isinstance(source, AudioSource):
        needs += _fingerprinting_needs(source, config)
        n_queries = config.recipe.n_queries
        n_reference, n_real = (
            int(durations_s(tracks).sum() / prepared.info.hop_s)
            for tracks in (source.dataset.reference, source.dataset.distractors)
        )
    else:
        n_queries = min(config.recipe.n_queries, len(source.vectors.query))
        n_reference, n_real = len(source.vectors.reference), len(source.vectors.distractors)
    if prepared.generator is not None:
        needs += _generator_needs(prepared, prepared.generator, n_real)
    sizes = config.sizes or DEFAULT_SIZES
    largest: Mapping[DistractorKind, int] = {"real": min(n_real, sizes[-1]), "synthetic": sizes[-1]}
    for kind, indexes in prepared.indexes.items():
        rows = 0 if config.distractors == "none" else largest[kind]
        blocks = len(block_edges([n for n in sizes if n < rows] + [rows])) if rows else 1
        needs += [
            search_need(
                f"search {named.name}",
                n_queries,
                rows + n_reference,
                prepared.info.dim,
                blocks=blocks,
                segments=source.segments,
                exact=named.index.kind == "block" and named.index.exact,
                grown=named.index.kind == "growing",
            )
            for named in indexes
        ]
    return Plan(needs)


def _generator_needs(prepared: PreparedRun, named: NamedGenerator, n_real: int) -> list[Need]:
    """Fitting to half of the real distractors, if no fitted generator is given, and drawing."""
    dim = prepared.info.dim
    indexes = [one.index for one in prepared.indexes["synthetic"]]
    # Once for all indexes that work block by block, and again for each that grows.
    growing = sum(index.kind == "growing" for index in indexes)
    passes = growing + (growing < len(indexes))
    draws = (prepared.config.sizes or DEFAULT_SIZES)[-1] * passes
    draws += sum(index.training_rows for index in indexes)
    needs = []
    generator = named.given
    if generator is None:
        with blame(named.offer.source.plugin, "estimating what a fit takes"):
            need = named.method.need(n_real // 2, dim)
        generator = need.stand_in
        needs.append(
            Need(
                stage=f"fit {named.name}",
                work=f"{short_size(n_real // 2)} fingerprints",
                seconds=need.fit_seconds,
                memory_bytes=need.fit_memory_bytes,
                disk_bytes=0.0,
            )
        )
    draw = Need(
        stage=f"draw {named.name}",
        work=f"{short_size(draws)} fingerprints",
        seconds=draws * draw_seconds(generator, prepared.config.generator),
        memory_bytes=4.0 * dim * CHUNK,
        # Several indexes read a block from disk, one after the other.
        disk_bytes=4.0 * dim * min(draws, LONGEST_BLOCK) if len(indexes) > 1 else 0.0,
    )
    return [*needs, draw]


def _fingerprinting_needs(source: AudioSource, config: RunConfig) -> list[Need]:
    named, dataset, recipe = source.fingerprinter, source.dataset, source.recipe
    spec = named.fingerprinter.spec
    rate = fingerprinting_rate(named.fingerprinter, named.name)
    bytes_per_s = 2 * 4 * spec.dim / spec.hop_s  # by track, and once more as a set
    reference_s = float(durations_s(dataset.reference).sum())
    query_s = recipe.n_queries * recipe.query_length_s
    parts = [("reference", reference_s, reference_s), ("queries", query_s, reference_s + query_s)]
    if config.distractors != "none":
        distractors_s = float(durations_s(dataset.distractors).sum())
        parts.append(("distractors", distractors_s, distractors_s))
    return [
        Need(
            stage=f"fingerprint {title}",
            work=f"{short_hours(audio_s / 3600)} of audio",
            seconds=audio_s / rate + decoded_s / _DECODING_RATE,
            memory_bytes=200e6,
            disk_bytes=audio_s * bytes_per_s,
        )
        for title, audio_s, decoded_s in parts
    ]


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
    """Searching all blocks of one index.

    Args:
        stage: Its title.
        n_queries: Vectors searched with.
        rows: Of the largest database.
        dim: Of a vector.
        blocks: Each leaves a shortlist for every query.
        segments: Vectors in a query: exact search takes them as a long one, others look each up.
        exact: Whether every row is compared with every query in full.
        grown: Whether the index keeps every row in memory.
    """
    cores = os.cpu_count() or 1
    pairs = float(n_queries) * rows * segments
    candidates = float(blocks) * n_queries * SHORTLIST * (1 if exact else segments)
    if exact:
        seconds = 2 * dim * pairs / product_rate(n_queries, dim * segments)
    else:
        seconds = (pairs / _CODE_PAIRS + rows * segments / _ENCODING_ROWS) * 2 / cores
    return Need(
        stage=stage,
        work=f"{n_queries} queries × {short_size(rows)}",  # noqa: RUF001 - a product
        seconds=seconds,
        memory_bytes=500e6 + 28.0 * candidates + (4.5 * dim * rows if grown else 0),
        disk_bytes=12.0 * candidates,
        in_result=True,
    )


def refuse_what_cannot_fit(plan: Plan, store: Store, out: Path) -> None:
    """Stop before hours of work that would end in a full disk or an out-of-memory kill.

    What the cache holds already may be this very run's, so it counts as done.

    Raises:
        FpbenchError: Says what is missing and what would fit.
    """
    available = available_memory_bytes()
    if plan.memory_bytes > available:
        raise FpbenchError(
            f"the run needs {_size(plan.memory_bytes)} of memory; {_size(available)} are free",
            hint="smaller --sizes, or an index that works block by block: exact or ivfpq",
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
    for folder, where, cached, beside, option in places:
        free = shutil.disk_usage(folder).free
        needed = cached + beside
        if needed > free and max(cached - store.size_bytes(), 0.0) + beside > free:
            raise FpbenchError(
                f"the run needs {_size(needed)} on disk; {where} has {_size(free)} free",
                hint=f"fewer queries or smaller --sizes, or {option} on a larger disk",
            )


def available_memory_bytes() -> float:
    """What a new process can take without swapping; infinite where the system does not say."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return 1024.0 * int(fields["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return float("inf")


def _nearest_existing(folder: Path) -> Path:
    folder = folder.resolve()
    while not folder.exists():
        folder = folder.parent
    return folder


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"
